"""Who has which part: roles become parties, and conditions and anchors are read from the case file."""

from collections.abc import Iterator
from datetime import datetime

from shared.calendar import add
from shared.pathways.casefile import Asking, CaseFile
from shared.pathways.conditions import Condition, holds
from shared.pathways.decisions import Seat
from shared.pathways.model import Score
from shared.pathways.phrases import Moment, span
from shared.pathways.task import Task


def party_of(score: Score, file: CaseFile, name: str) -> str | None:
    """The party behind a role or a party's own name; None for the participant and for `anyone`."""
    if name in score.roles:
        role = score.roles[name]
        if role.chosen_by:
            return role.table.get(file.attributes.get(role.chosen_by, ""))
        return role.party or file.attributes["referrer"]
    if name == "receiver":
        return score.entry.receiver
    if name == "referrer":
        return file.attributes["referrer"]
    return name if name in score.parties else None


def seats(score: Score, file: CaseFile, task: Task) -> tuple[Seat, ...]:
    """Who takes part, with those whom a condition of the case brings in."""
    roles = [*task.with_, *(role for role, when in task.joins_if.items() if true(score, file, when))]
    roles += score.groups[task.group].members if task.group else ()
    if "everyone_in_plan" in roles:
        plans = [each for each in score.tasks.values() if each.kind == "plan"]
        inside = [role for each in plans for role in (*each.signed_by, *each.contributions)]
        roles = ["participant", *(role for role in (*roles, *inside) if role != "everyone_in_plan")]
    return tuple(Seat(role, party_of(score, file, role)) for role in dict.fromkeys(roles))


def orders_interpreter(score: Score, file: CaseFile, task: Task, party: str) -> str | None:
    """The party that orders an interpreter, a rule of the pathway; nobody where the area has no providers."""
    if task.kind != "meeting" or not score.interpreters.providers:
        return None
    return party if score.interpreter == "booker" else party_of(score, file, score.interpreter)


def involved(score: Score, file: CaseFile, task: Task) -> Iterator[str]:
    """Every party that a task gives a part, once it is the task's turn."""
    names = (task.by, task.owned_by, *task.contributions, *task.signed_by)
    parties = [party_of(score, file, name) for name in names]
    parties += [orders_interpreter(score, file, task, parties[0] or parties[1] or score.entry.receiver)]
    parties += [seat.party for seat in seats(score, file, task)]
    yield from (party for party in parties if party)


def true(score: Score, file: CaseFile, condition: Condition | None) -> bool:
    """Whether a condition holds of what has been said so far."""
    return holds(condition, lambda key: read(score, file, key))


def read(score: Score, file: CaseFile, key: str) -> str | None:
    """`task` (its outcome), `task.finding` or `case.<answer>`; None for what was skipped or not said."""
    owner, _, name = key.partition(".")
    if owner == "case":
        return file.attributes.get(name)
    last = _last(score, file, owner)
    if last is None or last.state != "settled":
        return None
    return last.findings.get(name) if name else last.outcome


def known(score: Score, file: CaseFile, asking: Asking | None, moment: Moment) -> datetime | None:
    """When an anchor happened; None while it has not. The first booking counts, whatever is booked later."""
    if moment.owner == "date":
        return file.dates.get(moment.name)
    if moment.owner == "case":
        return file.opened if moment.name == "opened" else file.received
    told = asking if moment.owner is None else _last(score, file, moment.owner)
    if told is None:
        return None
    if moment.name == "opened":
        return told.at
    if moment.name == "ended":
        return told.ended
    if moment.name == "planned_end":
        lasts, started = score.tasks[told.task].lasts, told.moments.get("started")
        return add(started, span(lasts)) if lasts and started else None
    return told.moments.get(moment.name)


def passed_by(score: Score, file: CaseFile, task: str) -> bool:
    """Whether a task was skipped in its present round, alone or with its stage."""
    stage = score.stage_of.get(task, "always")
    round_ = file.round_of(stage)
    return f"{task}/{round_}" in file.passed or f"{stage}/{round_}" in file.passed_stages


def _last(score: Score, file: CaseFile, task: str) -> Asking | None:
    stage = score.stage_of.get(task)
    found = file.of(task, counts=file.round_of(stage)) if stage else ()
    return found[-1] if found else None
