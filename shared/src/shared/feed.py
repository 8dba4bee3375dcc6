"""The teller's side of reconciliation: the ids of what was told, by position, and what was told, as it travelled.

Both are asked for by recipients, and answer no more than their organisation may hear.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .broker.protocol import Message
from .envelope import ATTRIBUTE, PREFIX
from .forwarder import may_hear
from .relay import message_of
from .tables import cursor, event
from .whoami import Whoami

WINDOW = 5000
"""Positions that one page looks at."""
MOST = 100
ENOUGH = 4 * 1024 * 1024
"""Bytes of bodies after which an answer ends, with one event in it at least."""


class Wire(BaseModel):
    """What one service answers another."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class ToldId(Wire):
    """One event."""

    position: int = Field(examples=[42])
    id: UUID


class Told(Wire):
    """A page of ids, in order.

    `upto`: the position that the page reaches. `last`: what stands up to there has been given to the asker's exchange,
    or need not be. `mark`: a likeness of what stands at `upto`, to be shown with the next question. `same`: what the
    asker's mark is a likeness of stands there still; if not, this log was restored from a backup.
    """

    items: list[ToldId]
    upto: int = Field(examples=[42])
    last: int = Field(examples=[42])
    mark: str | None = Field(examples=["9b74c9897bac770ffc029102a200c5de"])
    same: bool = Field(examples=[True])


class Again(Wire):
    """One event as it travels: its attributes and its body, to the byte."""

    headers: dict[str, str] = Field(examples=[{"ce-specversion": "1.0", "ce-type": "se.samspar.meeting.booked.v1"}])
    body: str = Field(examples=['{"task":"assessment-meeting","round":1}'])


class ToldAgain(Wire):
    """Events, in the order in which they were told."""

    items: list[Again]


def fact_of(type_: str) -> str:
    """`meeting.booked` of `se.samspar.meeting.booked.v1`."""
    return type_.removeprefix(PREFIX).rpartition(".")[0]


def mark_of(position: int, id_: UUID) -> str:
    """Says nothing of the event to whoever may not hear it: an id holds 74 random bits (RFC 9562)."""
    return hashlib.sha256(f"{position} {id_}".encode()).hexdigest()[:32]


async def told(
    connection: AsyncConnection,
    asker: str,
    *,
    forwarded: bool,
    after: int,
    mark: str | None = None,
    until: int | None = None,
    facts: Collection[str] | None = None,
) -> Told:
    """The ids of what the organisation `asker` may hear after a position; all facts, if none are named.

    `until`: nothing beyond that position is looked at. `forwarded`: it reaches the asker by a forwarder,
    whose cursor says how far.
    """
    reached = select(func.coalesce(func.max(cursor.c.position), 0)).where(cursor.c.recipient == asker)
    state = select(
        select(func.min(event.c.position)).scalar_subquery().label("first"),
        select(func.max(event.c.position)).scalar_subquery().label("last"),
        select(event.c.id).where(event.c.position == after).scalar_subquery().label("at"),
        reached.scalar_subquery().label("reached"),
    )
    log = (await connection.execute(state)).one()
    first, last = log.first or 1, log.last or 0
    erased = after < first - 1
    same = mark is None or erased or (log.at is not None and mark_of(after, log.at) == mark)
    end = min(last, log.reached) if forwarded else last
    within = end if until is None else min(end, until)
    upto = max(after, min(max(after, first - 1) + WINDOW, within))
    if upto == after:
        known = mark_of(after, log.at) if log.at is not None else None
        return Told(items=[], upto=after, last=end, mark=known, same=same)
    heard = and_(event.c.position > after, event.c.position <= upto, may_hear(asker))
    query = select(event.c.position, event.c.id, event.c.type).where(heard).order_by(event.c.position)
    rows = (await connection.execute(query)).all()
    wanted = [row for row in rows if facts is None or fact_of(row.type) in facts]
    items = [ToldId(position=row.position, id=row.id) for row in wanted]
    at = await connection.scalar(select(event.c.id).where(event.c.position == upto))
    return Told(items=items, upto=upto, last=end, mark=mark_of(upto, at) if at is not None else None, same=same)


async def told_again(connection: AsyncConnection, asker: str, ids: Sequence[UUID], whoami: Whoami) -> ToldAgain:
    """Those of the events that the asker may hear, in order; not all of them where they are large: ask again."""
    sent = and_(event.c.id.in_(ids[:MOST]), event.c.position.is_not(None), may_hear(asker))
    rows = (await connection.execute(select(event).where(sent).order_by(event.c.position))).all()
    items: list[Again] = []
    size = 0
    for row in rows:
        size += len(row.body)
        if items and size > ENOUGH:
            break
        items.append(_again(row, whoami, inside=asker == whoami.organisation))
    return ToldAgain(items=items)


def message_again(told_: Again, *, user: str) -> Message:
    """The message, in the name of the user as whom its teller is known; nothing but what an event has is taken."""
    attributes = {name: value for name, value in told_.headers.items() if name.startswith(ATTRIBUTE)}
    return Message(
        id=attributes.get("ce-id", ""), routing_key="", headers=attributes, body=told_.body.encode(), user_id=user
    )


def _again(row: Row[Any], whoami: Whoami, *, inside: bool) -> Again:
    message = message_of(row, whoami.source, whoami.user, inside=inside)
    return Again(headers={name: str(value) for name, value in message.headers.items()}, body=message.body.decode())
