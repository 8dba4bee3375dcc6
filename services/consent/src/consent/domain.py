"""The rules of a basis and its permits. No session, no clock, no network: call it from a test as it is."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, Column, MetaData, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.entity import Asked
from shared.errors import Fault, Invalid, Refused
from shared.tables import NAMING, Instant
from shared.tasks import HeardRequest, Participant

from .events import ConsentExpired, ConsentGranted, ConsentRefused, ConsentWithdrawn

OPEN_FOR = timedelta(seconds=60)
"""How long a permit may stand open before it is fenced; the release gives up long before (10 s)."""


class Status(StrEnum):
    """Where a basis is."""

    REQUESTED = "requested"
    GRANTED = "granted"
    REFUSED = "refused"
    RECALLED = "recalled"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Form(StrEnum):
    """How it was given; the document itself stays with the party that obtained it."""

    WRITTEN = "written"
    ORAL = "oral"
    ELECTRONIC = "electronic"


class Use(StrEnum):
    """What became of a permit."""

    OPEN = "open"
    RELEASED = "released"
    VOID = "void"


class NotInWriting(Invalid):
    """A waiver of secrecy is given in writing."""


class PeriodOver(Invalid):
    """The period it is given for has ended already."""


class BeforeGiven(Invalid):
    """It cannot be withdrawn before it was given."""


class ReleaseKnown(Refused):
    """A permit was asked for under this release id before."""


class NotCallable(Refused):
    """A service that cannot be called cannot release on consent, since its releases could not be fenced."""

    fault = Fault.PLATFORM


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Consent's tables."""


class Basis(Asked, Table, table=True):
    """One asking for a consent, or for a waiver of secrecy (OSL 10:1, 12:2): different records, one life."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.REQUESTED: frozenset({Status.GRANTED, Status.REFUSED, Status.RECALLED}),
        Status.GRANTED: frozenset({Status.WITHDRAWING, Status.EXPIRED}),
        Status.WITHDRAWING: frozenset({Status.WITHDRAWN}),
    }

    status: str = Status.REQUESTED
    waiver: bool
    person_id: UUID = Field(index=True)
    between: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    form: str | None = None
    given_at: datetime | None = Field(default=None, sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
    last_number: int = 0
    ended_number: int | None = None

    @classmethod
    def requested(cls, request: HeardRequest, at: datetime, *, waiver: bool, between: Sequence[Participant]) -> "Basis":
        return cls(
            id=request.play,
            case_id=request.case_id,
            home=request.home,
            task=request.task,
            round=request.round,
            kind=request.kind,
            waiver=waiver,
            person_id=request.person_id,
            between=[{"party": p.party, "organisation": p.organisation} for p in between],
            opened_at=request.time,
            changed_at=at,
        )

    def grant(self, form: Form, at: datetime, *, until: datetime | None, now: datetime) -> ConsentGranted:
        """Raises `NotInWriting`, `PeriodOver`, `MoveNotAllowed`."""
        if self.waiver and form is not Form.WRITTEN:
            raise NotInWriting("Have it signed, then say form: written.")
        if until is not None and until <= now:
            raise PeriodOver("Give an end to come, or none.")
        self.move(Status.GRANTED, now)
        self.form, self.given_at, self.until = form, at, until
        return self.fact(ConsentGranted, at, outcome="given", until=until)

    def refuse(self, at: datetime, *, now: datetime) -> ConsentRefused:
        """Raises `MoveNotAllowed`."""
        self.move(Status.REFUSED, now)
        return self.fact(ConsentRefused, at, outcome="refused")

    def recall(self, now: datetime) -> None:
        """Home took it back before the person had answered. Raises `MoveNotAllowed`."""
        self.move(Status.RECALLED, now)

    def withdraw(self, at: datetime, *, now: datetime) -> None:
        """From here no permit; `withdrawn` once none is open. Raises `MoveNotAllowed`, `BeforeGiven`."""
        if self.given_at is not None and at < self.given_at:
            raise BeforeGiven("Correct the time.")
        self.move(Status.WITHDRAWING, now)
        self.withdrawn_at = at
        self.ended_number = self._next_number()

    def acknowledge(self, now: datetime) -> ConsentWithdrawn:
        """No permit is open any more. Raises `MoveNotAllowed`."""
        self.move(Status.WITHDRAWN, now)
        return self.fact(ConsentWithdrawn, self.withdrawn_at or now)

    def expire(self, at: datetime, *, now: datetime) -> ConsentExpired:
        """Raises `MoveNotAllowed`."""
        self.move(Status.EXPIRED, now)
        self.ended_number = self._next_number()
        return self.fact(ConsentExpired, at)

    def covers(self, *, releaser: str, to: tuple[str, str], at: datetime) -> bool:
        """In force, and between a party of the releaser and the very party that asks: (organisation, party)."""
        if self.status != Status.GRANTED or (self.until is not None and at >= self.until):
            return False
        named = {(str(each["organisation"]), str(each["party"])) for each in self.between}
        return to in named and any(organisation == releaser for organisation, _ in named - {to})

    def permit(self, release_id: UUID, at: datetime, **terms: Any) -> "Permit":
        """The next number, for one release. Only where it `covers` it."""
        return Permit(
            id=release_id,
            basis_id=self.id,
            case_id=self.case_id,
            number=self._next_number(),
            given_at=at,
            fence_at=at + OPEN_FOR,
            **terms,
        )

    def _next_number(self) -> int:
        self.last_number += 1
        return self.last_number


class Permit(Table, table=True):
    """Leave to release once, under this id (the release's). Open until its releaser says what became of it."""

    __table_args__ = (UniqueConstraint("basis_id", "number"),)

    id: UUID = Field(primary_key=True)
    basis_id: UUID = Field(foreign_key="basis.id", index=True)
    case_id: UUID
    number: int
    releaser: str
    service: str
    recipient: str
    purpose: str
    categories: list[str] = Field(sa_column=Column(JSON, nullable=False))
    status: str = Use.OPEN
    given_at: datetime = Field(sa_type=Instant)  # pyright: ignore[reportArgumentType] -- sqlmodel types sa_type as type[Any]
    fence_at: datetime | None = Field(sa_type=Instant, index=True)

    def close(self, *, void: bool) -> None:
        """What the releaser found, once and for all."""
        if self.status == Use.OPEN:
            self.status = Use.VOID if void else Use.RELEASED
            self.fence_at = None


def rushed(permits: Iterable[Permit], at: datetime) -> None:
    """Open permits are fenced now, and not when their minute is over."""
    for permit in permits:
        permit.fence_at = at
