"""Swedish time arithmetic, over holidays, eves, week ends and the two nights when the clock is moved."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import STOCKHOLM, Span, Unit, add, before, is_working_day, week_after, week_after_begins

INSTANTS = st.integers(0, 5_500_000).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=n))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2026-12-23 09:00", "2 working days", "2026-12-30 00:00"),  # the eve is a day off: 29 Dec, 24:00
        ("2026-12-30 09:00", "1 working day", "2027-01-05 00:00"),  # New Year's Eve too
        ("2026-06-18 12:00", "1 working day", "2026-06-23 00:00"),  # Midsummer Eve
        ("2026-03-07 12:00", "1 working day", "2026-03-10 00:00"),  # from a Saturday
        ("2026-03-05 10:00", "48 hours on working days", "2026-03-09 10:00"),  # Thursday: Monday
        ("2026-03-06 10:00", "24 hours on working days", "2026-03-09 10:00"),
        ("2026-03-07 10:00", "1 hour on working days", "2026-03-09 01:00"),
        ("2026-12-23 10:00", "24 hours on working days", "2026-12-28 10:00"),
        ("2026-03-05 10:00", "48 hours", "2026-03-07 10:00"),
        ("2026-03-28 08:00", "24 hours", "2026-03-29 09:00"),  # the clock is put forward: 24 elapsed
        ("2026-03-28 08:00", "1 day", "2026-03-29 08:00"),
        ("2026-10-24 08:00", "24 hours", "2026-10-25 07:00"),
        ("2026-10-24 08:00", "1 week", "2026-10-31 08:00"),
        ("2026-01-31 08:00", "1 month", "2026-02-28 08:00"),
        ("2024-01-31 08:00", "1 month", "2024-02-29 08:00"),
        ("2026-11-30 08:00", "3 months", "2027-02-28 08:00"),
    ],
)
def test_adds_as_swedish_offices_count(start: str, span: str, end: str) -> None:
    found = add(at(start), Span.parse(span))
    assert found == at(end)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("end", "span", "start"),
    [
        ("2026-03-31 08:00", "1 month", "2026-02-28 08:00"),
        ("2026-03-09 10:00", "48 hours on working days", "2026-03-05 10:00"),
        ("2026-03-09 00:00", "1 hour on working days", "2026-03-06 23:00"),
        ("2026-03-09 10:00", "1 working day", "2026-03-07 00:00"),  # Friday, 24:00
        ("2026-03-30 08:00", "1 week", "2026-03-23 08:00"),
    ],
)
def test_counts_backwards(end: str, span: str, start: str) -> None:
    assert before(at(end), Span.parse(span)) == at(start)


def test_the_week_after_ends_with_its_last_working_day() -> None:
    assert week_after(at("2026-03-04 10:00")) == at("2026-03-14 00:00")  # Friday the 13th, 24:00
    assert week_after(at("2026-12-16 10:00")) == at("2026-12-24 00:00")  # Wednesday before the eve, 24:00
    assert week_after(at("2026-12-31 23:30")) == at("2027-01-09 00:00")  # over the turn of the ISO year
    assert week_after_begins(at("2026-03-08 23:30")) == at("2026-03-09 00:00")


def test_a_day_begins_in_stockholm_not_in_greenwich() -> None:
    late_on_sunday = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)  # already Monday in Stockholm
    assert add(late_on_sunday, Span.parse("1 working day")) == at("2026-03-11 00:00")


def test_a_monthly_series_keeps_its_day() -> None:
    start = at("2026-01-31 08:00")
    assert add(start, Span.parse("1 month").times(2)) == at("2026-03-31 08:00")


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        add(at("2026-03-05 10:00").replace(tzinfo=None), Span(1, Unit.DAYS))


@pytest.mark.parametrize("text", ["0 days", "two days", "2 fortnights", "2  days", "-1 days", "1 working hours"])
def test_other_words_are_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="a span is"):
        Span.parse(text)


@given(
    INSTANTS,
    st.integers(1, 400),
    st.sampled_from(Unit),
)
def test_a_span_leads_forward_and_working_spans_end_in_working_time(start: datetime, n: int, unit: Unit) -> None:
    span = Span(n, unit)
    end = add(start, span)
    assert end > start
    assert before(start, span) < start
    assert Span.parse(str(span)) == span
    if unit in (Unit.WORKING_DAYS, Unit.HOURS_ON_WORKING_DAYS):
        last = end - timedelta(minutes=1)
        assert is_working_day(last.astimezone(STOCKHOLM).date())


@given(INSTANTS, st.integers(1, 300))
def test_hours_on_working_days_come_back_to_working_time(start: datetime, n: int) -> None:
    span = Span(n, Unit.HOURS_ON_WORKING_DAYS)
    if is_working_day(start.astimezone(STOCKHOLM).date()):
        assert before(add(start, span), span) == start
