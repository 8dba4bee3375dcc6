"""What no file may say. Each rule takes a tree (path → text) and names what breaks it."""

import io
import re
import tokenize
import unicodedata
from collections.abc import Callable, Mapping

import pytest

Tree = Mapping[str, str]
Rule = Callable[[Tree], list[str]]

# One letter of each word stands in brackets, so that this file keeps its own rules.
HOSTS = re.compile(r"py[p]i\.org|python[h]osted\.org|registry\.np[m]js|np[m]js\.org|deb\.debia[n]\.org")
MACHINE = re.compile(r"(?<![\w.\-/}\])])/(?:(?:wor[k]|tm[p]|roo[t])\b|(?:hom[e]|User[s])/\w)")
MUNICIPALITY = re.compile(r"bengt[s]fors|troll[h]attan|gote[b]org|gothen[b]urg|(?<![a-z])(?:um[e]a|ler[u]m)")

SUPPRESSION = re.compile(
    r"#\s*(?:(?:based)?pyright:|type:\s*ignore|(?:ruff:\s*|flake8:\s*)?noqa)"
    r"(?:\s*(?:ignore\b|:\s*(?=[A-Z])))?"
    r"(?P<rules>\s*\[[^\]]*\]|\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?"
    r"(?P<reason>.*)"
)


def package_hosts(tree: Tree) -> list[str]:
    """Packages come from the index that the machine is set up for; no file names one."""
    return _lines(tree, HOSTS)


def machine_paths(tree: Tree) -> list[str]:
    """No file knows the folders of one machine."""
    return _lines(tree, MACHINE)


def municipalities(tree: Tree) -> list[str]:
    """Services and the kit know no municipality; areas, parties and examples do."""
    sources = {path: text for path, text in tree.items() if path.startswith(("services/", "shared/src/"))}
    named = [path for path in sources if MUNICIPALITY.search(_plain(path))]
    return named + _lines({path: _plain(text) for path, text in sources.items()}, MUNICIPALITY)


def unexplained_suppressions(tree: Tree) -> list[str]:
    """Whoever silences a check names the rule and says why, on the line."""
    return [
        f"{path}:{number}"
        for path, text in tree.items()
        if path.endswith(".py")
        for number, comment in _comments(text)
        for suppression in SUPPRESSION.finditer(comment)
        if not suppression["rules"] or not re.search(r"[a-z]{2,}\W+\w", suppression["reason"])
    ]


def _lines(tree: Tree, words: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}"
        for path, text in tree.items()
        for number, line in enumerate(text.splitlines(), 1)
        if words.search(line)
    ]


def _plain(text: str) -> str:
    """Lower case, without dots and rings."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def _comments(text: str) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def _joined(*parts: str) -> str:
    """A plant, written so that it is none in this file."""
    return "".join(parts)


CODE = "services/booking/src/booking/domain.py"
PLANTS: list[tuple[Rule, str, str]] = [
    (package_hosts, "requirements.txt", _joined("--index-url https://py", "pi.org/simple")),
    (package_hosts, "docs/install.md", _joined("files.python", "hosted.org")),
    (machine_paths, "README.md", _joined("cd /wo", "rk/main")),
    (machine_paths, "tests/booking/test_api.py", _joined('Path("/t', 'mp/x")')),
    (machine_paths, ".ci/run", _joined("/ho", "me/anna/samspar")),
    (municipalities, CODE, _joined("BENGTS", "FORS = 1")),
    (municipalities, CODE, _joined("# Troll", "hättan")),
    (municipalities, "services/booking/README.md", _joined("Göte", "borgs stad")),
    (municipalities, "shared/src/shared/calendar.py", _joined("um", "ea_days")),
    (municipalities, _joined("shared/src/shared/le", "rum.py"), ""),
    (unexplained_suppressions, CODE, _joined("x = 1  # no", "qa: F841")),
    (unexplained_suppressions, CODE, _joined("x = 1  # no", "qa - because it has to")),
    (unexplained_suppressions, CODE, _joined("x = 1  # type", ": ignore[assignment]")),
    (unexplained_suppressions, CODE, _joined("x = 1  # py", "right: ignore[reportAny]")),
    (unexplained_suppressions, CODE, _joined("# py", "right: basic")),
]
EXPLAINED = [
    _joined("x = 1  # no", "qa: F841, E501 - read by the debugger"),
    _joined("x = 1  # py", "right: ignore[reportAny] - the library has no types"),
    _joined("x = 1  # type", ": ignore[assignment]  # the stub is wrong"),
    "x = '# noqa'",
]


@pytest.mark.parametrize("rule", list(dict.fromkeys(rule for rule, _, _ in PLANTS)))
def test_the_tree_keeps(rule: Rule, tree: Tree):
    assert rule(tree) == [], rule.__doc__


@pytest.mark.parametrize(("rule", "path", "text"), PLANTS)
def test_a_breach_is_found(rule: Rule, path: str, text: str):
    assert [breach.partition(":")[0] for breach in rule({path: text})] == [path]


@pytest.mark.parametrize("line", EXPLAINED)
def test_an_explained_suppression_stands(line: str):
    assert unexplained_suppressions({CODE: line}) == []
