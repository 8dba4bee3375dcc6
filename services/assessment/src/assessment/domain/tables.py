"""What assessment's tables have in common."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.entity import Asked
from shared.errors import Invalid
from shared.tables import NAMING

SKEW = timedelta(seconds=30)


class OutcomeUnknown(Invalid):
    """The outcome is not one of those it can have."""


class FindingsWrong(Invalid):
    """The findings are not exactly those asked for, each with one of its values."""


class TooEarly(Invalid):
    """A fact cannot have happened before what it follows on."""


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Assessment's tables."""


def outcome_of(said: str | None, known: Sequence[str]) -> str | None:
    """The outcome meant: what is said, or the only one there is. Raises `OutcomeUnknown`."""
    if said is None and len(known) < 2:
        return known[0] if known else None
    if said not in known:
        raise OutcomeUnknown(f"It can be: {', '.join(known) or 'none'}.")
    return said


def since_asked(row: Asked, at: datetime) -> datetime:
    """`at` in UTC, which lies after home asked; two organisations' clocks may differ by 30 s. Raises `TooEarly`."""
    if at < row.opened_at - SKEW:
        raise TooEarly("Give a time after it was asked for.")
    return max(at, row.opened_at).astimezone(UTC)


def findings_of(said: Mapping[str, str], asked: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What was found, which answers exactly what was asked. Raises `FindingsWrong`."""
    if said.keys() != asked.keys() or any(said[name] not in asked[name] for name in said):
        wanted = "; ".join(f"{name}: {', '.join(values)}" for name, values in asked.items())
        raise FindingsWrong(f"Asked for: {wanted or 'nothing'}.")
    return dict(said)
