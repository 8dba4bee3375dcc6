"""SQLite inside the event loop: the embedded database, whose statements take microseconds and need no thread.

SQLAlchemy's own asynchronous SQLite sends each cursor, statement, fetch and close to a thread, which costs more than
the statement. Here they run where they are called; what waits for a disk is the commit.
"""

import sqlite3
from typing import Any, ClassVar, Self

from sqlalchemy import AsyncAdaptedQueuePool, Pool
from sqlalchemy import event as on_event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL, Engine
from sqlalchemy.util import await_

DRIVER = "inloop"
BUSY = 2000
"""Milliseconds for which another process's lock is waited for; within a process writers take turns."""
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY}", "secure_delete=ON")


class Cursor(sqlite3.Cursor):
    """A cursor under an asynchronous engine, which wants something awaited for each statement."""

    def execute(self, sql: str, parameters: Any = ()) -> Self:
        await_(_nothing())
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any) -> Self:
        await_(_nothing())
        return super().executemany(sql, parameters)

    async def _async_soft_close(self) -> None:
        """Its rows are here already."""


class Connection(sqlite3.Connection):
    """A connection with such cursors."""

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or Cursor)


async def _nothing() -> None:
    pass


class InLoop(SQLiteDialect_pysqlite):
    """Python's own driver, under an asynchronous engine."""

    driver = DRIVER
    is_async = True
    supports_statement_cache: ClassVar[bool] = True

    def create_connect_args(self, url: URL) -> tuple[list[str], dict[str, Any]]:
        where, how = super().create_connect_args(url)
        return list(where), dict(how) | {"factory": Connection}

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:  # noqa: ARG003 -- SQLAlchemy's signature
        return AsyncAdaptedQueuePool


registry.register(f"sqlite.{DRIVER}", __name__, InLoop.__name__)


def prepare(engine: Engine) -> None:
    """Transactions are begun as they are meant: to write, at once; to look, not at all or when the first row is."""
    on_event.listen(engine, "connect", _connected)
    on_event.listen(engine, "begin", _begin)
    on_event.listen(engine, "reset", _end_what_stayed_open)


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    reads = connection.get_execution_options().get("samspar_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _end_what_stayed_open(connection: Any, *_: object) -> None:
    """A COMMIT that fails leaves SQLite's transaction open, with its lock; SQLAlchemy takes it for ended."""
    if connection.in_transaction:
        connection.rollback()
