"""Every waiting state has a deadline: reaches exist, their moments are known in time, and none is left without."""

from collections.abc import Iterator

from shared.pathways.checks.flow import lies_before
from shared.pathways.fold import Resolved
from shared.pathways.model import Score
from shared.pathways.phrases import Moment, phrase
from shared.pathways.reading import each_task
from shared.pathways.source import Finding
from shared.pathways.spelling import meant
from shared.pathways.task import Stage, Task


def findings(resolved: Resolved) -> Iterator[Finding]:
    """Deadlines of moments that are never heard, from moments that are never known, and waits without any."""
    score = resolved.score
    for stage in score.stages:
        for task in each_task((stage,), ()):
            yield from _task(resolved, stage, task)
    for task in score.always:
        yield from _task(resolved, None, task)
    for reach, text in ((task, task.starts) for task in score.main.values()):
        if text and phrase(text).moment.owner == reach.name:
            yield resolved.at(
                "task", reach.name, "starts", message="It waits for itself.", remedy="Start from what lies before."
            )


def _task(resolved: Resolved, stage: Stage | None, task: Task) -> Iterator[Finding]:
    order = _reaches(task)
    for reach, text in task.due.items():
        if reach not in order:
            yield resolved.at(
                "task",
                task.name,
                "due",
                reach,
                message=f"'{reach}' is never heard of a task of this kind.",
                remedy=f"It can be {', '.join(order)}.",
            )
            continue
        if why := _unknown(resolved.score, stage, task, phrase(text).moment, reach):
            yield resolved.at(
                "task", task.name, "due", reach, message=why, remedy="Count from a moment that is known by then."
            )
    if task.starts and (why := _unknown(resolved.score, stage, task, phrase(task.starts).moment, None)):
        yield resolved.at("task", task.name, "starts", message=why, remedy="Start from what lies before.")
    if task.what.request and not _always_waits_for_something(task):
        yield resolved.at(
            "task",
            task.name,
            "due",
            message="There is a time when it waits and nothing is due.",
            remedy=f"Give it a deadline for '{order[-1]}', and one for what that counts from.",
        )


def _reaches(task: Task) -> list[str]:
    """The words `due` may use, in the order they come; the last is the task's end."""
    heard: list[str] = []
    for moment in task.what.hears:
        heard.append(task.reach_of(moment))
        if moment in task.settling:
            break
    return list(dict.fromkeys(heard))


def _always_waits_for_something(task: Task) -> bool:
    """The end is due, and what it counts from is due, back to something known at the opening."""
    reach = _reaches(task)[-1]
    seen: set[str] = set()
    while reach in task.due and reach not in seen:
        seen.add(reach)
        moment = phrase(task.due[reach]).moment
        if moment.owner or moment.name == "opened":
            return True
        reach = moment.name
    return False


def _unknown(score: Score, stage: Stage | None, task: Task, moment: Moment, reach: str | None) -> str | None:
    """Why a moment may not be known when it is needed; None if it is."""
    if moment.owner is None:
        order = ["opened", *_reaches(task)]
        if reach and moment.name in order[: order.index(reach)]:
            return None
        return f"'{moment}' does not come before this."
    if moment.owner == "case":
        return None if moment.name in ("opened", "received") else f"A case has no moment '{moment.name}'."
    if moment.owner == "date":
        return None if moment.name in score.entry.dates else f"No date '{moment.name}' is asked for at the entry."
    other = score.main.get(moment.owner)
    if other is None:
        return f"There is no task '{moment.owner}' in the main flow. {meant(moment.owner, score.main)}".rstrip()
    if why := _never_heard(other, moment.name):
        return why
    if stage is None:
        return None
    beside = {each.name for step in stage.steps if task in step for each in step} - {task.name}
    if moment.owner not in lies_before(score, stage, task) | beside:
        return f"'{moment}' does not lie before this."
    if reach and not _conditions(score, other) <= _conditions(score, task):
        return f"'{moment.owner}' may have been skipped."
    return None


def _never_heard(task: Task, moment: str) -> str | None:
    if moment == "planned_end":
        return None if task.lasts else f"It is not said how long '{task.name}' lasts."
    known = moment in {"opened", *task.what.hears, *_reaches(task)}
    return None if known else f"'{task.name}.{moment}' is never heard."


def _conditions(score: Score, task: Task) -> set[tuple[str, str]]:
    stage = next(each for each in score.stages if each.name == score.stage_of[task.name])
    return {(key, repr(test)) for when in (stage.when, task.when) for key, test in (when or {}).items()}
