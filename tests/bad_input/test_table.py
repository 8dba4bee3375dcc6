"""docs/bad-input.md says of every case what it is answered with; what a partner reads is what these tests send."""

from itertools import chain
from pathlib import Path

import pytest

from . import (
    test_body,
    test_duplicates,
    test_events,
    test_idempotency,
    test_meetings,
    test_pathway,
    test_person,
    test_sender,
    test_tokens,
)
from .case import Case
from .test_events import EventCase

PAGE = Path(__file__).parents[2] / "docs" / "bad-input.md"
HTTP = {
    "The body": test_body.CASES,
    "The pathway": test_pathway.CASES,
    "The person": test_person.CASES,
    "The sender": test_sender.CASES,
    "The key": test_idempotency.CASES,
    "The same person twice": test_duplicates.CASES,
    "Times and moves": test_meetings.CASES,
    "The token": test_tokens.CASES,
}
HEAD = ("| what is sent | status | code | what to do |", "|---|---|---|---|")
EVENTS_HEAD = ("| what is sent | who acts | error | what to do |", "|---|---|---|---|")


def row(case: Case) -> str:
    return f"| {case.what} | {case.status} | `{case.code}` | {case.remedy} |"


def event_row(case: EventCase) -> str:
    if not case.cause:
        return f"| {case.what} | nobody | – | Nobody who listens here knows it: it is heard by no one. |"
    return f"| {case.what} | {case.cause} | `{case.code}` | {case.remedy} |"


def tables() -> dict[str, list[str]]:
    """Heading -> the lines of its table, as the page must have them."""
    found = {title: [*HEAD, *map(row, cases)] for title, cases in HTTP.items()}
    return found | {"Events": [*EVENTS_HEAD, *map(event_row, test_events.CASES)]}


def on_the_page() -> dict[str, list[str]]:
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    parts = (section.partition("\n") for section in sections)
    return {title: [line for line in text.splitlines() if line.startswith("|")] for title, _, text in parts}


@pytest.mark.parametrize("title", tables())
def test_the_page_says_what_is_sent_and_answered(title: str):
    expected = tables()[title]
    assert on_the_page().get(title) == expected, "it must say:\n" + "\n".join(expected)


def test_the_page_says_no_more():
    assert list(on_the_page()) == list(tables())


def test_no_case_is_there_twice():
    said = [case.what for case in chain(*HTTP.values())] + [case.what for case in test_events.CASES]
    assert len(said) == len(set(said))
