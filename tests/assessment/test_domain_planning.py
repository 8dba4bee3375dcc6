"""Whether a plan fills the week: on every day from its first step to its last, with some hours counting half."""

from datetime import date

import pytest

from assessment.domain.planning import Counts, HoursNotFilled, Step, require_hours


def step(hours: int, starts: int, ends: int | None, counts: Counts = Counts.FULL) -> Step:
    """One in November."""
    last = date(2026, 11, ends) if ends else None
    return Step(
        activity="practice",
        party="participant",
        starts=date(2026, 11, starts),
        ends=last,
        weekly_hours=hours,
        counts=counts,
    )


@pytest.mark.parametrize(
    ("steps", "thinnest"),
    [
        ([], "0"),
        ([step(40, 2, None)], "40"),
        ([step(40, 2, 2)], "40"),
        ([step(40, 2, None, Counts.HALF)], "20"),
        ([step(25, 2, None, Counts.HALF)], "12.5"),
        ([step(40, 2, None, Counts.HALF), step(20, 2, None)], "40"),
        ([step(20, 2, 13), step(40, 14, None)], "20"),
        ([step(40, 2, 13), step(40, 14, None)], "40"),
        ([step(40, 2, 13), step(40, 15, None)], "0"),
        ([step(40, 2, 13), step(40, 13, None)], "40"),
        ([step(40, 2, 29), step(20, 9, 13)], "40"),
        ([step(20, 2, 29), step(20, 2, 13)], "20"),
        ([step(20, 2, 29), step(20, 3, 29)], "20"),
    ],
)
def test_the_thinnest_day_counts(steps: list[Step], thinnest: str):
    require_hours(steps, None)
    require_hours(steps, int(float(thinnest)))
    with pytest.raises(HoursNotFilled) as refused:
        require_hours(steps, int(float(thinnest)) + 1)
    assert refused.value.facts == {"hours": int(float(thinnest)) + 1, "thinnest": thinnest}


def test_until_further_notice_is_no_error():
    forever = Step(
        activity="practice",
        party="participant",
        starts=date(2026, 11, 2),
        ends=date.max,
        weekly_hours=40,
        counts=Counts.FULL,
    )
    require_hours([forever], None)
    require_hours([forever], 40)
