"""What the tables of a service have in common: an id, a version, and the stream their events belong to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from sqlmodel import Field, SQLModel

from .errors import Refused
from .events import Event
from .ids import uuid7
from .tables import Instant

E = TypeVar("E", bound=Event)


class MoveNotAllowed(Refused):
    """It cannot move there from where it is."""


class Entity(SQLModel):
    """A row with behaviour. A verb checks, changes the row, and returns the event that says so."""

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(index=True)
    home: str
    version: int = 1
    changed_at: datetime = Field(sa_type=Instant)  # pyright: ignore[reportArgumentType] -- sqlmodel types sa_type as type[Any]

    def changed(self, at: datetime) -> None:
        """Every verb that changes the row calls this once; the version is the row's ETag."""
        self.version += 1
        self.changed_at = max(at, self.changed_at)

    def tells(self, event: type[E], at: datetime, **fields: Any) -> E:
        """An event about this row's case, told to its home."""
        return event(case_id=self.case_id, home=self.home, time=at, **fields)


class Asked(Entity):
    """A row that exists because home asked for it: its id is the play that every fact about it repeats."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {}

    task: str
    round: int
    kind: str
    status: str
    opened_at: datetime = Field(sa_type=Instant)  # pyright: ignore[reportArgumentType] -- as above
    listed: UUID = Field(default_factory=uuid7, index=True)
    """In order of time, as the play is not: lists go by it."""

    def move(self, to: str, at: datetime) -> None:
        """Moves to another status, where `MOVES` allows it. Raises `MoveNotAllowed`."""
        if to not in self.MOVES.get(self.status, frozenset()):
            allowed: Sequence[str] = sorted(self.MOVES.get(self.status, ()))
            raise MoveNotAllowed(
                f"From {self.status} it can become: {', '.join(allowed) or 'nothing more'}.",
                status_now=self.status,
                asked_for=to,
            )
        self.status = to
        self.changed(at)

    def fact(self, event: type[E], at: datetime, **fields: Any) -> E:
        """A fact that answers home's request: it repeats task, round and play."""
        return self.tells(event, at, task=self.task, round=self.round, play=self.id, **fields)
