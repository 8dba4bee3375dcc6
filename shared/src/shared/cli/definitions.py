"""Definitions on disk, as the command line names them; what is wrong with one is said with its path and line."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from shared.errors import Invalid
from shared.pathways import Finding, Happening, PathwayError, Score
from shared.pathways.complaints import complaints
from shared.pathways.decisions import Decision
from shared.pathways.documents import Area, load
from shared.pathways.fold import COMMON, fold
from shared.pathways.resolve import WALKS, findings, resolve, walked
from shared.pathways.simulate import MoveWrong, Script, played
from shared.pathways.source import Source, read
from shared.pathways.spelling import meant
from shared.pathways.walk import walk

AREA = "area.yaml"
SEEDS = 3000
ENOUGH = 12


class NoPathways(Invalid):
    """There are no definitions there."""


class PathwayWrong(Invalid):
    """The pathway cannot be used:"""


class ScriptWrong(Invalid):
    """The script cannot be played."""


class NotReached(Invalid):
    """No case was seen to end so."""


@dataclass(frozen=True)
class Story:
    """A case as it was played. `lines`: as a script's `timeline` has them; `differs`: the first that is another."""

    title: str
    happened: Sequence[tuple[Happening, Sequence[Decision]]]
    lines: Sequence[str] = ()
    differs: str | None = None


def names(directory: Path) -> list[str]:
    """Every `<area>/<name>` there. Raises `NoPathways`."""
    files = [path for path in sorted(directory.glob("*/*.yaml")) if path.name != AREA]
    if (directory / AREA).is_file():
        raise NoPathways(f"Give the folder above it: {directory.parent}.")
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


def parties_of(directory: Path, organisation: str) -> list[str]:
    """The parties that some area there binds to the organisation."""
    known: set[str] = set()
    common = [path for path in [directory / COMMON] if path.is_file()]
    for file in [*common, *sorted(directory.glob(f"*/{AREA}"))]:
        with suppress(PathwayError):
            area, _ = load(file, Area)
            known |= {name for name, party in area.parties.items() if party.organisation == organisation}
    return sorted(known)


def unpublished(directory: Path, organisation: str) -> list[str]:
    """A line for each definition there that a home run by the organisation does not publish, and why."""
    files = [path for path in sorted(directory.glob("*/*.yaml")) if path.name != AREA]
    said: list[str] = []
    for name in (f"{path.parent.name}/{path.stem}" for path in files):
        try:
            resolved = fold(directory, name)
            faults = len(findings(resolved))
        except PathwayError as error:
            resolved, faults = None, len(error.findings)
        if faults:
            many = "1 fault" if faults == 1 else f"{faults} faults"
            said.append(f"Not published: {name} ({many}; `samspar pathway check {directory}`).")
        elif resolved and resolved.score.home != organisation:
            home = resolved.score.home
            said.append(f"Not published: {name} belongs to {home}; run `samspar up --organisation {home}`.")
    return said


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
    source, script = _script(file)
    try:
        playing = played(score, script)
    except MoveWrong as error:
        raise ScriptWrong(f"{file}:{source.line(('moves', error.n))}: {error}") from error
    return Story(script.title, playing.story, playing.lines, _differs(script.timeline, playing.lines))


def story_to(score: Score, ending: str) -> Story:
    """The shortest of some random walks that end there. Raises `NotReached`."""
    names = [each.name for each in score.endings]
    if ending not in names:
        raise NotReached(f"{meant(ending, names)}The endings are {', '.join(names)}.")
    found: list[tuple[int, int]] = []
    for seed in range(SEEDS):
        story = walk(score, seed)
        if story[-1][2].ending == ending:
            found.append((len(story), seed))
        if len(found) == ENOUGH:
            break
    if not found:
        raise NotReached(f"Write a script; none of {SEEDS} random walks ends so.")
    return story_of(score, None, min(found)[1])


def _script(file: Path) -> tuple[Source, Script]:
    if not file.is_file():
        raise ScriptWrong(f"Give its file; {file} cannot be read.")
    source = read(file)
    wrong = source.findings
    try:
        if not wrong:
            return source, Script.model_validate(source.data)
    except ValidationError as error:
        wrong = complaints(error, source, (), Script)
    raise ScriptWrong("\n".join(["", *(str(replace(each, file=str(file))) for each in wrong)]))


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
