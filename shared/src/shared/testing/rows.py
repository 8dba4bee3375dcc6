"""What a service told, as a test reads it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.envelope import PREFIX


@dataclass(frozen=True, slots=True)
class Told:
    """One event that a service told. `fact` is `meeting.booked`; `said` its body."""

    id: UUID
    fact: str
    case_id: UUID | None
    home: str
    addressee: str | None
    audience: frozenset[str]
    time: datetime
    recorded: datetime
    causation: UUID | None
    said: dict[str, Any]


def told_from(row: Row[Any]) -> Told:
    """An event row, read."""
    return Told(
        id=row.id,
        fact=row.type.removeprefix(PREFIX).rpartition(".v")[0],
        case_id=row.case_id,
        home=row.home,
        addressee=row.addressee,
        audience=row.audience,
        time=row.time,
        recorded=row.recorded,
        causation=row.causation,
        said=json.loads(row.body),
    )
