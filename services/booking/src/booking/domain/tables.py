"""What booking's tables have in common."""

from collections.abc import Sequence

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.errors import Invalid
from shared.tables import NAMING


class NotYet(Invalid):
    """It cannot be told before it has begun."""


class OutcomeUnknown(Invalid):
    """The outcome is not one of those it can have."""


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Booking's tables."""


def outcome_of(said: str | None, known: Sequence[str]) -> str:
    """The outcome meant: what is said, or the only one there is. Raises `OutcomeUnknown`."""
    outcome = said or (known[0] if len(known) == 1 else None)
    if outcome is None or outcome not in known:
        raise OutcomeUnknown(f"It can be: {', '.join(known) or 'none'}.")
    return outcome
