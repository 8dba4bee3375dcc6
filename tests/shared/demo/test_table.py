"""The demo's table: every day and time is in it, and what was missed is in sight."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from shared.demo.rows import Row
from shared.demo.table import drawn

EXPECTED = Path(__file__).parents[2] / "scenarios/bengtsfors-table.json"


@pytest.fixture
def rows() -> list[Row]:
    return [Row.model_validate(row) for row in json.loads(EXPECTED.read_text(encoding="utf-8"))]


def text(rows: list[Row], width: int) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(drawn(rows))
    return captured.get()


def test_at_140_columns_each_day_is_one_line(rows: list[Row]):
    shown = text(rows, 140)
    assert "  Mon 2 Mar   08:30 referred · 09:00 investigating-interview booked · 14:00 held · 14:30 " in shown
    assert "  Ended       activity_started on Fri 6 Mar 13:00 · 7 deadlines kept · 1 MISSED" in shown
    assert "              late: assessment-meeting held Tue 3 Mar 16:00, due Tue 3 Mar 15:00" in shown
    assert "              late: first-activity started Mon 9 Mar 09:00, due Fri 6 Mar 14:00" in shown
    assert "08:00 assessment-meeting booked · 09:15 moved · 16:00 held" in shown
    assert "12 people · 77 deadlines kept · 2 MISSED" in shown
    assert shown.count("\n") < 100


@pytest.mark.parametrize("width", [60, 100])
def test_in_a_narrow_terminal_nothing_is_cut(rows: list[Row], width: int):
    words = text(rows, width).split()
    assert sorted(words) == sorted(w for w in words if "…" not in w)
    assert words.count("Ended") == len(rows)


def test_what_never_came_was_missed(rows: list[Row]):
    en = next(row for row in rows if row.person == "En")
    facts = [fact for fact in en.facts if fact.what != "assessment-meeting held"]
    assert "missed: assessment-meeting ended, due Tue 3 Mar 15:00" in text(
        [en.model_copy(update={"facts": facts})], 140
    )


def test_a_case_that_goes_on_is_still_open(rows: list[Row]):
    assert "Ended       still open" in text([rows[0].model_copy(update={"ended": None})], 100)
