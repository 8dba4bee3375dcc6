"""How far each source has been compared: all that it told us up to that position is here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import SystemClock
from shared.db import Database
from shared.tables import reconciliation
from shared.writes import Into, insert_rows

from .sources import Source

NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Watermark:
    """One source, as the last round found it.

    `compared`: events for this service up to `position`. `ahead`: those beyond that were looked at; some of them are
    `missing`: found lacking and not healed. `healed`: ever.
    `forgotten`: heard here, and no longer known there since it was restored; until an operator accepts that.
    `fault`: why the last round did not come to the end.
    """

    source: str
    hears: str
    position: int = 0
    mark: str | None = None
    compared: int = 0
    ahead: int = 0
    missing: int = 0
    healed: int = 0
    forgotten: int = 0
    restored_at: datetime | None = None
    fault: str | None = None
    round: UUID = NOBODY
    checked_at: datetime | None = None

    @property
    def told(self) -> int:
        """Events for this service that are known to have been told."""
        return self.compared + self.ahead

    @property
    def here(self) -> int:
        return self.told - self.missing

    def from_start(self, source: Source) -> "Watermark":
        """All of it is compared again."""
        return replace(self, hears=source.hears, position=0, mark=None, compared=0)


COLUMNS = tuple(field.name for field in fields(Watermark))
ALARM = ("restored_at", "forgotten")
ROWS = Into(reconciliation, key=("source",), updates=tuple(name for name in COLUMNS[1:] if name not in ALARM))
ROWS_AND_ALARM = Into(reconciliation, key=("source",), updates=COLUMNS[1:])
"""The alarm is an operator's to end, also while a round goes on that began before."""


async def watermarks(connection: AsyncConnection) -> dict[str, Watermark]:
    """By the name of the source."""
    rows = await connection.execute(select(reconciliation).order_by(reconciliation.c.source))
    return {row["source"]: Watermark(**row) for row in rows.mappings()}


async def watermark_of(database: Database, source: Source) -> Watermark:
    """Where to go on; from the beginning for a source that is new, or of which something else is heard now."""
    async with database.reading() as connection:
        query = select(reconciliation).where(reconciliation.c.source == source.name)
        row = (await connection.execute(query)).mappings().one_or_none()
    known = Watermark(**row) if row is not None else Watermark(source.name, source.hears)
    return known if known.hears == source.hears else known.from_start(source)


async def keep(database: Database, watermark: Watermark, *, restored: bool) -> Watermark:
    """As it is kept: with the time; with the alarm where this round found that it was `restored`."""
    kept = replace(watermark, checked_at=SystemClock().now())
    async with database.writing() as connection:
        await insert_rows(connection, ROWS_AND_ALARM if restored else ROWS, [asdict(kept)], "source")
    return kept


async def accept(connection: AsyncConnection, sources: Sequence[str]) -> None:
    """An operator knows that these were restored, and has done what there was to do."""
    values = {"restored_at": None, "forgotten": 0}
    await connection.execute(update(reconciliation).where(reconciliation.c.source.in_(sources)).values(values))


def faults_of(found: Mapping[str, Watermark]) -> str | None:
    """What is wrong, in one word for everybody; nothing if all that was told is here."""
    if any(each.missing for each in found.values()):
        return "EventsMissing"
    return "LogRestored" if any(each.restored_at for each in found.values()) else None
