"""Rows that a transaction writes at its end, together: one statement on PostgreSQL, one a table on SQLite.

A statement costs its way to the server and back and its handling on both sides, whatever it carries; what every fact
passes through is therefore collected here and written once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Dialect, Table, bindparam, delete
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Into:
    """Where a row goes, and what becomes of one with the same key.

    `updates`: the columns that the later row sets; none of them: the earlier row stays. None: two are an error.
    """

    table: Table
    key: tuple[str, ...]
    updates: tuple[str, ...] | None = None

    def key_of(self, row: Row) -> Key:
        return tuple(row[name] for name in self.key)


class Pending:
    """What is to be written. Of two rows with the same key only one is sent."""

    def __init__(self) -> None:
        self._rows: dict[Into, dict[Key, Row | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def put(self, into: Into, row: Row) -> None:
        """Raises `ValueError` for a second row with the same key where two are an error."""
        rows, key = self._rows.setdefault(into, {}), into.key_of(row)
        if rows.get(key) is None or into.updates:
            rows[key] = row
        elif into.updates is None:
            raise ValueError(f"two rows of {into.table.name} with one key")

    def remove(self, into: Into, key: Key) -> None:
        """A row that is not there is no error."""
        self._rows.setdefault(into, {})[key] = None

    async def write(self, connection: AsyncConnection) -> None:
        """Writes all of it in the connection's transaction, and forgets it."""
        rows, self._rows = self._rows, {}
        for_postgres = connection.dialect.name == "postgresql"
        await (_on_postgres if for_postgres else _on_sqlite)(connection, rows)


async def insert_rows(connection: AsyncConnection, into: Into, rows: Sequence[Row], *returning: str) -> Sequence[Any]:
    """Inserts at once, in the order of the rows. What is returned is of those that were inserted or updated."""
    if not rows:
        return []
    if connection.dialect.name == "postgresql":
        names = tuple(rows[0])
        columns = ([row[name] for row in rows] for name in names)
        values = tuple(_columns(into.table, names, columns, connection.dialect))
        text = _insert(into, names, 1, connection.dialect)
        return (await connection.exec_driver_sql(f"{text} RETURNING {', '.join(returning)}", values)).all()
    statement = _sqlite_insert(into).returning(*(into.table.c[name] for name in returning))
    return (await connection.execute(statement, [dict(row) for row in rows])).all()


async def _on_sqlite(connection: AsyncConnection, pending: Mapping[Into, Mapping[Key, Row | None]]) -> None:
    for into, rows in pending.items():
        if gone := [dict(zip(into.key, key, strict=True)) for key, row in rows.items() if row is None]:
            mine = (into.table.c[name] == bindparam(name) for name in into.key)
            await connection.execute(delete(into.table).where(*mine), gone)
        if kept := [dict(row) for row in rows.values() if row is not None]:
            await connection.execute(_sqlite_insert(into), kept)


@lru_cache(maxsize=100)
def _sqlite_insert(into: Into) -> sqlite.Insert:
    statement = sqlite.insert(into.table)
    if into.updates:
        changed = {name: statement.excluded[name] for name in into.updates}
        return statement.on_conflict_do_update(index_elements=into.key, set_=changed)
    return statement if into.updates is None else statement.on_conflict_do_nothing()


async def _on_postgres(connection: AsyncConnection, pending: Mapping[Into, Mapping[Key, Row | None]]) -> None:
    parts: list[tuple[Into, tuple[str, ...], bool]] = []
    values: list[list[Any]] = []
    for into, rows in pending.items():
        if gone := [key for key, row in rows.items() if row is None]:
            parts.append((into, into.key, True))
            values += _columns(into.table, into.key, zip(*gone, strict=True), connection.dialect)
        if kept := [row for row in rows.values() if row is not None]:
            names = tuple(kept[0])
            parts.append((into, names, False))
            columns = ([row[name] for row in kept] for name in names)
            values += _columns(into.table, names, columns, connection.dialect)
    if parts:
        await connection.exec_driver_sql(_statement(tuple(parts), connection.dialect), tuple(values))


def _columns(
    table: Table, names: Sequence[str], columns: Iterable[Sequence[Any]], dialect: Dialect
) -> Iterable[list[Any]]:
    """Each column as the driver takes it."""
    for name, column in zip(names, columns, strict=True):
        to_driver = _processor(table, name, dialect)
        yield [*map(to_driver, column)] if to_driver else [*column]


@lru_cache(maxsize=1000)
def _processor(table: Table, name: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    type_ = table.c[name].type
    return type_.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=1000)
def _statement(parts: tuple[tuple[Into, tuple[str, ...], bool], ...], dialect: Dialect) -> str:
    """One statement over arrays, a column each, so that its text does not depend on how many rows there are."""
    done: list[str] = []
    first = 1
    for number, (into, names, removed) in enumerate(parts):
        done.append(f"w{number} AS ({(_delete if removed else _insert)(into, names, first, dialect)})")
        first += len(names)
    return f"WITH {', '.join(done)} SELECT 1"


@lru_cache(maxsize=1000)
def _insert(into: Into, names: tuple[str, ...], first: int, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    listed = ", ".join(quote(name) for name in names)
    cast = ", ".join(f"r.{quote(name)}::{_type(into.table, name, dialect)}" for name in names)
    text = f"INSERT INTO {quote(into.table.name)} ({listed}) SELECT {cast} FROM {_rows(into, names, first, dialect)}"
    if into.updates is None:
        return text
    changed = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in into.updates)
    key = ", ".join(quote(name) for name in into.key)
    return f"{text} ON CONFLICT ({key}) DO " + (f"UPDATE SET {changed}" if changed else "NOTHING")


def _delete(into: Into, names: Sequence[str], first: int, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    table = quote(into.table.name)
    mine = " AND ".join(f"{table}.{quote(name)} = r.{quote(name)}" for name in names)
    return f"DELETE FROM {table} USING {_rows(into, names, first, dialect)} WHERE {mine}"


def _rows(into: Into, names: Sequence[str], first: int, dialect: Dialect) -> str:
    """The arrays as rows, in their order: what is numbered as it is inserted has its number by that."""
    quote = dialect.identifier_preparer.quote
    arrays = ", ".join(f"${n}::{_sent(into.table, name, dialect)}[]" for n, name in enumerate(names, first))
    return f"(SELECT * FROM unnest({arrays}) WITH ORDINALITY AS a({', '.join(map(quote, names))}, n) ORDER BY n) AS r"


def _type(table: Table, name: str, dialect: Dialect) -> str:
    return table.c[name].type.compile(dialect=dialect)


def _sent(table: Table, name: str, dialect: Dialect) -> str:
    """JSON is sent as text: the driver knows no arrays of it."""
    return "TEXT" if isinstance(table.c[name].type, JSON) else _type(table, name, dialect)
