"""Definitions on disk, as the command line names them; what is wrong with one is said with its path and line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from shared.errors import Invalid
from shared.pathways import Finding, Happening, PathwayError, Score
from shared.pathways.decisions import Decision
from shared.pathways.fold import fold
from shared.pathways.resolve import WALKS, findings, resolve, walked
from shared.pathways.simulate import Script, played
from shared.pathways.simulate import script as script_of
from shared.pathways.walk import walk

AREA = "area.yaml"


class NoPathways(Invalid):
    """There are no definitions there."""


class PathwayWrong(Invalid):
    """The pathway cannot be used:"""


class ScriptWrong(Invalid):
    """The script cannot be played."""


@dataclass(frozen=True)
class Story:
    """A case as it was played. `differs`: the first line that is not as the script has it."""

    title: str
    happened: Sequence[tuple[Happening, Sequence[Decision]]]
    differs: str | None = None


def names(directory: Path) -> list[str]:
    """Every `<area>/<name>` there. Raises `NoPathways`."""
    files = [path for path in sorted(directory.glob("*/*.yaml")) if path.name != AREA]
    if not files:
        raise NoPathways(f"Give a folder with <area>/<name>.yaml; {directory} has none.")
    return [f"{path.parent.name}/{path.stem}" for path in files]


def wrong(roots: Sequence[Path], name: str) -> list[Finding]:
    """What is wrong with one definition, by reading it and, where it reads well, by walking it at random."""
    try:
        resolved = fold(roots, name)
        found = findings(resolved) or walked(resolved, WALKS)
    except PathwayError as error:
        found = error.findings
    return _placed(roots, name, found)


def score_of(roots: Sequence[Path], name: str) -> Score:
    """Raises `PathwayWrong` with each finding on a line."""
    known = [each for root in roots if root.is_dir() for each in names(root)]
    if name not in known:
        raise NoPathways(f"Give the folder with --pathways, or name one of: {', '.join(known) or 'none here'}.")
    try:
        return resolve(roots, name)
    except PathwayError as error:
        lines = map(str, _placed(roots, name, error.findings))
        raise PathwayWrong("\n".join(["", *lines])) from error


def story_of(score: Score, file: Path | None, seed: int) -> Story:
    """The script's, or a random walk. Raises `ScriptWrong`."""
    if file is None:
        return Story(f"Random walk {seed}", [(happening, decided) for happening, decided, _ in walk(score, seed)])
    script = _script(file)
    try:
        playing = played(score, script)
    except (ValueError, KeyError) as error:
        raise ScriptWrong(f"Correct {file}: {error}") from error
    return Story(script.title, playing.story, _differs(script.timeline, playing.lines))


def _script(file: Path) -> Script:
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return script_of(content)
    except OSError as error:
        raise ScriptWrong(f"Give its file; {file} cannot be read.") from error
    except yaml.YAMLError as error:
        raise ScriptWrong(f"Correct {file}: it is not YAML.") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise ScriptWrong(f"Correct {file} at {place}: {first['msg']}.") from error


def _differs(expected: Sequence[str], lines: Sequence[str]) -> str | None:
    if not expected or list(expected) == list(lines):
        return None
    pairs = zip(expected, lines, strict=False)
    return next((is_ for was, is_ in pairs if was != is_), "the end").strip()


def _placed(roots: Sequence[Path], name: str, found: Sequence[Finding]) -> list[Finding]:
    """With the paths of their files: the definition's own, its area's, or what is common to all."""
    area = name.partition("/")[0]
    placed: list[Finding] = []
    for finding in found:
        places = [root / inside / finding.file for root in roots for inside in (area, "")]
        path = next((path for path in places if path.is_file()), roots[0] / finding.file)
        placed.append(replace(finding, file=str(path)))
    return placed
