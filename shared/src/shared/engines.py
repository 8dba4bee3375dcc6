"""Engines for the two databases, whose errors never show a value."""

import math
import time
from typing import Any

from sqlalchemy import event as on_event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from . import sqlite

POSTGRES = {
    "statement_timeout": "30000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "60000",
    "plan_cache_mode": "force_custom_plan",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


REST = 1.0
"""Seconds of rest after which a pooled connection is asked whether it lives."""


def open_engine(url: str, *, pool: int = 10, idle: int | None = None) -> AsyncEngine:
    """An engine for `sqlite:///file` or `postgresql://…`.

    `pool` 0: none. `idle`: seconds after which a server ends a connection that nobody speaks on (PostgreSQL 14).
    """
    pooled: dict[str, Any] = (
        {"pool_size": pool, "max_overflow": pool, "pool_timeout": 10} if pool else {"poolclass": NullPool}
    )
    if url.startswith("sqlite:"):
        engine = create_async_engine(
            url.replace("sqlite:", f"sqlite+{sqlite.DRIVER}:", 1), hide_parameters=True, **pooled
        )
        sqlite.prepare(engine.sync_engine)
        return engine
    ended = {"idle_session_timeout": f"{idle}s"} if idle else {}
    engine = create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:", 1),
        hide_parameters=True,
        connect_args={"timeout": 5, "command_timeout": 35, "server_settings": POSTGRES | ended},
        **pooled,
    )
    if pool:
        _ask_after_rest(engine)
    return engine


def _ask_after_rest(engine: AsyncEngine) -> None:
    """Before a connection that rested is used, whether it lives; one that was used a moment ago is not asked."""

    @on_event.listens_for(engine.sync_engine, "checkin")
    def _rest(_: object, record: ConnectionPoolEntry) -> None:
        record.info["rests"] = time.monotonic()

    @on_event.listens_for(engine.sync_engine, "checkout")
    def _ask(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info.get("rests", math.inf) > REST and not _lives(engine, connection):
            raise DisconnectionError


def _lives(engine: AsyncEngine, connection: Any) -> bool:
    dialect = engine.sync_engine.dialect
    try:
        return dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        return False
