"""The rules of an order for an interpreter, called as they are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from booking.domain import Meeting, Order
from booking.domain.arrangements import Arrangement
from booking.domain.interpreters import AnsweredTooLate, InterpreterBlocked, Refusal, Status
from booking.domain.meetings import Interpreter
from booking.events import Reason
from shared.entity import MoveNotAllowed
from shared.ids import uuid7
from shared.tasks import Participant
from shared.testing.booking_interpreters import WANTED

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
ANSWER_BY = NOW + timedelta(hours=4)
AGENCY = Participant(party="interpreter_agency", organisation="agency")
Verb = Callable[[Order], object]

VERBS: dict[str, Verb] = {
    "confirm": lambda order: order.confirm("T-1", NOW),
    "refuse": lambda order: order.refuse(Refusal.NOBODY_FREE, NOW),
    "lapse": lambda order: order.lapse(ANSWER_BY),
    "release": lambda order: order.release(NOW),
    "use": lambda order: order.use(NOW),
}
ALLOWED = {
    Status.ASKED: {"confirm", "refuse", "lapse", "release"},
    Status.CONFIRMED: {"refuse", "release", "use"},
    Status.REFUSED: set[str](),
    Status.UNANSWERED: set[str](),
    Status.RELEASED: set[str](),
    Status.USED: set[str](),
}
PATHS = {
    Status.ASKED: (),
    Status.CONFIRMED: ("confirm",),
    Status.REFUSED: ("refuse",),
    Status.UNANSWERED: ("lapse",),
    Status.RELEASED: ("release",),
    Status.USED: ("confirm", "use"),
}


def meeting(starts: datetime = NOW + timedelta(days=9)) -> Meeting:
    made = Meeting(
        id=uuid7(),
        case_id=uuid7(),
        home="norrby",
        task="first",
        round=1,
        kind="meeting",
        outcomes=["held"],
        person_id=uuid7(),
        interpreters=Arrangement(ordered_by="clinic", providers=(AGENCY,), lead="2 working days").model_dump(),
        opened_at=NOW,
        changed_at=NOW,
    )
    made.book(starts=starts, ends=starts + timedelta(hours=1), at=NOW)
    return made


def order(status: Status = Status.ASKED) -> Order:
    made = Order.asked(meeting(), AGENCY, WANTED, turn=0, at=NOW)
    for verb in PATHS[status]:
        VERBS[verb](made)
    assert made.status == status
    return made


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", Status)
def test_it_moves_as_the_table_says(status: Status, verb: str):
    made = order(status)
    version = made.version
    if verb in ALLOWED[status]:
        VERBS[verb](made)
        assert made.version == version + 1
    else:
        with pytest.raises(MoveNotAllowed):
            VERBS[verb](made)
        assert (made.status, made.version) == (status, version)


def test_an_answer_counts_until_its_instant():
    order().confirm("T-1", ANSWER_BY)
    made = order()
    with pytest.raises(AnsweredTooLate):
        made.confirm("T-1", ANSWER_BY + timedelta(microseconds=1))
    assert (made.status, made.interpreter) == (Status.ASKED, None)


def test_a_blocked_one_is_refused_without_being_named():
    made = order()
    with pytest.raises(InterpreterBlocked) as refusal:
        made.confirm("T-666", NOW)
    assert "T-666" not in str(refusal.value)
    assert made.status == Status.ASKED


def test_hours_for_an_answer_stand_still_at_weekends_and_end_when_it_begins():
    friday = datetime(2026, 11, 6, 21, tzinfo=UTC)
    assert meeting().answer_by(friday) == datetime(2026, 11, 9, 1, tzinfo=UTC)
    soon = meeting(NOW + timedelta(hours=1))
    assert soon.answer_by(NOW) == soon.starts


def test_an_interpreter_is_to_be_confirmed_two_working_days_before():
    assert meeting(datetime(2026, 11, 10, 9, tzinfo=UTC)).confirmed_by == datetime(2026, 11, 6, 23, tzinfo=UTC)


@pytest.mark.parametrize("state", Interpreter)
def test_a_meeting_is_unready_once_while_one_is_needed_and_none_is_confirmed(state: Interpreter):
    made = meeting()
    made.interpreter_becomes(state, NOW)
    told = made.lack(NOW)
    assert (told is not None) == (state in (Interpreter.ORDERED, Interpreter.UNAVAILABLE))
    assert made.lack(NOW) is None


def test_a_meeting_that_is_called_off_is_not_unready():
    made = meeting()
    made.interpreter_becomes(Interpreter.UNAVAILABLE, NOW)
    made.cancel(Reason.ILLNESS, NOW)
    assert made.lack(NOW) is None
