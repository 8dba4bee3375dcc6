"""What operators see of parked events: which there are, and one of them without its values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Row, and_, or_, select

from shared.errors import Fault, NotFound
from shared.events import OBJECT
from shared.ids import uuid_of
from shared.parties import Parties
from shared.parties.register import TYPE
from shared.subscriptions import Subscriptions
from shared.tables import ParkedState, parked
from shared.uow import UnitOfWork

from .forms import SEQUENCE, Seen


class DeadLetter(Seen):
    """A parked event as operators see it. `parkedAt`: since when it is tried, or waits, this time."""

    id: int
    stream: UUID
    event_id: UUID | None
    type: str
    source: str
    state: ParkedState
    cause: Fault
    attempts: int
    first_error: str | None
    last_error: str | None
    first_at: datetime | None
    last_at: datetime | None
    parked_at: datetime
    next_at: datetime | None
    died_at: datetime | None

    @classmethod
    def of(cls, row: Row[Any], **more: Any) -> Self:
        names = DeadLetter.model_fields.keys() - {"id"}
        return cls(id=row.seq, **{name: getattr(row, name) for name in names}, **more)


class Shown(DeadLetter):
    """With those of its attributes that have the form of the contract, and which fields its body has.

    `?` stands for fields that nobody reads here: their names are the sender's own text.
    """

    headers: dict[str, str]
    fields: list[str]


@dataclass(frozen=True)
class Wanted:
    """Which parked events are asked for: those for which all holds that is said. `since`, `until`: first parked."""

    states: Sequence[ParkedState] = field(default=(ParkedState.DEAD,))
    cause: Fault | None = None
    type: str | None = None
    organisation: str | None = None
    event: UUID | None = None
    stream: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def everything(self) -> bool:
        return self == Wanted(states=self.states)

    def conditions(self, parties: Parties) -> list[ColumnElement[bool]]:
        """What nobody could read has no source: whose it is, the broker's word for who sent it says."""
        row = parked.c
        found: list[ColumnElement[bool]] = [row.state.in_([str(state) for state in self.states])]
        for column, value in ((row.type, self.type), (row.event_id, self.event), (row.stream, self.stream)):
            if value is not None:
                found.append(column == value)
        if self.cause is not None:
            found.append(row.cause == str(self.cause))
        if self.organisation is not None:
            sender = parties[self.organisation]
            users = [sender.broker_user(service) for service in sender.own]
            unread = and_(row.source == "", row.user_id.in_(users))
            found.append(or_(row.source.startswith(f"/{sender.name}/", autoescape=True), unread))
        if self.since is not None:
            found.append(row.parked_at >= self.since)
        if self.until is not None:
            found.append(row.parked_at < self.until)
        return found


async def of_stream(uow: UnitOfWork, stream: UUID) -> Sequence[DeadLetter]:
    """Everything parked on a stream, in order."""
    query = select(parked).where(parked.c.stream == stream).order_by(parked.c.seq)
    return [DeadLetter.of(row) for row in await uow.session.execute(query)]


async def show(uow: UnitOfWork, id_: int, subscriptions: Subscriptions, parties: Parties) -> Shown:
    """Of the body only names of fields. Raises `NotFound`."""
    row = (await uow.session.execute(select(parked).where(parked.c.seq == id_))).one_or_none()
    if row is None:
        raise NotFound("List the dead letters; this one may have been resolved.")
    try:
        body = OBJECT.validate_json(row.body)
    except ValidationError:
        body = {}
    read = subscriptions.fields()
    fields = sorted({name if name in read else "?" for name in body})
    return Shown.of(row, headers=_attributes(row.headers, subscriptions, parties), fields=fields)


def _attributes(headers: Mapping[str, str], subscriptions: Subscriptions, parties: Parties) -> dict[str, str]:
    """Ids, times and the names of whoever takes part; what has another form may be anything, and is left out."""
    sources = {f"/{each.name}/{service}" for each in parties.organisations.values() for service in each.own}
    forms: dict[str, Callable[[str], object]] = {
        **dict.fromkeys(("id", "case", "causationid", "partitionkey"), uuid_of),
        **dict.fromkeys(("home", "addressee"), lambda name: name if name in parties else None),
        "source": lambda source: source if source in sources else None,
        "type": lambda type_: type_ if TYPE.fullmatch(type_) and subscriptions.knows(type_) else None,
        "time": _time,
        "sequence": lambda number: number if SEQUENCE.fullmatch(number) else None,
    }
    formed = {f"ce-{name}": form(headers.get(f"ce-{name}", "")) for name, form in forms.items()}
    return {name: str(value) for name, value in formed.items() if value is not None}


def _time(value: str) -> str | None:
    try:
        return datetime.fromisoformat(value).isoformat()
    except ValueError:
        return None
