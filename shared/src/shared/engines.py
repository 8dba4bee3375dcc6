"""Engines for the two databases, whose errors never show a value."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

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
    return create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:", 1),
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"timeout": 5, "command_timeout": 35, "server_settings": POSTGRES | ended},
        **pooled,
    )
