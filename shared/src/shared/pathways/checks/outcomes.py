"""What a task ends with: somebody can tell it, and it leads somewhere."""

from collections.abc import Iterator

from shared.pathways.fold import Resolved
from shared.pathways.reading import each_task, target
from shared.pathways.source import Finding
from shared.pathways.spelling import meant
from shared.pathways.task import Task


def findings(resolved: Resolved) -> Iterator[Finding]:
    """Outcomes that lead nowhere, that nobody can tell, or that another key names and the task does not declare."""
    for task in each_task(resolved.score.stages, resolved.score.always):
        yield from _outcomes(resolved, task)


def _outcomes(resolved: Resolved, task: Task) -> Iterator[Finding]:
    score = resolved.score
    stages, endings = {stage.name for stage in score.stages[1:]}, {ending.name for ending in score.endings}
    leads = {**task.outcomes, "if_withdrawn": task.if_withdrawn}
    for word, where in leads.items():
        verb, name = target(where)
        if (verb == "back" and name not in stages) or (verb == "end" and name not in endings):
            what = "stage" if verb == "back" else "ending"
            near = meant(name, stages if verb == "back" else endings)
            yield resolved.at(
                "task",
                task.name,
                word if word == "if_withdrawn" else "outcomes",
                message=f"'{word}' leads to {what} '{name}', which is not there.",
                remedy=f"{near}Name {what}s that are.",
            )
        if verb == "again" and "otherwise" not in task.after_each:
            yield resolved.at(
                "task",
                task.name,
                "outcomes",
                message="Nothing has failed that could be asked again.",
                remedy="'ask again' stands only in a task with 'after_each: otherwise'.",
            )
    yield from _words(resolved, task)
    yield from _told(resolved, task)
    if task.kind == "consent":
        yield from _consent(resolved, task)


def _words(resolved: Resolved, task: Task) -> Iterator[Finding]:
    for key, words in (("if_late", [task.if_late] if task.if_late else []), ("again", list(task.again))):
        for word in words:
            if word not in task.outcomes:
                yield resolved.at(
                    "task", task.name, key, message=f"'{word}' is not an outcome here.", remedy="Declare it."
                )
    if not task.sayable:
        yield resolved.at("task", task.name, message="It has no outcome.", remedy="Declare its outcomes.")
    if "returned" in task.outcomes and target(task.outcomes["returned"])[0] != "end":
        yield resolved.at(
            "task", task.name, "outcomes", message="A returned referral goes on.", remedy="Write 'returned: end …'."
        )


def _told(resolved: Resolved, task: Task) -> Iterator[Finding]:
    """Where each settling moment stands for a word of its own, or carries none, no other word is ever heard."""
    words = [word for word in task.settling.values() if word]
    fixed = len(words) > 1 or task.settles is not None
    if not fixed or (task.settles and len(task.sayable) == 1):
        return
    for word in task.sayable:
        if word not in words:
            yield resolved.at(
                "task",
                task.name,
                "outcomes",
                message=f"'{word}' is never told of this task.",
                remedy=f"{meant(word, words)}Its outcomes are {', '.join(words)}.",
            )


def _consent(resolved: Resolved, task: Task) -> Iterator[Finding]:
    """A consent is between parties; between public bodies it is secrecy that is lifted, by a waiver (OSL 10:1)."""
    if len(set(task.between)) < 2:
        message = "It is not said between whom."
        yield resolved.at("task", task.name, message=message, remedy="Write 'between: [one party, another]'.")
    parties = [resolved.score.parties[name] for name in task.between if name in resolved.score.parties]
    if "waiver" not in task.model_fields_set and not any(party.private for party in parties):
        yield resolved.at(
            "task",
            task.name,
            message="Between public bodies secrecy is lifted by a waiver, and this does not say whether it is one.",
            remedy="Write 'waiver: true', or 'waiver: false' for a consent to processing alone.",
        )
