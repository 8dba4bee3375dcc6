"""Swedish time arithmetic: spans of hours, working days, weeks and months, counted the way Swedish offices count."""

import calendar as months
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")
_SPAN = re.compile(r"(\d+) (hours?(?: on working days)?|working days?|days?|weeks?|months?)")


class Unit(StrEnum):
    HOURS = "hours"
    HOURS_ON_WORKING_DAYS = "hours on working days"
    WORKING_DAYS = "working days"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


@dataclass(frozen=True)
class Span:
    """A length of time, as `48 hours on working days`."""

    n: int
    unit: Unit

    @staticmethod
    def parse(text: str) -> "Span":
        """Reads `<n> <unit>`, singular or plural; ValueError for anything else, and for nought."""
        found = _SPAN.fullmatch(text)
        if not found or int(found[1]) == 0:
            raise ValueError("a span is a number from 1 and a unit, as '24 hours' or '2 working days'")
        unit = re.sub(r"^(working day|hour|day|week|month)(?!s)", r"\1s", found[2])
        return Span(int(found[1]), Unit(unit))

    def times(self, n: int) -> "Span":
        """The span `n` times over; months are multiplied before they clip, so a monthly series keeps its day."""
        return Span(self.n * n, self.unit)

    def __str__(self) -> str:
        unit = re.sub(r"s( on|$)", r"\1", self.unit, count=1) if self.n == 1 else self.unit
        return f"{self.n} {unit}"


def is_working_day(day: date) -> bool:
    """Monday to Friday, and neither a public holiday nor an eve that is one in practice."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def add(start: datetime, span: Span) -> datetime:
    """The instant `span` after `start`, in UTC.

    Hours are elapsed. Hours on working days stand still on all other days. Working days end at 24:00 in Stockholm.
    Days, weeks and months keep the time on the clock in Stockholm; months clip to the last day.
    """
    return _shift(start, span, 1)


def before(end: datetime, span: Span) -> datetime:
    """The instant `span` before `end`, in UTC; n working days before is 24:00 on the nth working day before."""
    return _shift(end, span, -1)


def week_after(moment: datetime) -> datetime:
    """When "the week after" ends: 24:00 on the last working day of the next ISO week."""
    monday = week_after_begins(moment).astimezone(STOCKHOLM).date()
    working = [day for day in (monday + timedelta(days=n) for n in range(7)) if is_working_day(day)]
    return _midnight((working[-1] if working else monday + timedelta(days=6)) + timedelta(days=1))


def week_after_begins(moment: datetime) -> datetime:
    """When "the week after" begins: Monday 00:00 of the next ISO week, in Stockholm."""
    day = _local(moment).date()
    return _midnight(day + timedelta(days=7 - day.weekday()))


def _shift(start: datetime, span: Span, sign: int) -> datetime:
    local = _local(start)
    match span.unit:
        case Unit.HOURS:
            return start.astimezone(UTC) + sign * timedelta(hours=span.n)
        case Unit.HOURS_ON_WORKING_DAYS:
            return _working_hours(start.astimezone(UTC), timedelta(hours=span.n), sign)
        case Unit.WORKING_DAYS:
            return _midnight(_working_day(local.date(), span.n, sign) + timedelta(days=1))
        case Unit.DAYS:
            return (local + sign * timedelta(days=span.n)).astimezone(UTC)
        case Unit.WEEKS:
            return (local + sign * timedelta(weeks=span.n)).astimezone(UTC)
        case Unit.MONTHS:
            year, month = divmod(local.year * 12 + local.month - 1 + sign * span.n, 12)
            day = min(local.day, months.monthrange(year, month + 1)[1])
            return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def _working_day(day: date, n: int, sign: int) -> date:
    while n:
        day += sign * timedelta(days=1)
        n -= is_working_day(day)
    return day


def _working_hours(at: datetime, left: timedelta, sign: int) -> datetime:
    while True:
        day = _local(at).date()
        if sign < 0 and at == _midnight(day):
            day -= timedelta(days=1)
        edge = _midnight(day + timedelta(days=1)) if sign > 0 else _midnight(day)
        if is_working_day(day):
            room = abs(edge - at)
            if left <= room:
                return at + sign * left
            left -= room
        at = edge


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return moment.astimezone(STOCKHOLM)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), STOCKHOLM).astimezone(UTC)


@cache
def _holidays(year: int) -> frozenset[date]:
    import holidays  # large; most services count no working days

    days = holidays.country_holidays("SE", years=year, categories=("public", "de_facto"), include_sundays=False)
    return frozenset(days)
