"""Every name in a definition means something: roles, parties, stages, endings, outcomes."""

from collections import Counter
from collections.abc import Iterator

from shared.pathways.fold import Resolved
from shared.pathways.model import Score
from shared.pathways.reading import each_task, target
from shared.pathways.source import Finding
from shared.pathways.task import Task

_PEOPLE = {"participant", "guardian", "guardian_if_under_18"}
_KEPT = {"case", "date", "any", "otherwise", "entry", "always"}


def findings(resolved: Resolved) -> Iterator[Finding]:
    """Names that stand for nothing, twice, or for something that may not be there."""
    yield from _twice(resolved)
    yield from _entry(resolved)
    yield from _roles(resolved)
    for task in each_task(resolved.score.stages, resolved.score.always):
        yield from _people(resolved, task)
        yield from _outcomes(resolved, task)
        yield from _follows(resolved, task)


def party(score: Score, name: str) -> set[str]:
    """The parties a role or a name may stand for."""
    if name == "receiver":
        return {score.entry.receiver}
    role = score.roles.get(name)
    if name == "referrer" or (role and role.from_):
        return {by for door in score.entry.doors for by in door.by if by in score.parties}
    if role:
        return set(role.table.values()) if role.chosen_by else {role.party or ""}
    return {name} & set(score.parties)


def _twice(resolved: Resolved) -> Iterator[Finding]:
    score = resolved.score
    tasks = Counter(task.name for task in each_task(score.stages, score.always))
    named = [("task", n, times) for n, times in tasks.items()]
    named += [("stage", n, times) for n, times in Counter(stage.name for stage in score.stages[1:]).items()]
    named += [("ending", n, times) for n, times in Counter(ending.name for ending in score.endings).items()]
    for what, name, times in named:
        if times > 1:
            yield resolved.at(
                what, name, message=f"There are {times} of {what} '{name}'.", remedy="Give each a name of its own."
            )
        elif name in _KEPT:
            yield resolved.at(what, name, message=f"The grammar keeps the word '{name}'.", remedy="Use another name.")


def _entry(resolved: Resolved) -> Iterator[Finding]:
    score, entry = resolved.score, resolved.score.entry
    if entry.receiver not in score.parties:
        yield resolved.top(
            "entry", "receiver", message=f"There is no party '{entry.receiver}'.", remedy="Name one of the area's."
        )
    if not entry.doors:
        yield resolved.top("entry", message="Nobody can come in.", remedy="Write at least one door.")
    for n, door in enumerate(entry.doors):
        for by in door.by:
            if by not in score.parties and by not in ("participant", "anyone"):
                yield resolved.top(
                    "entry", "doors", n, "by", message=f"There is no party '{by}'.", remedy="Name one of the area's."
                )
    if entry.leaves and entry.leaves.end not in {ending.name for ending in score.endings}:
        yield resolved.top(
            "entry", "leaves", message=f"There is no ending '{entry.leaves.end}'.", remedy="Write it under endings."
        )
    if "withdrawn" not in {ending.name for ending in score.endings}:
        yield resolved.top(
            "endings", message="A referral that its sender takes back ends nowhere.", remedy="Write 'withdrawn'."
        )


def _roles(resolved: Resolved) -> Iterator[Finding]:
    score = resolved.score
    for name, role in score.roles.items():
        for one in {role.party, *role.table.values()} - {None}:
            if one not in score.parties:
                yield resolved.top(
                    "roles", name, message=f"There is no party '{one}'.", remedy="Name one of the area's."
                )
        if role.chosen_by:
            missing = set(score.entry.asks.get(role.chosen_by, ("an answer",))) - set(role.table)
            if role.chosen_by not in score.entry.asks or missing:
                yield resolved.top(
                    "roles",
                    name,
                    message=f"Nobody holds '{name}' for some answers to '{role.chosen_by}'.",
                    remedy="Ask it under entry.asks, and give every answer a party in the table.",
                )
    if score.interpreter not in ("receiver", "booker", *score.roles):
        yield resolved.top(
            "interpreter", message="Nobody orders the interpreter.", remedy="Write receiver, booker or a role."
        )


def _people(resolved: Resolved, task: Task) -> Iterator[Finding]:
    score = resolved.score
    follows = {"owner"} if task.after_each else set[str]()
    asked = {"receiver", "referrer", "participant", *follows, *(["anyone"] if task.kind == "deviation" else [])}
    beside = _PEOPLE | {"receiver", "referrer", "everyone_in_plan"}
    named = [("by", task.by, asked), ("owner", task.owned_by, asked - {"participant"} | {"anyone"})]
    named += [("with", name, beside) for name in (*task.with_, *task.joins_if)]
    named += [("contributions", name, _PEOPLE) for name in task.contributions]
    named += [("signed_by", name, _PEOPLE) for name in task.signed_by]
    named += [("between", name, set[str]()) for name in task.between]
    for key, name, also in named:
        stands_for = party(score, name)
        if not stands_for and name not in also:
            yield resolved.at(
                "task",
                task.name,
                key,
                message=f"There is no role or party '{name}' for '{key}' here.",
                remedy="Name a role of the pathway or a party of the area."
                if name != "participant"
                else "Say who owns the deadline.",
            )
        for one in stands_for & set(score.parties):
            if score.parties[one].organisation is None:
                yield resolved.at(
                    "task",
                    task.name,
                    key,
                    message=f"The party '{one}' belongs to no organisation.",
                    remedy="Bind it in the area.",
                )
            elif task.authority and score.parties[one].private:
                yield resolved.at(
                    "task",
                    task.name,
                    key,
                    message=f"The private party '{one}' takes part in an exercise of authority.",
                    remedy="Take it out of this task.",
                )


def _outcomes(resolved: Resolved, task: Task) -> Iterator[Finding]:
    score = resolved.score
    stages, endings = {stage.name for stage in score.stages[1:]}, {ending.name for ending in score.endings}
    leads = {**task.outcomes, "if_withdrawn": task.if_withdrawn}
    for word, where in leads.items():
        verb, name = target(where)
        if (verb == "back" and name not in stages) or (verb == "end" and name not in endings):
            what = "stage" if verb == "back" else "ending"
            yield resolved.at(
                "task",
                task.name,
                "outcomes",
                message=f"'{word}' leads to {what} '{name}', which is not there.",
                remedy=f"Name {what}s that are.",
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


def _follows(resolved: Resolved, task: Task) -> Iterator[Finding]:
    for each in task.after_each:
        heard = resolved.score.tasks.get(each)
        if heard is None and each != "otherwise":
            message, remedy = f"There is no task '{each}'.", "Name one, or otherwise."
            yield resolved.at("task", task.name, "after_each", message=message, remedy=remedy)
        for word in set(task.after_outcome) - set(heard.outcomes if heard else task.after_outcome):
            message, remedy = f"'{each}' never ends with '{word}'.", "Name one of its outcomes."
            yield resolved.at("task", task.name, "after_outcome", message=message, remedy=remedy)
