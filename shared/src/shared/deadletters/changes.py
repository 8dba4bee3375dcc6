"""What an open transaction has done to rows, by the word of the database itself and not of whoever wrote them.

PostgreSQL marks each version of a row with the transactions that made and ended it; on SQLite triggers that live as
long as the transaction take down which rows it touches. A row before is read beside the transaction, after inside it.
See `docs/adr/a-dry-run-asks-the-database.md`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, Table, and_, false, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database

MOST = 1000
"""Rows of one table that are looked at."""

COUNTS = text(
    "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del AS touched, n_tup_del AS deleted"
    " FROM pg_stat_xact_user_tables WHERE schemaname = current_schema()"
)
TRANSACTION = text("SELECT pg_current_xact_id_if_assigned()::xid::text")
TABLES = text("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
TRIGGERS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
TOUCHED = text("SELECT DISTINCT of, number FROM touched ORDER BY of, number")

Values = Mapping[str, Any]
Key = tuple[Any, ...]


class Kind(StrEnum):
    """What happened to a row."""

    INSERTED = "inserted"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """One row, before and after."""

    table: Table
    before: Values | None
    after: Values | None

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return Kind.INSERTED
        return Kind.DELETED if self.after is None else Kind.CHANGED

    @property
    def row(self) -> Values:
        return self.after or self.before or {}

    @property
    def columns(self) -> list[str]:
        """Those with another value than before."""
        before, after = self.before or {}, self.after or {}
        return [name for name in self.row if before.get(name) != after.get(name)]


class Changes:
    """Watches one transaction, from `begin` on. `complete`: nothing escaped, as far as the database can say."""

    def __init__(self, database: Database, inside: AsyncConnection) -> None:
        self._database = database
        self._inside = inside
        self._counts: Mapping[str, tuple[int, int]] = {}
        self.complete = True

    async def begin(self) -> None:
        """Before anything is done."""
        if not self._database.sqlite:
            self._counts = await self._counted()
            return
        await self._inside.execute(text("CREATE TEMP TABLE touched (of TEXT, number INTEGER)"))
        for name in (await self._inside.scalars(TABLES)).all():
            for verb, row in TRIGGERS.items():
                note = f"INSERT INTO touched VALUES ('{name}', {row}.rowid)"
                made = f'CREATE TEMP TRIGGER "touched {verb} {name}" AFTER {verb} ON main."{name}" BEGIN {note}; END'
                await self._inside.exec_driver_sql(made)

    async def found(self) -> list[Change]:
        """What was done until now, table by table."""
        return await (self._on_sqlite() if self._database.sqlite else self._on_postgres())

    async def _on_sqlite(self) -> list[Change]:
        numbers: dict[str, list[int]] = {}
        for of, number in await self._inside.execute(TOUCHED):
            numbers.setdefault(of, []).append(number)
        changes: list[Change] = []
        async with self._database.reading() as beside:
            for table in await self._tables(numbers):
                mine = literal_column("rowid").in_(self._cut(numbers[table.name]))
                before = await _rows(beside, table, mine)
                changes += _compared(table, before, await _rows(self._inside, table, mine))
        return changes

    async def _on_postgres(self) -> list[Change]:
        me = await self._inside.scalar(TRANSACTION)
        counts = {name: self._since(name, now) for name, now in (await self._counted()).items()}
        changes: list[Change] = []
        async with self._database.reading() as beside:
            for table in await self._tables(name for name, (touched, _) in counts.items() if touched and me):
                made = await _rows(self._inside, table, literal_column(f"xmin = '{me}'::xid"))
                ended = await _rows(beside, table, literal_column(f"xmax = '{me}'::xid"))
                still = await _rows(self._inside, table, _among(table, self._cut([*ended])))
                before = ended | await _rows(beside, table, _among(table, self._cut([*made])))
                found = _compared(table, before, still | made)
                self.complete &= counts[table.name][1] == sum(change.after is None for change in found)
                changes += found
        return changes

    async def _counted(self) -> Mapping[str, tuple[int, int]]:
        return {row.relname: (row.touched, row.deleted) for row in await self._inside.execute(COUNTS)}

    def _since(self, name: str, now: tuple[int, int]) -> tuple[int, int]:
        before = self._counts.get(name, (0, 0))
        return now[0] - before[0], now[1] - before[1]

    def _cut(self, found: Sequence[Any]) -> Sequence[Any]:
        self.complete &= len(found) <= MOST
        return found[:MOST]

    async def _tables(self, names: Iterable[str]) -> list[Table]:
        """As they are in the database, whoever declared them."""
        wanted = sorted(names)

        def reflect(connection: Connection) -> list[Table]:
            metadata = MetaData()
            metadata.reflect(connection, only=wanted, resolve_fks=False)
            return [metadata.tables[name] for name in wanted]

        return await self._inside.run_sync(reflect) if wanted else []


async def _rows(connection: AsyncConnection, table: Table, which: ColumnElement[bool]) -> dict[Key, Values]:
    found = await connection.execute(select(table).where(which).limit(MOST + 1))
    return {tuple(row[c.name] for c in table.primary_key): dict(row) for row in found.mappings()}


def _among(table: Table, keys: Iterable[Key]) -> ColumnElement[bool]:
    columns = list(table.primary_key)
    return or_(false(), *(and_(*(c == value for c, value in zip(columns, key, strict=True))) for key in keys))


def _compared(table: Table, before: Mapping[Key, Values], after: Mapping[Key, Values]) -> list[Change]:
    """Whoever was touched and is as before is no change."""
    changes = (Change(table, before.get(key), after.get(key)) for key in dict.fromkeys([*before, *after]))
    return [change for change in changes if change.before != change.after]
