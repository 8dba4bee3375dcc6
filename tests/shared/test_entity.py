"""A row with behaviour: where it may move, and what it says of it."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.entity import Asked, MoveNotAllowed
from shared.ids import uuid7
from shared.tasks import TaskFact

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Row(SQLModel, registry=registry(metadata=MetaData())):
    """The tables of these tests."""


class Errand(Asked, Row, table=True):
    """Something asked for."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "requested": frozenset({"begun"}),
        "begun": frozenset({"done", "begun"}),
    }


class ErrandDone(TaskFact, type="errand.done"):
    """It was done."""


def errand() -> Errand:
    return Errand(
        id=uuid7(),
        case_id=uuid7(),
        home="norrby",
        task="first",
        round=2,
        kind="errand",
        status="requested",
        opened_at=NOW,
        changed_at=NOW,
    )


def test_it_moves_where_it_may_and_each_move_is_a_version():
    row = errand()
    for status, version in (("begun", 2), ("begun", 3), ("done", 4)):
        row.move(status, NOW + timedelta(hours=version))
        assert (row.status, row.version, row.changed_at) == (status, version, NOW + timedelta(hours=version))


def test_it_stays_where_it_is_if_it_may_not():
    row = errand()
    with pytest.raises(MoveNotAllowed) as no:
        row.move("done", NOW)
    assert no.value.remedy == "From requested it can become: begun."
    assert no.value.facts == {"status_now": "requested", "asked_for": "done"}
    assert (row.status, row.version) == ("requested", 1)


def test_what_is_over_says_so():
    row = errand()
    row.status = "done"
    with pytest.raises(MoveNotAllowed, match="nothing more"):
        row.move("begun", NOW)


def test_what_happened_earlier_does_not_turn_the_change_back():
    row = errand()
    row.changed(NOW - timedelta(days=1))
    assert (row.version, row.changed_at) == (2, NOW)


def test_a_fact_repeats_what_it_answers():
    row = errand()
    told = row.fact(ErrandDone, NOW, outcome="well")
    assert (told.task, told.round, told.play, told.outcome) == ("first", 2, row.id, "well")
    assert (told.case_id, told.home, told.time, told.stream) == (row.case_id, "norrby", NOW, row.case_id)
