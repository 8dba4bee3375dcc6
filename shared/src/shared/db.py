"""The database of one service: the only place where anything is committed.

A transaction that changes or tells anything of a stream locks that stream first. State, events and inbox keys commit
together, or not at all.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakSet

from sqlalchemy import Executable, text
from sqlalchemy import event as on_event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from .clock import Clock
from .errors import Unavailable
from .uow import UnitOfWork
from .whoami import Whoami

T = TypeVar("T")
LOCK_TIMEOUT = "55P03"
CANCELLED = "57014"
"""A statement that took too long: the fault of whoever asked."""
AWAY_ON_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
AGAIN = 1.0
Committed = Callable[[frozenset[UUID], bool], None]

FAULTS = (DBAPIError, PoolTimeout, OSError, TimeoutError)
"""What comes out of a database that cannot be used; also what a statement did wrong: `is_away` tells them apart."""


class CommitUnknown(Unavailable):
    """Whether this was stored is not known."""


class Database:
    """Transactions over one engine. Those who asked hear of each commit: its streams, and whether events were told."""

    def __init__(self, url: str, whoami: Whoami, clock: Clock, *, pool: int = 10) -> None:
        self.whoami = whoami
        self.clock = clock
        self.engine = open_engine(url, pool=pool)
        self._lone = open_engine(url, pool=0)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._threads: WeakSet[Thread] = WeakSet()
        if self.sqlite:
            for engine in (self.engine, self._lone):
                on_event.listen(engine.sync_engine, "connect", self._note_thread)
        self._writer = asyncio.Lock()
        self._committed: list[Committed] = []

    def beside(self, url: str) -> "Database":
        """The same database under another role. Whoever asked hears of the commits of both."""
        other = Database(url, self.whoami, self.clock)
        other._committed = self._committed
        return other

    def on_commit(self, committed: Committed) -> None:
        self._committed.append(committed)

    @asynccontextmanager
    async def transaction(self, **who: Any) -> AsyncGenerator[UnitOfWork]:
        """One unit of work, committed at the end of the block. `who`: `caller`, `causation`, `traceparent` of the work.

        Raises `CommitUnknown` if the connection was lost during the commit: run it again, the keys tell the truth.
        """
        if not who.get("writes", True):
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                await session.connection(execution_options={"samspar_reads": True})
                yield UnitOfWork(session, self.whoami, self.clock.now(), **who)
            return
        async with self._turn(), AsyncSession(self.engine, expire_on_commit=False) as session:
            uow = UnitOfWork(session, self.whoami, self.clock.now(), **who)
            try:
                yield uow
                told = await uow.write_events()
            except BaseException:
                with suppress(*FAULTS):
                    await _to_the_end(session.rollback())
                raise
            try:
                await _to_the_end(session.commit())
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise CommitUnknown("Try again with the same key.") from error
                raise
        for then in uow.after_commit:
            then()
        for committed in self._committed:
            committed(uow.streams, told)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A connection for looking only; nothing it does is kept."""
        async with self.engine.connect() as connection:
            await connection.execution_options(samspar_reads=True)
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A bare transaction for the kit's own bookkeeping (positions, cursors), outside any stream."""
        async with self._turn(), self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def alone(self, task: int, *, waiting: Callable[[], object]) -> AsyncGenerator[AsyncConnection]:
        """A connection that holds the right to do a task of which there is one a database; losing it loses the right.

        It is none of the pool's, so that they may be many.

        `waiting` is called about once a second until it is our turn. On SQLite one process owns the data directory,
        and the connection is for reading only.
        """
        async with self._lone.connect() as connection:
            if self.sqlite:
                await connection.execution_options(samspar_reads=True)
                yield connection
                return
            await connection.execution_options(isolation_level="READ COMMITTED")
            while not await connection.scalar(text("SELECT pg_try_advisory_lock(:task)"), {"task": task}):
                await connection.rollback()
                waiting()
                await asyncio.sleep(AGAIN)
            await connection.rollback()
            try:
                yield connection
            finally:
                await connection.invalidate()

    async def keep(self, connection: AsyncConnection, statement: Executable, rows: Sequence[dict[str, Any]]) -> None:
        """Writes rows on a connection that is held `alone`, so that whoever lost the right cannot write either."""
        if self.sqlite:
            async with self.writing() as writer:
                await writer.execute(statement, rows)
            return
        await connection.execute(statement, rows)
        await connection.commit()

    def _note_thread(self, connection: Any, _: object) -> None:
        self._threads.add(connection.driver_connection._thread)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """SQLite has one writer a database; waiting here is fairer than its busy handler."""
        if not self.sqlite:
            yield
            return
        async with self._writer:
            yield

    async def close(self) -> None:
        """Ends all connections. A cancelled statement on SQLite may still run in its thread: that is waited for."""
        for engine in (self.engine, self._lone):
            await engine.dispose()
        for thread in list(self._threads):
            await asyncio.to_thread(thread.join, 2)


def open_engine(url: str, *, pool: int = 10) -> AsyncEngine:
    """An engine for `sqlite:///file` or `postgresql://…`; bound values never appear in its errors. 0: no pool."""
    pooled: dict[str, Any] = (
        {"pool_size": pool, "max_overflow": pool, "pool_timeout": 10} if pool else {"poolclass": NullPool}
    )
    if url.startswith("sqlite"):
        engine = create_async_engine(url.replace("sqlite://", "sqlite+aiosqlite://", 1), hide_parameters=True, **pooled)
        on_event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        on_event.listen(engine.sync_engine, "begin", _begin_sqlite)
        on_event.listen(engine.sync_engine, "invalidate", _let_go)
        on_event.listen(engine.sync_engine, "reset", _end_what_stayed_open)
        return engine
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        hide_parameters=True,
        pool_pre_ping=True,
        **pooled,
        connect_args={
            "timeout": 5,
            "command_timeout": 35,
            "server_settings": {
                "statement_timeout": "30000",
                "lock_timeout": "10000",
                "idle_in_transaction_session_timeout": "60000",
                "plan_cache_mode": "force_custom_plan",
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            },
        },
    )


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    reads = connection.get_execution_options().get("samspar_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _let_go(connection: Any, *_: object) -> None:
    """A cancelled statement's connection is closed only when its cursor is collected: its lock has to go at once."""
    with suppress(sqlite3.Error, ValueError):
        connection.rollback()


def _end_what_stayed_open(connection: Any, *_: object) -> None:
    """A COMMIT that fails leaves SQLite's transaction open, with its lock; SQLAlchemy takes it for ended."""
    if connection.driver_connection.in_transaction:
        connection.rollback()


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finishes a commit or rollback even if the caller is cancelled, so that no connection is left in between."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def again_on_deadlock(work: Callable[[], Awaitable[T]], *, tries: int = 3) -> T:
    """Runs a whole transaction again where the database broke a tie between two (40001, 40P01)."""
    for attempt in range(tries):
        try:
            return await work()
        except DBAPIError as error:
            if not is_tie(error) or attempt == tries - 1:
                raise
    raise AssertionError


def is_tie(error: BaseException) -> bool:
    """A serialisation failure or a deadlock: nobody's fault, to be run again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


def is_away(error: BaseException) -> bool:
    """Our own infrastructure failed: never counted as an attempt of an event or a timer."""
    if isinstance(error, CommitUnknown | PoolTimeout | OSError | TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        return (state[:2] in {"08", "53", "57", "58"} and state != CANCELLED) or state == LOCK_TIMEOUT
    busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in AWAY_ON_SQLITE
    return error.connection_invalidated or busy
