"""The demo's table: every day and time is in it, and what was missed is in sight."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from shared.demo.making import Sent
from shared.demo.rows import Row
from shared.demo.table import Flow, Scene, drawn

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture
def rows() -> list[Row]:
    return read("bengtsfors")


def read(name: str) -> list[Row]:
    text = (SCENARIOS / f"{name}-table.json").read_text(encoding="utf-8")
    return [Row.model_validate(row) for row in json.loads(text)]


def scene(rows: list[Row], sent: Sent | None = None) -> Scene:
    words = {"mapping": "Kartläggning", "never": "Aldrig", "social_services": "Socialtjänsten"}
    return Scene(title="Norrby kommun", pathway="Första stegen", words=words, rows=rows, sent=sent)


def text(*scenes: Scene, width: int = 140) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(drawn(scenes))
    return captured.get()


def test_at_140_columns_each_day_is_one_line(rows: list[Row]):
    shown = text(scene(rows))
    assert "  Mon 2 Mar   08:30 referred · 09:00 investigating-interview booked · 14:00 held · 14:30 " in shown
    assert "  Ended       activity_started on Fri 6 Mar 13:00 · 7 deadlines kept · 1 MISSED" in shown
    assert "              late: assessment-meeting held Tue 3 Mar 16:00, due Tue 3 Mar 15:00" in shown
    assert "              late: first-activity started Mon 9 Mar 09:00, due Fri 6 Mar 14:00" in shown
    assert "08:00 assessment-meeting booked · 09:15 moved · 16:00 held" in shown
    assert "12 people · 77 deadlines kept · 2 MISSED\n" in shown
    assert shown.count("\n") < 100


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("name", ["bengtsfors", "trollhattan"])
def test_in_a_narrow_terminal_nothing_is_cut_and_a_line_breaks_between_two_facts(name: str, width: int):
    rows = read(name)
    shown = text(scene(rows), width=width)
    assert "…" not in shown
    assert shown.split().count("Ended") == sum(row.ended is not None for row in rows)
    of_days = [line.strip() for line in shown.splitlines() if line.startswith("  ")]
    assert [line for line in of_days if line.endswith((" ·", "booked ·")) or line.startswith("·")] == []


def test_what_never_came_was_missed(rows: list[Row]):
    en = next(row for row in rows if row.person == "En")
    facts = [fact for fact in en.facts if fact.what != "assessment-meeting held"]
    assert "missed: assessment-meeting ended, due Tue 3 Mar 15:00" in text(
        scene([en.model_copy(update={"facts": facts})])
    )


def test_a_case_that_goes_on_is_still_open(rows: list[Row]):
    assert "  Still open  8 deadlines kept" in text(scene([rows[0].model_copy(update={"ended": None})]))


def test_a_row_that_was_refused_is_there_with_its_reason_in_both_languages():
    shown = text(scene(read("trollhattan")))
    assert "  Refused     row 8: The person's age on the day of the referral is outside the pathway's: 25-65" in shown
    assert "              Personens ålder på remissens dag är utanför vägens: 25-65 år." in shown
    assert "7 people · 44 deadlines kept · 1 refused\n" in shown


def test_each_organisation_stands_under_its_name_with_its_words(rows: list[Row]):
    at = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
    sent = Sent(file="bokningsdokument.xlsx", by="social_services", at=at, total=7, received=6, refused=1)
    shown = text(scene(rows), scene(read("trollhattan"), sent))
    assert shown.count(" Norrby kommun ") == 2
    assert shown.count("mapping = Kartläggning\n") == 1, "a word is told where its task is to be seen"
    assert "Aldrig" not in shown
    assert "bokningsdokument.xlsx: 7 rows, 6 received, 1 refused (Socialtjänsten, Mon 2 Mar 08:30)" in shown
    assert "19 people · 121 deadlines kept · 2 MISSED · 1 refused\n" in shown


def test_one_instant_is_named_once():
    shown = text(scene([row for row in read("trollhattan") if row.person == "Brud"]))
    assert "11:00 assessment-talk booked · 11:10 interpreter ordered" in shown
    assert "09:00 assessment-talk moved · interpreter released · ordered · 10:30 confirmed" in shown


def test_the_readme_shows_it_as_it_is():
    readme = (SCENARIOS.parents[1] / "README.md").read_text(encoding="utf-8").splitlines()
    first = next(n for n, line in enumerate(readme) if line.startswith("    Brud"))
    excerpt = [line[4:] for line in readme[first : readme.index("", first)]]
    shown = [line.rstrip() for line in text(scene(read("trollhattan")), width=120).splitlines()]
    assert excerpt == shown[shown.index(excerpt[0]) :][: len(excerpt)]


@pytest.mark.parametrize(("width", "lines"), [(29, 1), (28, 2)])
def test_what_does_not_fit_stands_whole_on_the_next_line(width: int, lines: int):
    console = Console(width=width)
    with console.capture() as captured:
        console.print(Flow(["08:30 referred", "09:00 booked"]))
    shown = captured.get().splitlines()
    assert shown == {1: ["08:30 referred · 09:00 booked"], 2: ["08:30 referred", "09:00 booked"]}[lines]
