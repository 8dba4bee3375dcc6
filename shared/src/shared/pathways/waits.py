"""What a case waits for now, who may hear of it, and one true sentence about it."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from shared.calendar import STOCKHOLM
from shared.pathways import parts
from shared.pathways.casefile import Asking, CaseFile
from shared.pathways.model import Score
from shared.pathways.task import Language, Task


@dataclass(frozen=True, kw_only=True)
class Wait:
    """One thing the case waits for. `reach` is the moment waited for; `due` is None only while nothing can be late."""

    task: str
    round: int
    play: UUID | None
    kind: str
    party: str
    owner: str
    reach: str
    due: datetime | None
    since: datetime
    missed: bool = False
    noted: str | None = None
    """What was last heard of it, where that settles nothing: a meeting that is not ready."""


def waits(score: Score, file: CaseFile) -> list[Wait]:
    """What the case waits for now, the main flow first, then by due instant."""
    if file.closed:
        return []
    found = [_wait(score, asking) for asking in file.askings if asking.state in ("open", "repeats")]
    found += [_later(score, file, key, at) for key, at in file.timers.items() if key.startswith(("starts/",))]
    found = [_until(file, wait) for wait in found]
    return sorted(found, key=lambda wait: (wait.task not in score.main, wait.due is None, wait.due or wait.since))


def audience(score: Score, file: CaseFile, *, authority: bool = False) -> set[str]:
    """The parties that may hear what moves in the case.

    Before it is open: only those who have been asked for a need or an answer, and who referred. From then on: referrer
    and receiver, and whoever has a part in a stage that has opened. A stage to come gives nobody a part yet. Of an
    exercise of authority (`authority`) no private party hears.
    """
    parties = {file.attributes["referrer"], *(asking.party for asking in file.askings)}
    parties |= {asking.owner for asking in file.askings}
    if file.opened:
        parties.add(score.entry.receiver)
        opened = {key.rpartition("/")[0] for key in file.begun} - {"entry"}
        for name, task in score.main.items():
            if score.stage_of[name] in opened and not parts.passed_by(score, file, name):
                parties |= set(parts.involved(score, file, task))
        for asking in file.askings:
            parties |= set(parts.involved(score, file, score.tasks[asking.task]))
    return {party for party in parties if party in score.parties and not (authority and score.parties[party].private)}


def say(score: Score, file: CaseFile, language: Language) -> str:
    """One true sentence: what the case waits for, of whom, by when; or how it ended."""
    if file.closed:
        ending = score.word(file.ending or "", language)
        return f"Ärendet är avslutat: {ending}." if language == "sv" else f"The case is closed: {ending}."
    found = waits(score, file)
    if not found:
        return "Ärendet väntar inte på något." if language == "sv" else "The case waits for nothing."
    first = found[0]
    party, task = score.word(first.party, language), score.word(first.task, language)
    reach = score.word(first.reach, language)
    if language == "sv":
        when = f", senast {_when(first.due)}" if first.due else ""
        late = " Tiden har gått ut." if first.missed else ""
        noted = f" Senast: {score.word(first.noted, language)}." if first.noted else ""
        return f"Ärendet väntar på {party}: {task}, {reach}{when}.{late}{noted}"
    when = f", due {_when(first.due)}" if first.due else ""
    late = " The deadline was missed." if first.missed else ""
    noted = f" Last heard: {score.word(first.noted, language)}." if first.noted else ""
    return f"The case waits for {party}: {task}, {reach}{when}.{late}{noted}"


def _wait(score: Score, asking: Asking) -> Wait:
    task = score.tasks[asking.task]
    ahead = [each for each in asking.deadlines if not each.met]
    ahead.sort(key=lambda each: (each.missed, each.due) if any(not d.missed for d in ahead) else (False, each.due))
    first = ahead[0] if ahead else None
    return Wait(
        task=asking.task,
        round=asking.round,
        play=asking.play,
        kind=asking.kind,
        party=asking.party,
        owner=asking.owner,
        reach=first.reach if first else _next_moment(task, asking),
        due=first.due if first else None,
        since=asking.at,
        missed=any(each.missed for each in ahead),
        noted=next((moment for moment in task.what.notes if moment in asking.moments), None),
    )


def _next_moment(task: Task, asking: Asking) -> str:
    coming = [moment for moment in task.what.hears if moment not in asking.moments]
    return task.reach_of(coming[0]) if coming else "ended"


def _later(score: Score, file: CaseFile, key: str, at: datetime) -> Wait:
    _, name, round_ = key.split("/")
    task = score.tasks[name]
    owner = parts.party_of(score, file, task.owned_by) or score.entry.receiver
    return Wait(
        task=name,
        round=int(round_),
        play=None,
        kind=task.kind,
        party=parts.party_of(score, file, task.by) or owner,
        owner=owner,
        reach="starts",
        due=at,
        since=file.heard or file.received,
    )


def _until(file: CaseFile, wait: Wait) -> Wait:
    """A task that comes again waits for its own timer."""
    at = next((at for key, at in file.timers.items() if key.startswith(f"again/{wait.task}/{wait.round}/")), None)
    asking = file.asking(wait.play) if wait.play else None
    if at is None or asking is None or asking.state != "repeats":
        return wait
    return replace(wait, reach="again", due=at, missed=False)


def _when(at: datetime) -> str:
    """Midnight is where a day ends: the 3rd 24:00, not the 4th 00:00."""
    local = at.astimezone(STOCKHOLM)
    if local.time() == time():
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"
