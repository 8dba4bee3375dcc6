"""Draws a score as a Mermaid flowchart, in the words people use, for the process owner to read."""

from collections.abc import Iterator

from shared.pathways.conditions import Condition, Not, atoms, wanted
from shared.pathways.model import Score
from shared.pathways.reading import target
from shared.pathways.task import Language, Stage, Task


def mermaid(score: Score, language: Language = "sv") -> str:
    """The journey from top to bottom: a box a stage, what each task waits for, turns and endings as arrows."""
    return "\n".join(_lines(score, language)) + "\n"


def _lines(score: Score, language: Language) -> Iterator[str]:
    yield "flowchart TD"
    yield f'  start(["{_text(score.title.in_(language))}"])'
    shown = [stage for stage in score.stages if stage.steps]
    for stage in shown:
        yield f'  subgraph {_id("stage", stage.name)}["{_heading(score, stage, language)}"]'
        for task in [*(task for step in stage.steps for task in step), *stage.meanwhile, *stage.by_need]:
            yield f'    {_id("task", task.name)}["{_label(score, task, language)}"]'
        for one, two in zip(stage.steps, stage.steps[1:], strict=False):
            yield from (f"    {_id('task', a.name)} --> {_id('task', b.name)}" for a in one for b in two)
        yield "  end"
    for ending in score.endings:
        yield f'  {_id("end", ending.name)}(["{_text(score.word(ending.name, language))}"])'
    yield from _arrows(score, shown, language)


def _arrows(score: Score, shown: list[Stage], language: Language) -> Iterator[str]:
    for stage in shown:
        label = f"|{_condition(score, stage.when, language)}|" if stage.when else ""
        above = [one for one in _comes_from(score, shown, stage) if not _exclude(one.when, stage.when)]
        for one in above:
            yield f"  {_id('stage', one.name)} -->{label} {_id('stage', stage.name)}"
        if not above:
            yield f"  start -->{label} {_id('stage', stage.name)}"
    for task in (task for stage in score.stages for step in stage.steps for task in step):
        for word, where in task.outcomes.items():
            verb, name = target(where)
            if verb != "on":
                kind = "stage" if verb == "back" else "end"
                yield f"  {_id('task', task.name)} -.->|{_text(score.word(word, language))}| {_id(kind, name)}"
    yield from _ends(score, shown, language)


def _ends(score: Score, shown: list[Stage], language: Language) -> Iterator[str]:
    """Conditional endings from the stages whose tasks they read; the last from every other stage that may be last."""
    waited_for = {name for stage in shown for name in score.predecessors[stage.name]}
    told: set[str] = set()
    for ending in score.endings:
        if ending.when:
            stages = {score.stage_of[key.partition(".")[0]] for key, _ in atoms(ending.when) if "case." not in key}
            told |= stages
            for name in sorted(stages):
                label = _condition(score, ending.when, language)
                yield f"  {_id('stage', name)} -->|{label}| {_id('end', ending.name)}"
    for stage in shown:
        if stage.name not in waited_for and stage.name not in told:
            yield f"  {_id('stage', stage.name)} --> {_id('end', score.endings[-1].name)}"


def _comes_from(score: Score, shown: list[Stage], stage: Stage) -> list[Stage]:
    """The stages the journey may come from: those it waits for, and past each that may be skipped."""
    found: dict[str, Stage] = {}
    for one in (each for each in shown if each.name in score.predecessors[stage.name]):
        found[one.name] = one
        if one.when:
            past = [] if _includes(stage.when, one.when) else _comes_from(score, shown, one)
            found |= {each.name: each for each in past if not _includes(each.when, one.when)}
    return list(found.values())


def _includes(known: Condition | None, when: Condition) -> bool:
    """Whether what is known already makes the condition true."""
    return all((known or {}).get(key) == test for key, test in when.items())


def _exclude(one: Condition | None, other: Condition | None) -> bool:
    """Whether two conditions cannot both be true, as far as plain values show."""
    told, asked = dict(atoms(one)), other or {}
    return any(
        key in told and not isinstance(test, Not) and not set(wanted(test)) & set(told[key])
        for key, test in asked.items()
        if not isinstance((one or {}).get(key), Not)
    )


def _heading(score: Score, stage: Stage, language: Language) -> str:
    if stage.name == "entry":
        return "Före start" if language == "sv" else "Before the start"
    return _text(score.word(stage.name, language))


def _label(score: Score, task: Task, language: Language) -> str:
    """Name, who, and every deadline as written: 24 days for 24 hours shows here."""
    due = [f"{score.word(reach, language)}: {text}" for reach, text in task.due.items()]
    return _text("<br/>".join([score.word(task.name, language), score.word(task.by, language), *due]))


def _condition(score: Score, condition: Condition | None, language: Language) -> str:
    told: list[str] = []
    for key, test in (condition or {}).items():
        words = " / ".join(score.word(word, language) for word in wanted(test))
        name = score.word(key.rpartition(".")[2], language)
        told.append(f"{name} ≠ {words}" if isinstance(test, Not) else f"{name}: {words}")
    return _text(", ".join(told))


def _text(text: str) -> str:
    return text.replace('"', "'").replace("|", "/")


def _id(kind: str, name: str) -> str:
    return f"{kind}_{name}".replace("-", "_")
