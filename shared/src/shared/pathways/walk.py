"""Plays a score at random, with bad ends, returns and silences, to see that every case ends and is never left alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from shared.pathways.casefile import Asking, CaseFile
from shared.pathways.decisions import Decision
from shared.pathways.happenings import Happening, Raised, Rang, Received, Returned, Told, WithdrawnBySender
from shared.pathways.model import Score
from shared.pathways.play import play, returnable
from shared.pathways.waits import waits

START = datetime(2026, 1, 12, 8, tzinfo=UTC)
STEPS = 400


def walk(score: Score, seed: int) -> list[tuple[Happening, list[Decision], CaseFile]]:
    """One random walk to the end, or to STEPS. The same seed walks the same way."""
    chance = Random(seed)
    file = start(score, chance)
    story: list[tuple[Happening, list[Decision], CaseFile]] = []
    now, happening = START, Received(START)
    while True:
        decisions, file = play(score, file, happening)
        story.append((happening, decisions, file))
        if file.closed or len(story) >= STEPS:
            return story
        happening = _next(score, file, now, chance, patient=len(story) > STEPS // 4)
        now = max(now, happening.at)


def stuck(score: Score, seed: int) -> str | None:
    """What is wrong with one walk; None if it came to an end and somebody always had something to do in time."""
    try:
        story = walk(score, seed)
    except (KeyError, StopIteration, ValueError) as broken:
        return f"A walk (seed {seed}) breaks: {type(broken).__name__}."
    for happening, _, file in story:
        if file.closed:
            continue
        found = waits(score, file)
        after = f"after {type(happening).__name__} (seed {seed})"
        if not found:
            return f"A case waits for nothing {after}."
        if any(wait.due is None and wait.play for wait in found):
            return f"A case waits without a deadline {after}."
        if any(wait.owner not in score.parties for wait in found):
            return f"A case waits for nobody {after}."
    return None if story[-1][2].closed else f"A case does not end in {STEPS} steps (seed {seed})."


def start(score: Score, chance: Random) -> CaseFile:
    """A case file with random answers to what the entry asks."""
    door = chance.choice(score.entry.doors)
    attributes = {name: chance.choice(words) for name, words in score.entry.asks.items()}
    referrer = next((by for by in door.by if by in score.parties), score.entry.receiver)
    return CaseFile.start(
        case=UUID(int=chance.getrandbits(128), version=4),
        received=START,
        attributes=attributes
        | {"door": door.name, "referrer": referrer, "age_band": chance.choice(("under_18", "18_and_over"))},
        dates={name: START + timedelta(days=chance.randrange(100, 900)) for name in score.entry.dates},
    )


def _next(score: Score, file: CaseFile, now: datetime, chance: Random, *, patient: bool) -> Happening:
    """A fact, an overdue timer, something raised, a return or a withdrawal."""
    at = now + timedelta(minutes=chance.randrange(1, 60 * 48))
    ringing = min(file.timers, key=lambda key: file.timers[key], default=None)
    if ringing and file.timers[ringing] <= at:
        return Rang(file.timers[ringing], ringing)
    if not patient and chance.random() < 0.02:
        return WithdrawnBySender(at) if chance.random() < 0.3 or not returnable(score, file) else _returned(score, at)
    by_need = [task.name for stage in score.stages for task in stage.by_need]
    by_need += [task.name for task in score.always if not task.after_each]
    if by_need and not patient and chance.random() < 0.05:
        return Raised(at, chance.choice(by_need), score.entry.receiver)
    heard = [asking for asking in file.askings if asking.state == "open"]
    if chance.random() < 0.02:
        heard += [asking for asking in file.askings if asking.state != "open"]
    if heard and (chance.random() < 0.7 or not ringing):
        told = _fact(score, chance.choice(heard), at, chance, patient=patient)
        return replace(told, at=max(told.at, now - timedelta(days=2)))
    return Rang(file.timers[ringing], ringing) if ringing else Raised(at, "nothing", "nobody")


def _returned(score: Score, at: datetime) -> Returned:
    return Returned(at, score.entry.return_reasons[0] if score.entry.return_reasons else "none")


def _fact(score: Score, asking: Asking, at: datetime, chance: Random, *, patient: bool) -> Told:
    """Something told of an asking: mostly what is to come next, sometimes its bad end; a patient walk heads on."""
    task = score.tasks[asking.task]
    told = [moment for moment in task.what.hears if moment not in asking.moments] or list(task.settling)
    bad = [*task.what.fails, *task.what.revokes]
    moment = chance.choice(bad) if bad and not patient and chance.random() < 0.25 else told[0]
    if chance.random() < 0.1:
        moment = chance.choice(sorted(task.what.moments))
    if moment not in task.settling:
        return Told(at=at, play=asking.play, moment=moment)
    words = [word for word in task.sayable if not patient or not (task.outcomes[word] or "").startswith("back")]
    own = task.settling[moment]
    if own is None or (len(task.settling) == 1 and (own in task.sayable or chance.random() < 0.9)):
        own = chance.choice(words or list(task.sayable))
    findings = {name: chance.choice(values) for name, values in task.finds.items()}
    return Told(at=at, play=asking.play, moment=moment, outcome=own, findings=findings)
