"""Every name in a definition means something: roles, parties, stages, endings."""

from collections import Counter
from collections.abc import Iterator

from shared.pathways.fold import Resolved
from shared.pathways.model import Score
from shared.pathways.reading import each_task
from shared.pathways.source import Finding
from shared.pathways.spelling import meant
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
        yield from _stands_for(resolved, task)
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
            "entry", "receiver", message=f"There is no party '{entry.receiver}'.", remedy=_one_of(score, entry.receiver)
        )
    if not entry.doors:
        yield resolved.top("entry", message="Nobody can come in.", remedy="Write at least one door.")
    for n, door in enumerate(entry.doors):
        for by in door.by:
            if by not in score.parties and by not in ("participant", "anyone"):
                yield resolved.top(
                    "entry", "doors", n, "by", message=f"There is no party '{by}'.", remedy=_one_of(score, by)
                )
    if entry.leaves and entry.leaves.end not in {ending.name for ending in score.endings}:
        yield resolved.top(
            "entry", "leaves", message=f"There is no ending '{entry.leaves.end}'.", remedy="Write it under endings."
        )
    if "withdrawn" not in {ending.name for ending in score.endings}:
        yield resolved.top(
            "endings", message="A referral that its sender takes back ends nowhere.", remedy="Write 'withdrawn'."
        )


def _one_of(score: Score, word: str) -> str:
    return f"{meant(word, score.parties)}Name one of the area's: {', '.join(sorted(score.parties))}."


def _roles(resolved: Resolved) -> Iterator[Finding]:
    score = resolved.score
    for name, role in score.roles.items():
        for one in {role.party, *role.table.values()} - {None}:
            if one not in score.parties:
                yield resolved.top(
                    "roles", name, message=f"There is no party '{one}'.", remedy=_one_of(score, one or "")
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
    by = "obtained_by" if task.obtained_by else "by"
    named = [(by, task.by, asked)]
    if task.owner or task.by == "participant":
        named += [("owner", task.owned_by, asked - {"participant"} | {"anyone"})]
    named += [("with", name, beside) for name in (*task.with_, *task.joins_if)]
    named += [("contributions", name, _PEOPLE) for name in task.contributions]
    named += [("signed_by", name, _PEOPLE) for name in task.signed_by]
    named += [("between", name, set[str]()) for name in task.between]
    for key, name, also in named:
        stands_for = party(score, name)
        if not stands_for and name not in also | set(score.roles):
            near = meant(name, also | set(score.roles) | set(score.parties))
            yield resolved.at(
                "task",
                task.name,
                key,
                message=f"There is no role or party '{name}' for '{key}' here.",
                remedy=f"{near}Name a role of the pathway or a party of the area."
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


def _stands_for(resolved: Resolved, task: Task) -> Iterator[Finding]:
    """The group an agenda is of, and the role that somebody is to hold."""
    score = resolved.score
    if task.kind == "agenda" and task.group not in score.groups:
        near = meant(task.group or "", score.groups)
        message = f"There is no standing group '{task.group}'." if task.group else "It is not said whose agenda it is."
        remedy = f"{near}Write 'group: <name>', one of the area's: {', '.join(sorted(score.groups)) or 'it has none'}."
        yield resolved.at("task", task.name, "group", message=message, remedy=remedy)
    if task.kind == "role" and task.name not in score.roles:
        message, near = f"There is no role '{task.name}'.", meant(task.name, score.roles)
        remedy = f"{near}Name the task as one of the pathway's roles: {', '.join(score.roles) or 'it has none'}."
        yield resolved.at("task", task.name, message=message, remedy=remedy)


def _follows(resolved: Resolved, task: Task) -> Iterator[Finding]:
    for each in task.after_each:
        heard = resolved.score.tasks.get(each)
        if heard is None and each != "otherwise":
            near = meant(each, resolved.score.tasks)
            message, remedy = f"There is no task '{each}'.", f"{near}Name one, or otherwise."
            yield resolved.at("task", task.name, "after_each", message=message, remedy=remedy)
        for word in set(task.after_outcome) - set(heard.outcomes if heard else task.after_outcome):
            message, remedy = f"'{each}' never ends with '{word}'.", "Name one of its outcomes."
            yield resolved.at("task", task.name, "after_outcome", message=message, remedy=remedy)
