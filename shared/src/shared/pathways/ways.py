"""Which stage may follow which, and which ending comes after what: every way through, by all that conditions read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from shared.pathways.checks.flow import answers, readable_outcomes
from shared.pathways.conditions import Condition, atoms, holds
from shared.pathways.model import Score
from shared.pathways.reading import target
from shared.pathways.task import Stage, Task

START = ""
MOST = 20_000

Known = Mapping[str, tuple[str, ...]]


@dataclass
class Way:
    """From one stage (or START) on to the next, or to an ending: with what is known on it, key by key."""

    known: dict[str, dict[tuple[str, ...], None]] = field(
        default_factory=lambda: dict[str, dict[tuple[str, ...], None]]()
    )

    def seen(self, known: Known) -> None:
        for key, words in known.items():
            self.known.setdefault(key, {})[words] = None


@dataclass
class Ways:
    stages: dict[tuple[str, str], Way] = field(default_factory=lambda: dict[tuple[str, str], Way]())
    endings: dict[tuple[str, str], Way] = field(default_factory=lambda: dict[tuple[str, str], Way]())
    choices: dict[str, list[tuple[str, ...]]] = field(default_factory=lambda: dict[str, list[tuple[str, ...]]]())

    def on(self, way: Way) -> dict[str, list[str]]:
        """What sets a way apart: each key of which it does not take every value."""
        return {
            key: [word for words in found for word in words]
            for key, found in way.known.items()
            if len(found) < len(self.choices[key])
        }


def ways(score: Score) -> Ways:
    """By trying every combination of values, up to MOST of them."""
    found = Ways(choices=_choices(score))
    keys = list(found.choices)
    for words in islice(product(*found.choices.values()), MOST):
        _walk(score, dict(zip(keys, words, strict=True)), found)
    return found


def _walk(score: Score, chosen: Known, found: Ways) -> None:
    runs: list[Stage] = []
    settled: set[str] = set()
    known: dict[str, tuple[str, ...]] = {key: words for key, words in chosen.items() if key.startswith("case.")}
    for stage in score.stages:
        if not settled.issuperset(score.predecessors[stage.name]):
            continue
        if not _true(stage.when, known):
            settled.add(stage.name)
            continue
        before = _comes_from(score, stage.name, {each.name for each in runs})
        if stage.steps:
            runs.append(stage)
            for one in before:
                found.stages.setdefault((one, stage.name), Way()).seen(known)
        main = [task for step in stage.steps for task in step if _true(task.when, known)]
        if all(_goes_on(score, task) for task in main):
            settled.add(stage.name)
        names = {task.name for task in main}
        known |= {key: words for key, words in chosen.items() if key.partition(".")[0] in names}
    if len(settled) == len(score.stages):
        ending = next((one for one in score.endings if one.when and _true(one.when, known)), score.endings[-1])
        for one in _last(score, [stage.name for stage in runs]):
            found.endings.setdefault((one, ending.name), Way()).seen(known)


def _true(condition: Condition | None, known: Known) -> bool:
    return holds(condition, lambda key: known[key][0] if key in known else None)


def _goes_on(score: Score, task: Task) -> bool:
    """Whether it may settle and let the stage go on, by an outcome of its own or by what answers its bad end."""
    return _may_go_on(task) or _survives(score)


def _survives(score: Score) -> bool:
    """Whether what answers bad ends may let the journey go on as if nothing had failed."""
    return any(_may_go_on(rule) for rule in score.always if "otherwise" in rule.after_each)


def _may_go_on(task: Task) -> bool:
    return any(target(lead)[0] == "on" for lead in task.outcomes.values())


def _comes_from(score: Score, stage: str, ran: set[str]) -> list[str]:
    """The stages that ran last before it, past those that were skipped; START where none did."""
    before: dict[str, None] = {}
    for one in score.predecessors[stage]:
        if one in ran:
            before[one] = None
        else:
            before |= dict.fromkeys(_comes_from(score, one, ran))
    return [one for one in before if one != START] or [START]


def _last(score: Score, ran: list[str]) -> list[str]:
    """Those that nothing came after."""
    return [one for one in ran if not (score.depends_on(one) - {one}) & set(ran)] or [START]


def _choices(score: Score) -> dict[str, list[tuple[str, ...]]]:
    """Each key that a condition reads, and its values; those that no condition names stand together."""
    named: dict[str, dict[str, None]] = {}
    for key, words in _read(score):
        named.setdefault(key, {}).update(dict.fromkeys(words))
    choices: dict[str, list[tuple[str, ...]]] = {}
    for key, words in named.items():
        every = _values(score, key)
        rest = tuple(word for word in every if word not in words)
        choices[key] = [*((word,) for word in every if word in words), *([rest] if rest else [])]
    return {key: values for key, values in choices.items() if values}


def _read(score: Score) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from (atom for stage in score.stages for atom in atoms(stage.when))
    yield from (atom for task in score.main.values() for atom in atoms(task.when))
    yield from (atom for ending in score.endings for atom in atoms(ending.when))


def _values(score: Score, key: str) -> tuple[str, ...]:
    owner, _, name = key.partition(".")
    if owner == "case":
        return answers(score, name) or ()
    task = score.main[owner]
    if name:
        return task.finds.get(name, ())
    lost = () if _survives(score) else task.what.fails
    return tuple(word for word in readable_outcomes(task) if word in task.outcomes or word not in lost)
