"""The time phrases of the grammar: `24 hours after booked`, `by date.programme_end`, `the week after answer.ended`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from shared.calendar import Span, Unit, add, before, week_after, week_after_begins
from shared.pathways.spelling import Miswritten

_PHRASE = re.compile(r"(?:(?P<span>\d+ .+?) (?P<side>after|before)|(?P<word>by|the week after)) (?P<moment>\S+)")
_MOMENT = re.compile(r"(?:(?P<owner>[a-z0-9][a-z0-9_-]*)\.)?(?P<name>[a-z][a-z0-9_-]*)")


@dataclass(frozen=True)
class Moment:
    """An anchor: the task's own `booked`, another's `three-party.ended`, `case.opened` or `date.<name>`."""

    owner: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass(frozen=True)
class Phrase:
    """An instant that follows from a moment."""

    side: str
    moment: Moment
    span: Span | None = None

    def instant(self, known: Callable[[Moment], datetime | None]) -> datetime | None:
        """When it is due; None while its moment is not known."""
        return self._from(known, week_after)

    def begins(self, known: Callable[[Moment], datetime | None]) -> datetime | None:
        """The same where it says "not before": then "the week after" is that week's Monday."""
        return self._from(known, week_after_begins)

    def _from(
        self, known: Callable[[Moment], datetime | None], week: Callable[[datetime], datetime]
    ) -> datetime | None:
        at = known(self.moment)
        if at is None:
            return None
        if self.span:
            return add(at, self.span) if self.side == "after" else before(at, self.span)
        return at if self.side == "by" else week(at)


UNITS = ", ".join(Unit)


@cache
def phrase(text: str) -> Phrase:
    """Reads one time phrase; `Miswritten` says what a phrase looks like."""
    found = _PHRASE.fullmatch(text)
    moment = _MOMENT.fullmatch(found["moment"]) if found else None
    if not found or not moment:
        raise Miswritten(
            f"'{text}' is not a time.",
            "Write '<n> <unit> after|before <moment>', 'by <moment>' or 'the week after <moment>'; "
            f"a unit is one of {UNITS}.",
        )
    anchor = Moment(moment["owner"], moment["name"])
    if found["word"]:
        return Phrase(found["word"], anchor)
    return Phrase(found["side"], anchor, span(found["span"]))


@cache
def span(text: str) -> Span:
    """Reads one span, as `4 weeks`; `Miswritten` says what a span looks like."""
    try:
        return Span.parse(text)
    except ValueError as error:
        remedy = f"Write a number from 1 and a unit: {UNITS}."
        raise Miswritten(f"'{text}' is not a length of time.", remedy) from error
