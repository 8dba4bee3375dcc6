"""The rules of a meeting, called as they are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from booking.domain import Meeting
from booking.domain.meetings import AtNight, BookedInThePast, Status, TimesWrong
from booking.domain.tables import NotYet, OutcomeUnknown
from booking.events import Reason
from shared.entity import MoveNotAllowed
from shared.errors import Refused
from shared.ids import uuid7

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)
Verb = Callable[[Meeting], object]

VERBS: dict[str, Verb] = {
    "book": lambda m: m.book(starts=TOMORROW, ends=TOMORROW + HOUR, at=NOW),
    "hold": lambda m: m.hold("held", TOMORROW),
    "miss": lambda m: m.miss(TOMORROW),
    "cancel": lambda m: m.cancel(Reason.ILLNESS, NOW),
    "decline": lambda m: m.decline(Reason.NO_TIME, NOW),
}
ALLOWED = {
    Status.REQUESTED: {"book", "cancel", "decline"},
    Status.BOOKED: {"book", "hold", "miss", "cancel"},
    Status.HELD: set[str](),
    Status.MISSED: set[str](),
    Status.CANCELLED: set[str](),
    Status.DECLINED: set[str](),
}
PATHS = {
    Status.REQUESTED: (),
    Status.BOOKED: ("book",),
    Status.HELD: ("book", "hold"),
    Status.MISSED: ("book", "miss"),
    Status.CANCELLED: ("cancel",),
    Status.DECLINED: ("decline",),
}


def meeting(status: Status = Status.REQUESTED, outcomes: tuple[str, ...] = ("held",)) -> Meeting:
    made = Meeting(
        id=uuid7(),
        case_id=UUID(int=1),
        home="norrby",
        task="first",
        round=2,
        kind="meeting",
        outcomes=list(outcomes),
        person_id=uuid7(),
        opened_at=NOW,
        changed_at=NOW,
    )
    for verb in PATHS[status]:
        VERBS[verb](made)
    assert made.status == status
    return made


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", Status)
def test_it_moves_as_the_table_says(status: Status, verb: str):
    made = meeting(status)
    before = made.model_dump()
    if verb in ALLOWED[status]:
        VERBS[verb](made)
        assert made.version == before["version"] + 1
    else:
        with pytest.raises(MoveNotAllowed):
            VERBS[verb](made)
        assert (made.status, made.version) == (before["status"], before["version"])


@pytest.mark.parametrize(
    ("starts", "lasts", "refusal"),
    [
        (TOMORROW, timedelta(0), TimesWrong),
        (TOMORROW, -HOUR, TimesWrong),
        (TOMORROW, timedelta(hours=12, seconds=1), TimesWrong),
        (NOW - timedelta(seconds=1), HOUR, BookedInThePast),
    ],
)
def test_a_time_that_cannot_be_is_refused(starts: datetime, lasts: timedelta, refusal: type[Refused]):
    made = meeting()
    with pytest.raises(refusal):
        made.book(starts=starts, ends=starts + lasts, at=NOW)
    assert (made.status, made.starts, made.version) == (Status.REQUESTED, None, 1)


def test_a_time_is_told_in_utc():
    stockholm = timezone(timedelta(hours=1))
    told = meeting().book(starts=TOMORROW.astimezone(stockholm), ends=(TOMORROW + HOUR).astimezone(stockholm), at=NOW)
    assert b'"starts":"2026-11-03T08:00:00Z","ends":"2026-11-03T09:00:00Z"' in told.body()


def test_what_has_not_begun_was_neither_held_nor_missed():
    for verb in (held_too_soon, missed_too_soon):
        with pytest.raises(NotYet):
            verb(meeting(Status.BOOKED))


def held_too_soon(made: Meeting) -> object:
    return made.hold("held", TOMORROW - HOUR)


def missed_too_soon(made: Meeting) -> object:
    return made.miss(TOMORROW - HOUR)


def test_an_outcome_is_one_of_those_asked_for():
    assert meeting(Status.BOOKED).hold(None, TOMORROW).outcome == "held"
    choice = ("held", "revise")
    assert meeting(Status.BOOKED, choice).hold("revise", TOMORROW).outcome == "revise"
    for said in (None, "stopped"):
        with pytest.raises(OutcomeUnknown) as refusal:
            meeting(Status.BOOKED, choice).hold(said, TOMORROW)
        assert "held, revise" in refusal.value.remedy
        assert "stopped" not in str(refusal.value)


def test_a_fact_repeats_what_was_asked():
    made = meeting(Status.BOOKED)
    told = made.hold("held", TOMORROW)
    assert (told.case_id, told.home, told.task, told.round, told.play) == (UUID(int=1), "norrby", "first", 2, made.id)
    assert told.time == TOMORROW


@pytest.mark.parametrize(
    "starts", ["2026-11-03T04:59:00Z", "2026-11-03T20:30:00Z", "2026-11-03T22:30:00Z", "2027-06-01T03:59:00Z"]
)
def test_nobody_meets_at_night(starts: str):
    """By the clock in Sweden, in winter and in summer."""
    begins = datetime.fromisoformat(starts)
    with pytest.raises(AtNight):
        meeting().book(starts=begins, ends=begins + HOUR, at=NOW)


@pytest.mark.parametrize("starts", ["2026-11-03T05:00:00Z", "2026-11-03T20:00:00Z", "2027-06-01T04:00:00Z"])
def test_early_and_late_are_day(starts: str):
    begins = datetime.fromisoformat(starts)
    assert meeting().book(starts=begins, ends=begins + HOUR, at=NOW).starts == begins
