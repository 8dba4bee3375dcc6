"""Brings a database to the newest schema: the kit's history first, then the service's own."""

import asyncio
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from .rights import Task
from .tables import event, inbox, metadata, resolution
from .vault.tables import VAULT

if TYPE_CHECKING:
    from alembic.config import Config

KEPT = (event.name, inbox.name, resolution.name)
VERSIONS = "shared_version"
_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Alembic keeps its context in globals: in one process one migration at a time."""


async def migrate(engine: AsyncEngine, service: str) -> None:
    """Safe to run at the same time from several places: one does it, the others wait and find it done."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    async with engine.connect() as connection:
        await connection.execution_options(samspar_reads=True)
        if await connection.run_sync(_is_newest, service):
            return
    turn = _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with turn, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            for patience in ("statement_timeout", "lock_timeout"):
                await connection.execute(text(f"SET LOCAL {patience} = 0"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(Task.MIGRATE)})
            await connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        await connection.run_sync(upgrade, service)


async def grant(engine: AsyncEngine, *, http: str, events: str) -> None:
    """As the owner lets a service's two roles read and write rows. PostgreSQL.

    Neither takes back or changes what was told, heard or resolved, but for the position that the relay gives. The vault
    is closed to the role `events`.
    """
    quoted = engine.dialect.identifier_preparer.quote_identifier
    closed = ", ".join(table.name for table in metadata.sorted_tables if table.info.get(VAULT))
    async with engine.begin() as connection:
        for role in (quoted(http), quoted(events)):
            for what in (
                "USAGE ON SCHEMA",
                "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA",
                "USAGE ON ALL SEQUENCES IN SCHEMA",
            ):
                await connection.execute(text(f"GRANT {what} public TO {role}"))
            await connection.execute(text(f"REVOKE UPDATE, DELETE ON {', '.join(KEPT)} FROM {role}"))
            await connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON {VERSIONS} FROM {role}"))
        await connection.execute(text(f"GRANT UPDATE (position) ON {event.name} TO {quoted(events)}"))
        await connection.execute(text(f"REVOKE ALL ON {closed} FROM {quoted(events)}"))


def _is_newest(connection: Connection, service: str) -> bool:
    """Whether nothing is to be done; found out without Alembic, which takes longer to load than to ask."""
    return all(_version(connection, history) == newest(history) for history in ("shared", service))


def newest(history: str) -> str:
    """The last version of a history: its files are named by their versions."""
    versions = (files(history) / "migrations" / "versions").iterdir()
    return max(each.name.partition("_")[0] for each in versions if each.name.endswith(".py"))


def _version(connection: Connection, history: str) -> str | None:
    table = f"{history}_version"
    known = inspect(connection).has_table(table)
    return connection.scalar(text(f"SELECT version_num FROM {table}")) if known else None


def upgrade(connection: Connection, service: str) -> None:
    """Both histories, inside the caller's transaction."""
    from alembic import command

    for history in ("shared", service):
        command.upgrade(config(connection, history), "head")


def config(connection: Connection, history: str) -> "Config":
    """Alembic's configuration for one history: its versions, and a version table of its own."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(files("shared") / "migrations"))
    made.set_main_option("version_locations", str(files(history) / "migrations" / "versions"))
    made.set_main_option("path_separator", "newline")
    made.attributes["connection"] = connection
    made.attributes["version_table"] = f"{history}_version"
    return made
