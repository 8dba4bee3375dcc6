"""The rules of a basis, as plain objects."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from consent.domain import (
    OPEN_FOR,
    Basis,
    BeforeGiven,
    Form,
    NotInWriting,
    PeriodOver,
    Status,
    Use,
)
from shared.entity import MoveNotAllowed
from shared.errors import Refused
from shared.ids import uuid7

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
LATER = AT + timedelta(days=1)
DESK = ("agency", "desk")


def pair(written: str) -> tuple[str, str]:
    """`norrby:office` as (organisation, party)."""
    organisation, _, party = written.partition(":")
    return organisation, party


def basis(
    status: Status = Status.REQUESTED, *, waiver: bool = True, between: str = "norrby:office agency:desk"
) -> Basis:
    return Basis(
        id=uuid7(),
        case_id=uuid7(),
        home="norrby",
        task="waiver",
        round=1,
        kind="consent",
        status=status,
        waiver=waiver,
        person_id=uuid4(),
        between=[{"organisation": o, "party": p} for o, p in map(pair, between.split())],
        opened_at=AT,
        changed_at=AT,
        given_at=None if status in (Status.REQUESTED, Status.REFUSED) else AT,
    )


VERBS: dict[str, Callable[[Basis], object]] = {
    "granted": lambda b: b.grant(Form.WRITTEN, AT, until=None, now=AT),
    "refused": lambda b: b.refuse(AT, now=AT),
    "recalled": lambda b: b.recall(AT),
    "withdrawing": lambda b: b.withdraw(AT, now=AT),
    "withdrawn": lambda b: b.acknowledge(AT),
    "expired": lambda b: b.expire(AT, now=AT),
}
ALLOWED = {
    ("requested", "granted"),
    ("requested", "refused"),
    ("requested", "recalled"),
    ("granted", "withdrawing"),
    ("granted", "expired"),
    ("withdrawing", "withdrawn"),
}


@pytest.mark.parametrize("to", VERBS)
@pytest.mark.parametrize("status", Status)
def test_it_moves_only_where_it_may(status: Status, to: str):
    it = basis(status)
    if (status, to) in ALLOWED:
        VERBS[to](it)
        assert (it.status, it.version) == (to, 2)
    else:
        with pytest.raises(MoveNotAllowed):
            VERBS[to](it)
        assert (it.status, it.version, it.last_number) == (status, 1, 0)


@pytest.mark.parametrize(
    ("waiver", "form", "allowed"),
    [(True, "written", True), (True, "oral", False), (True, "electronic", False), (False, "oral", True)],
)
def test_a_waiver_is_in_writing(waiver: bool, form: str, allowed: bool):
    it = basis(waiver=waiver)
    if allowed:
        assert it.grant(Form(form), AT, until=None, now=AT).outcome == "given"
        assert it.form == form
    else:
        with pytest.raises(NotInWriting):
            it.grant(Form(form), AT, until=None, now=AT)


@pytest.mark.parametrize("status", Status)
def test_only_what_is_granted_covers(status: Status):
    covers = basis(status).covers(releaser="norrby", to=DESK, at=AT)
    assert covers is (status is Status.GRANTED)


@pytest.mark.parametrize(
    ("between", "releaser", "to", "covers"),
    [
        ("norrby:office agency:desk", "norrby", "agency:desk", True),
        ("norrby:office agency:desk", "agency", "norrby:office", True),
        ("norrby:office agency:desk clinic:ward", "clinic", "agency:desk", True),
        ("norrby:office agency:desk", "norrby", "clinic:ward", False),
        ("norrby:office agency:desk", "clinic", "agency:desk", False),
        ("norrby:office agency:desk", "norrby", "norrby:office", False),
        ("norrby:office norrby:school", "norrby", "norrby:school", True),
        ("norrby:office norrby:school", "norrby", "agency:desk", False),
        ("norrby:office agency:desk", "norrby", "agency:payroll", False),
        ("norrby:office agency:desk", "norrby", "norrby:desk", False),
        ("norrby:office norrby:school", "norrby", "norrby:library", False),
    ],
)
def test_it_covers_the_very_parties_between_whom_it_is(between: str, releaser: str, to: str, covers: bool):
    it = basis(Status.GRANTED, between=between)
    assert it.covers(releaser=releaser, to=pair(to), at=AT) is covers


def test_a_period_ends_at_its_instant():
    it = basis()
    it.grant(Form.WRITTEN, AT, until=LATER, now=AT)
    assert it.covers(releaser="norrby", to=DESK, at=LATER - timedelta(microseconds=1))
    assert not it.covers(releaser="norrby", to=DESK, at=LATER)
    with pytest.raises(PeriodOver):
        basis().grant(Form.WRITTEN, AT, until=AT, now=AT)


def test_it_is_not_withdrawn_before_it_was_given():
    with pytest.raises(BeforeGiven):
        basis(Status.GRANTED).withdraw(AT - timedelta(seconds=1), now=LATER)


def test_numbers_rise_through_permits_and_withdrawal():
    it = basis(Status.GRANTED)
    given = [it.permit(uuid4(), AT, releaser="norrby").number for _ in range(3)]
    it.withdraw(AT, now=AT)
    assert (given, it.ended_number) == ([1, 2, 3], 4)


def test_a_permit_is_closed_once():
    permit = basis(Status.GRANTED).permit(uuid4(), AT)
    assert (permit.status, permit.fence_at) == (Use.OPEN, AT + OPEN_FOR)
    permit.close(void=False)
    permit.close(void=True)
    assert (permit.status, permit.fence_at) == (Use.RELEASED, None)


def test_refusals_say_what_to_do_and_nothing_of_the_person():
    it = basis()
    for wrong in (lambda: it.grant(Form.ORAL, AT, until=None, now=AT), lambda: it.acknowledge(AT)):
        with pytest.raises(Refused) as refused:
            wrong()
        assert refused.value.remedy
        assert str(it.person_id) not in f"{refused.value} {refused.value.facts}"
