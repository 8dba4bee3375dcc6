"""The journey leads somewhere: conditions read what lies before, turns point back, endings are reached."""

from collections.abc import Iterator

from shared.pathways.conditions import Condition, atoms
from shared.pathways.fold import Resolved
from shared.pathways.model import Score
from shared.pathways.reading import each_task, target
from shared.pathways.source import Finding
from shared.pathways.spelling import meant
from shared.pathways.task import Stage, Task


def findings(resolved: Resolved) -> Iterator[Finding]:
    """Stages out of order, conditions that cannot be read, turns without a way on, endings nobody comes to."""
    for stage in resolved.score.stages:
        yield from _stage(resolved, stage)
    for task in resolved.score.always:
        yield from _task(resolved, None, task)
    yield from _always(resolved)
    yield from _endings(resolved)


def before(score: Score, stage: str) -> frozenset[str]:
    """Every stage that is settled before this one opens."""
    found: set[str] = set()
    todo = list(score.predecessors.get(stage, ()))
    while todo:
        each = todo.pop()
        if each not in found:
            found.add(each)
            todo += score.predecessors.get(each, ())
    return frozenset(found)


def lies_before(score: Score, stage: Stage, task: Task | None) -> set[str]:
    """The tasks of the main flow that are settled when a stage, or a task of it, has its turn."""
    earlier = before(score, stage.name)
    found = {name for name in score.main if score.stage_of[name] in earlier}
    for step in stage.steps:
        if task is None or task in step or task.name not in score.main:
            break
        found |= {each.name for each in step}
    return found


def _stage(resolved: Resolved, stage: Stage) -> Iterator[Finding]:
    score = resolved.score
    above = [each.name for each in score.stages[: score.stages.index(stage)]]
    for name in stage.after:
        if name not in above:
            yield resolved.at(
                "stage",
                stage.name,
                "after",
                message=f"'{name}' does not lie before '{stage.name}'.",
                remedy="'after' names stages that stand above.",
            )
            return
    if stage.name != "entry" and not stage.steps:
        yield resolved.at(
            "stage", stage.name, message="The stage has no task, so it never ends.", remedy="Give it one."
        )
    yield from _condition(resolved, ("stage", stage.name), stage.when, lies_before(score, stage, None))
    for task in each_task((stage,), ()):
        yield from _task(resolved, stage, task)
        if (task in stage.meanwhile) != (task.every is not None):
            yield resolved.at(
                "task",
                task.name,
                message="A series stands under 'meanwhile' and says 'every'; nothing else does.",
                remedy="Say how often, or move it.",
            )
        if task.after_each:
            yield resolved.at(
                "task", task.name, "after_each", message="It follows its stage.", remedy="Move it to 'always'."
            )


def _task(resolved: Resolved, stage: Stage | None, task: Task) -> Iterator[Finding]:
    score = resolved.score
    readable = lies_before(score, stage, task) if stage else set(score.main)
    where = ("task", task.name)
    yield from _condition(resolved, where, task.when, readable)
    for when in task.joins_if.values():
        yield from _condition(resolved, where, when, readable, key="joins_if")
    for word, lead in task.outcomes.items():
        verb, name = target(lead)
        if verb != "back" or stage is None or task.name not in score.main:
            continue
        if name not in {stage.name, *before(score, stage.name)}:
            yield resolved.at(
                *where,
                "outcomes",
                message=f"'{word}' goes back to '{name}', which does not lie before.",
                remedy="Turn to this stage or one it waits for.",
            )
    ways = [word for word in task.sayable if word not in task.again and target(task.outcomes[word])[0] != "back"]
    if task.sayable and not ways and task.name in score.main:
        yield resolved.at(
            *where, "outcomes", message="Every outcome goes round again.", remedy="Give it one that goes on or ends."
        )


