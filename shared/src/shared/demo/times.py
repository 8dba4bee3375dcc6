"""Instants as people in Stockholm read them; midnight is where a day ends: Tuesday 24:00."""

from datetime import datetime, time, timedelta

from shared.calendar import STOCKHOLM


def day(at: datetime) -> str:
    """`Mon 2 Mar`."""
    local = at.astimezone(STOCKHOLM)
    return f"{local:%a} {local.day} {local:%b}"


def clock(at: datetime) -> str:
    """`08:30`."""
    return f"{at.astimezone(STOCKHOLM):%H:%M}"


def due(at: datetime) -> str:
    """`Mon 2 Mar 24:00`."""
    return _until(at, day(at), day(at - timedelta(days=1)))


def dated_due(at: datetime) -> str:
    """`2026-03-02 24:00`."""
    local = at.astimezone(STOCKHOLM)
    return _until(at, f"{local:%Y-%m-%d}", f"{local - timedelta(days=1):%Y-%m-%d}")


def _until(at: datetime, that_day: str, the_day_before: str) -> str:
    ends_a_day = at.astimezone(STOCKHOLM).time() == time()
    return f"{the_day_before} 24:00" if ends_a_day else f"{that_day} {clock(at)}"
