"""Reads a definition file so that every complaint can name its line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

type_path = tuple[str | int, ...]
_AMBIGUOUS = frozenset({"yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True)
class Finding:
    """What is wrong in a definition: where, what, and what to do about it."""

    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} {self.remedy}"


class PathwayError(Exception):
    """The definition cannot be used."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


@dataclass
class Source:
    """A file's content, and the line of each part of it by its path (`stages`, 0, `tasks`, 1, `due`)."""

    file: Path
    data: object = None
    lines: dict[type_path, int] = field(default_factory=lambda: dict[type_path, int]())
    findings: list[Finding] = field(default_factory=lambda: list[Finding]())

    def line(self, path: type_path) -> int:
        """The line of a part, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def finding(self, path: type_path, message: str, remedy: str) -> Finding:
        return Finding(self.file.name, self.line(path), message, remedy)


def read(file: Path) -> Source:
    """Reads one file; what YAML itself cannot say plainly (duplicate keys, bare yes and no) becomes a finding."""
    source = Source(file)
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader)
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = int(mark.line) + 1 if mark else 1
        source.findings.append(Finding(file.name, line, *_not_yaml(str(getattr(wrong, "problem", None) or ""))))
        return source
    except UnicodeDecodeError:
        source.findings.append(Finding(file.name, 1, "The file is not UTF-8.", "Save it as UTF-8."))
        return source
    if node is not None:
        source.data = _value(node, (), source)
    return source


def _not_yaml(problem: str) -> tuple[str, str]:
    """The parser's own reason, and what it mostly comes from."""
    remedies = {
        "'\\t'": "Indent with spaces, not with tabs.",
        "mapping values": "Put a text that holds ': ' in quotes, or check how this line is indented.",
        "expected <block end>": "Indent this line as its neighbours are.",
        "could not find expected ':'": "Write 'key: value', and check how this line is indented.",
    }
    remedy = next((remedy for sign, remedy in remedies.items() if sign in problem), "Check quotes and brackets here.")
    return f"This is not YAML: {problem or 'it cannot be read'}.", remedy


def _value(node: yaml.Node, path: type_path, source: Source) -> object:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(node, path, source))
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*path, n), source) for n, one in enumerate(node.value)]
    return _scalar(node, path, source)


def _pairs(node: yaml.MappingNode, path: type_path, source: Source) -> Iterator[tuple[str, object]]:
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value)
        source.lines[(*path, name)] = key.start_mark.line + 1
        if name in seen:
            source.findings.append(source.finding((*path, name), f"'{name}' stands twice.", "Keep one of them."))
        if key.style is None and name.lower() in _AMBIGUOUS:
            source.findings.append(
                source.finding((*path, name), f"'{name}' is read as true or false by some.", "Use another word.")
            )
        seen.add(name)
        yield name, _value(value, (*path, name), source)


def _scalar(node: yaml.Node, path: type_path, source: Source) -> object:
    text = str(node.value)
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return text
    if text.lower() in _AMBIGUOUS:
        source.findings.append(
            source.finding(path, f"'{text}' is read as true or false by some.", f'Write "{text}" in quotes.')
        )
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "int" if text.isdecimal():
            return int(text)
        case "bool" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case _:
            return text
