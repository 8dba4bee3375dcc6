"""Dead letters: what only a person can resolve. Listed, shown without values, replayed or skipped, and audited."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from sqlalchemy import Row, select, update

from .errors import NotFound
from .events import OBJECT
from .ids import uuid_of
from .parties import Parties
from .retries import Retries
from .subscriptions import Subscriptions
from .tables import parked, resolution
from .uow import UnitOfWork

TYPE = re.compile(r"se\.samspar\.[a-z]{1,40}\.[a-z_]{1,40}\.v[1-9][0-9]?")
SEQUENCE = re.compile(r"0{11}[0-9]{9}")


class DeadLetter(BaseModel):
    """A parked event as operators see it."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True)

    id: int
    stream: UUID
    event_id: UUID | None
    type: str
    source: str
    state: str
    cause: str
    attempts: int
    first_error: str | None
    last_error: str | None
    parked_at: datetime
    next_at: datetime | None


class Shown(DeadLetter):
    """With those of its attributes that have the form of the contract, and which fields its body has.

    `?` stands for fields that nobody reads here: their names are the sender's own text.
    """

    headers: dict[str, str]
    fields: list[str]


async def found(uow: UnitOfWork, *, limit: int) -> list[DeadLetter]:
    """Newest first."""
    query = select(parked).where(parked.c.state == "dead").order_by(parked.c.seq.desc()).limit(limit)
    return [DeadLetter(**_fields(row)) for row in await uow.session.execute(query)]


async def of_stream(uow: UnitOfWork, stream: UUID) -> Sequence[DeadLetter]:
    """Everything parked on a stream, in order: the chain that waits."""
    query = select(parked).where(parked.c.stream == stream).order_by(parked.c.seq)
    return [DeadLetter(**_fields(row)) for row in await uow.session.execute(query)]


async def show(uow: UnitOfWork, id_: int, subscriptions: Subscriptions, parties: Parties) -> Shown:
    row = await _get(uow, id_)
    try:
        body = OBJECT.validate_json(row.body)
    except ValidationError:
        body = {}
    read = subscriptions.fields()
    fields = sorted({name if name in read else "?" for name in body})
    return Shown(**_fields(row), headers=_attributes(row.headers, subscriptions, parties), fields=fields)


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


async def replay(uow: UnitOfWork, retries: Retries, id_: int, reason: str) -> None:
    """Tries it again at once, with its attempts counted anew."""
    row = await _get(uow, id_)
    again = {
        "state": "failed",
        "holds": retries.parking.holds("failed", row.source),
        "attempts": 0,
        "next_at": retries.parking.clock.now(),
    }
    await uow.session.execute(update(parked).where(parked.c.seq == id_).values(again))
    await _audit(uow, row, "replay", reason)
    uow.after_commit.append(retries.wake)


async def skip(uow: UnitOfWork, retries: Retries, id_: int, reason: str) -> None:
    """Takes it away undone; what stood behind it goes on."""
    row = await _get(uow, id_)
    await _audit(uow, row, "skip", reason)
    await retries.resolve(uow, id_)


async def _get(uow: UnitOfWork, id_: int) -> Row[Any]:
    query = select(parked).where(parked.c.seq == id_, parked.c.state == "dead")
    row = (await uow.session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("List the dead letters; this one may have been resolved.")
    return row


async def _audit(uow: UnitOfWork, row: Row[Any], action: str, reason: str) -> None:
    actor = uow.caller.subject if uow.caller else uow.whoami.source
    said = {"dead_letter": row.seq, "event_id": row.event_id, "action": action, "reason": reason, "actor": actor}
    await uow.session.execute(resolution.insert().values(said | {"at": uow.now}))


def _fields(row: Row[Any]) -> dict[str, Any]:
    names = DeadLetter.model_fields.keys() - {"id"}
    return {"id": row.seq} | {name: getattr(row, name) for name in names}
