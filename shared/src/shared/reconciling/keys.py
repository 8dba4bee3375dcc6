"""What of a source is here: its keys in the inbox."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.tables import ParkedState, inbox, parked, source

AT_ONCE = 1000

unread = parked.c.headers["ce-id"].as_string()
"""What nobody could read, or its sender may not tell, is a dead letter without a key."""


async def lacking(connection: AsyncConnection, name: str, ids: Sequence[UUID]) -> list[UUID]:
    """Those of the ids that were never stored here, in their order."""
    number = select(source.c.number).where(source.c.name == name).scalar_subquery()
    here: set[UUID] = set()
    for some in slices(ids, AT_ONCE):
        query = select(inbox.c.id).where(inbox.c.source == number, inbox.c.id.in_(some))
        here.update((await connection.scalars(query)).all())
    left = [id_ for id_ in ids if id_ not in here]
    return await _not_buried(connection, left) if left else []


async def _not_buried(connection: AsyncConnection, ids: Sequence[UUID]) -> list[UUID]:
    buried: set[str] = set()
    dead = (parked.c.source == "", parked.c.state == ParkedState.DEAD)
    for some in slices(ids, AT_ONCE):
        query = select(unread).where(*dead, unread.in_([str(id_) for id_ in some]))
        buried.update((await connection.scalars(query)).all())
    return [id_ for id_ in ids if str(id_) not in buried]


async def count_of(connection: AsyncConnection, name: str) -> int:
    """How many events of the source were ever heard here."""
    number = select(source.c.number).where(source.c.name == name).scalar_subquery()
    return await connection.scalar(select(func.count()).where(inbox.c.source == number)) or 0


def slices(ids: Sequence[UUID], most: int) -> Iterator[Sequence[UUID]]:
    for first in range(0, len(ids), most):
        yield ids[first : first + most]
