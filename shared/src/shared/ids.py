"""Identifiers: time-ordered for rows and events, derived for what must be the same when asked twice."""

from uuid import UUID, uuid5

import uuid_utils.compat


def uuid7() -> UUID:
    """A time-ordered random id (RFC 9562, version 7)."""
    return uuid_utils.compat.uuid7()


def uuid_of(text: str) -> UUID | None:
    """The UUID that it is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def play_id(case: UUID, task: str, round_: int, n: int) -> UUID:
    """The id of one asking of a task: the same however often home asks, so that asking twice does nothing twice."""
    return uuid5(case, f"{task}/{round_}/{n}")
