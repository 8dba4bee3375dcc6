"""The way in: a score that has been checked, or the list of what is wrong with its definition."""

from collections.abc import Sequence
from pathlib import Path

from shared.pathways.checks import flow, names, outcomes, times, words
from shared.pathways.fold import COMMON, Resolved, fold
from shared.pathways.model import Score
from shared.pathways.source import Finding, PathwayError
from shared.pathways.walk import stuck

WALKS = 300


def resolve(roots: Path | Sequence[Path], name: str) -> Score:
    """The score of `<area>/<pathway>`, checked. With several roots, each file is read from the first that has it.

    Raises PathwayError with one finding for each thing that is wrong.
    """
    resolved = fold(roots, name)
    if wrong := findings(resolved):
        raise PathwayError(wrong)
    return resolved.score


def check(directory: Path, *more: Path, walks: int = WALKS) -> list[Finding]:
    """Everything wrong with the pathways in a directory; `more` are roots to read areas from that it lacks itself.

    What reads well is then walked at random, with bad ends and silences, to see that no case ends nowhere.
    """
    found: list[Finding] = []
    for file in sorted(directory.glob("*/*.yaml")):
        if file.name == "area.yaml":
            continue
        name = f"{file.parent.name}/{file.stem}"
        try:
            resolved = fold((directory, *more), name)
        except PathwayError as wrong:
            found += wrong.findings
            continue
        wrong = findings(resolved)
        found += wrong or walked(resolved, walks)
    if not found and not (directory / COMMON).is_file() and not more:
        found.append(Finding(COMMON, 1, "There is no such file.", "Write what is common to all areas in it."))
    return found


def findings(resolved: Resolved) -> list[Finding]:
    """What can be proved wrong with one pathway by reading it, in the order of its lines; last, what lacks words."""
    try:
        found = [*names.findings(resolved), *outcomes.findings(resolved), *flow.findings(resolved)]
        found += times.findings(resolved)
    except KeyError:
        found = [*names.findings(resolved), *outcomes.findings(resolved)]
    found = sorted(set(found), key=lambda finding: (finding.file, finding.line, finding.message))
    return [*found, *words.findings(resolved)]


def walked(resolved: Resolved, walks: int) -> list[Finding]:
    """What random walks find: a case that ends nowhere, or waits with nobody and no instant to answer for it."""
    why = next((why for seed in range(walks) if (why := stuck(resolved.score, seed))), None)
    if why is None:
        return []
    remedy = "Look at the walk with 'simulate', and give every answer somewhere to lead."
    return [resolved.top("stages", message=why, remedy=remedy)]
