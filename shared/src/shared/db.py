"""The database of one service: the only place where anything is committed.

A transaction that changes or tells anything of a stream locks that stream first. State, events and inbox keys commit
together, or not at all.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Executable, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from .clock import Clock
from .engines import open_engine
from .errors import Unavailable
from .rights import Right
from .tables import idempotency
from .telemetry import storing
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
LET_GO = 60
"""Seconds after which a server ends a lone connection that nobody speaks on: a frozen process keeps no right."""
TWICE, ANSWERED = "23505", f'"pk_{idempotency.name}"'
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
        self._lone = open_engine(url, pool=0, idle=LET_GO)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._writer = asyncio.Lock()
        self._committed: list[Committed] = []
        self._changes = [0]

    def beside(self, url: str) -> "Database":
        """The same database under another role. Whoever asked hears of the commits of both."""
        other = Database(url, self.whoami, self.clock)
        other._committed, other._writer, other._changes = self._committed, self._writer, self._changes
        return other

    @property
    def changes(self) -> int:
        """Another number than before, where a transaction of this process may have changed something since."""
        return self._changes[0]

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
            async with _or_nothing(session):
                yield uow
            with storing(self.engine.dialect.name):
                async with _or_nothing(session):
                    told = await uow.write_events()
                self._changes[0] += 1
                await self._commit(session)
        self._changes[0] += 1
        for then in uow.after_commit:
            then()
        for committed in self._committed:
            committed(uow.streams, told)

    async def _commit(self, session: AsyncSession) -> None:
        try:
            await _to_the_end(session.commit())
        except DBAPIError as error:
            if error.connection_invalidated:
                raise CommitUnknown("Try again with the same key.") from error
            raise

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
        self._changes[0] += 1

    @asynccontextmanager
    async def alone(self, task: int, *, waiting: Callable[[], object]) -> AsyncGenerator[Right]:
        """The right to do a task of which there is one a database, held by a connection of its own.

        It is none of the pool's, so that they may be many. Whoever holds it speaks on it every few seconds.

        `waiting` is called about once a second until it is our turn. On SQLite one process owns the data directory,
        and the connection is for reading only.
        """
        async with self._lone.connect() as connection:
            if self.sqlite:
                await connection.execution_options(samspar_reads=True)
                yield Right(connection, task, sqlite=True)
                return
            await connection.execution_options(isolation_level="READ COMMITTED")
            contested = False
            while not await connection.scalar(text("SELECT pg_try_advisory_lock(:task)"), {"task": task}):
                await connection.rollback()
                contested = True
                waiting()
                await asyncio.sleep(AGAIN)
            await connection.rollback()
            try:
                yield Right(connection, task, sqlite=False, contested=contested)
            finally:
                await connection.invalidate()

    async def keep(self, right: Right, statement: Executable, rows: Sequence[dict[str, Any]]) -> None:
        """Writes rows by a right, so that whoever lost it cannot write either."""
        if self.sqlite:
            async with self.writing() as writer:
                await writer.execute(statement, rows)
            return
        await right.keep(statement, rows)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """SQLite has one writer a database; waiting here is fairer than its busy handler."""
        if not self.sqlite:
            yield
            return
        async with self._writer:
            yield

    async def close(self) -> None:
        """Ends all connections."""
        for engine in (self.engine, self._lone):
            await engine.dispose()


@asynccontextmanager
async def _or_nothing(session: AsyncSession) -> AsyncGenerator[None]:
    try:
        yield
    except BaseException:
        with suppress(*FAULTS):
            await _to_the_end(session.rollback())
        raise


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
    """A serialisation failure, a deadlock, or two requests with one key: nobody's fault, to be run again."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return state in {"40001", "40P01"} or (state == TWICE and ANSWERED in str(error))


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