def _condition(
    resolved: Resolved, where: tuple[str, str], when: Condition | None, readable: set[str], key: str = "when"
) -> Iterator[Finding]:
    score = resolved.score
    for atom, values in atoms(when):
        owner, _, name = atom.partition(".")
        known: tuple[str, ...] | None
        if owner == "case":
            known = answers(score, name)
        elif owner not in readable:
            known = None
        elif name:
            known = score.main[owner].finds.get(name)
        else:
            known = readable_outcomes(score.main[owner])
        if known is None:
            yield resolved.at(*where, key, **_unknown(score, atom, owner, name))
            continue
        for value in values:
            if value not in known:
                yield resolved.at(
                    *where,
                    key,
                    message=f"'{atom}' is never '{value}' here.",
                    remedy=f"{meant(value, known)}It can be {', '.join(known) or 'nothing'}.",
                )


def _unknown(score: Score, atom: str, owner: str, name: str) -> dict[str, str]:
    """Why a condition cannot read this."""
    if owner == "case":
        asked = ("door", "referrer", "age_band", *score.entry.asks)
        remedy = f"{meant(name, asked)}It can be {', '.join(f'case.{each}' for each in asked)}."
        return {"message": f"'{atom}' is not known: the entry does not ask it.", "remedy": remedy}
    if owner not in score.tasks:
        near = meant(owner, score.main)
        return {"message": f"There is no task '{owner}'.", "remedy": f"{near}Name a task that lies before."}
    if name and owner in score.main and name not in score.main[owner].finds:
        found = score.main[owner].finds
        remedy = f"{meant(name, found)}It finds {', '.join(found) or 'nothing'}."
        return {"message": f"'{atom}' is not known by then: '{owner}' does not find it.", "remedy": remedy}
    return {"message": f"'{atom}' is not known by then.", "remedy": "Read only what lies before, in the main flow."}


def readable_outcomes(task: Task) -> tuple[str, ...]:
    """The outcomes that a later condition can meet: those that neither turn nor end the case."""
    declared = [word for word, lead in task.outcomes.items() if target(lead)[0] == "on" and word not in task.again]
    return (*declared, *(word for word in task.what.fails if word not in task.outcomes))


def answers(score: Score, name: str) -> tuple[str, ...] | None:
    """What `case.<name>` can be; None for what nobody asks."""
    if name == "door":
        return tuple(door.name for door in score.entry.doors)
    if name == "referrer":
        return tuple(dict.fromkeys(by for door in score.entry.doors for by in door.by))
    if name == "age_band":
        return ("under_18", "18_and_over")
    return score.entry.asks.get(name)


def _always(resolved: Resolved) -> Iterator[Finding]:
    score = resolved.score
    if not any("otherwise" in task.after_each for task in score.always):
        yield resolved.top(
            message="Nobody answers what ends badly.", remedy="Write 'otherwise' in the area, or a rule after it."
        )
    follows = {task.name: set(task.after_each) for task in score.always}
    for name in follows:
        seen, todo = set[str](), list(follows[name])
        while todo:
            each = todo.pop()
            if each not in seen:
                seen.add(each)
                todo += follows.get(each, ())
        if name in seen:
            yield resolved.at(
                "task", name, "after_each", message="It follows itself for ever.", remedy="Break the circle."
            )


def _endings(resolved: Resolved) -> Iterator[Finding]:
    score = resolved.score
    last = score.endings[-1]
    if last.when:
        yield resolved.at(
            "ending", last.name, message="The last ending has a condition.", remedy="End with one that has none."
        )
    led = {target(lead)[1] for task in score.tasks.values() for lead in (*task.outcomes.values(), task.if_withdrawn)}
    led |= {"withdrawn", score.entry.leaves.end if score.entry.leaves else ""}
    for ending in resolved.written.endings:
        yield from _condition(resolved, ("ending", ending.name), ending.when, set(score.main))
        if ending.name not in led and not ending.when and ending.name != last.name:
            yield resolved.at(
                "ending", ending.name, message="Nothing leads to this ending.", remedy="Lead there, or take it away."
            )
