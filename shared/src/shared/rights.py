"""Rights of which there is one a database: who holds one, and how it is known that it is still held."""

import asyncio
import zlib
from collections.abc import Sequence
from enum import IntEnum, unique
from typing import Any

from sqlalchemy import Executable, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

FORWARDING = 7_226 << 32


@unique
class Task(IntEnum):
    """What only one may do at a time: the keys of PostgreSQL's advisory locks, all of them."""

    RELAY = 7_226_001
    MIGRATE = 7_226_002
    CONSUME = 7_226_003
    RECONCILE = 7_226_004


def forwarding_to(recipient: str) -> int:
    """The key of one recipient's forwarder."""
    return FORWARDING + zlib.crc32(recipient.encode())


class RightLost(ConnectionError):
    """The connection that held the right is gone, and the right with it."""


HELD = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() AND objsubid = 1"
    " AND classid::bigint = :high AND objid::bigint = :low"
)


class Right:
    """A right that is held as long as its connection lives. One speaks on it at a time.

    `contested`: another had it when it was asked for, and may not know yet that it is lost.
    """

    def __init__(self, connection: AsyncConnection, task: int, *, sqlite: bool, contested: bool = False) -> None:
        self.connection = connection
        self.contested = contested
        self._key = {"high": task >> 32, "low": task & 0xFFFFFFFF}
        self._sqlite = sqlite
        self._speaking = asyncio.Lock()

    async def prove(self) -> None:
        """Raises `RightLost`. A connection that was opened anew behind our back holds nothing."""
        if self._sqlite:
            return
        async with self._speaking:
            await self._prove()

    async def keep(self, statement: Executable, rows: Sequence[dict[str, Any]]) -> None:
        """Writes on its own connection, so that whoever lost it cannot write. PostgreSQL. Raises `RightLost`."""
        async with self._speaking:
            await self._prove()
            await self.connection.execute(statement, rows)
            await self.connection.commit()

    async def _prove(self) -> None:
        try:
            held = await self.connection.scalar(HELD, self._key)
            await self.connection.rollback()
        except SQLAlchemyError as error:
            raise RightLost("the connection is gone") from error
        if not held:
            raise RightLost("the connection is another")
