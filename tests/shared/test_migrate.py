"""Whom a migration lets in: both roles work with rows, the vault is closed to the one that carries events."""

from collections.abc import AsyncGenerator, Callable
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shared.engines import open_engine
from shared.migrate import grant, migrate

VAULT = ("vault", "vault_key", "vault_index")
FORBIDDEN = "42501"


@pytest.fixture
async def roles(new_database: Callable[[], str]) -> AsyncGenerator[dict[str, str]]:
    """URLs of a migrated database for its roles, who could do nothing before."""
    url = new_database()
    parts = urlsplit(url)
    names = {role: f"{role}-{parts.path.strip('/')}" for role in ("http", "events")}
    owner = open_engine(url)
    async with owner.begin() as connection:
        for name in names.values():
            await connection.execute(text(f'CREATE ROLE "{name}" LOGIN'))
    await migrate(owner, "referral")
    for _ in range(2):
        await grant(owner, **names)
    address = f"{parts.hostname}:{parts.port}"
    yield {role: urlunsplit(parts._replace(netloc=f"{name}@{address}")) for role, name in names.items()}
    async with owner.begin() as connection:
        for name in names.values():
            await connection.execute(text(f'DROP OWNED BY "{name}"'))
            await connection.execute(text(f'DROP ROLE "{name}"'))
    await owner.dispose()


async def may(url: str, *statements: str) -> list[bool]:
    engine = open_engine(url)
    done: list[bool] = []
    for statement in statements:
        try:
            async with engine.begin() as connection:
                await connection.execute(text(statement))
            done.append(True)
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != FORBIDDEN:
                raise
            done.append(False)
    await engine.dispose()
    return done


@pytest.mark.parametrize("role", ["http", "events"])
async def test_a_role_works_with_rows_and_never_with_tables(role: str, roles: dict[str, str]) -> None:
    rows = ("SELECT count(*) FROM event", "DELETE FROM timer", "DELETE FROM parked", "SELECT * FROM shared_version")
    assert await may(roles[role], *rows) == [True] * len(rows)
    tables = ("TRUNCATE event", "DROP TABLE event", "ALTER TABLE event ADD x int", "CREATE TABLE mine (x int)")
    assert await may(roles[role], *tables) == [False] * len(tables)


@pytest.mark.parametrize("role", ["http", "events"])
async def test_nobody_takes_back_what_was_told_or_heard(role: str, roles: dict[str, str]) -> None:
    kept = [f"DELETE FROM {table}" for table in ("event", "inbox", "resolution", "shared_version")]
    kept += ["UPDATE event SET body = ''", "UPDATE inbox SET hash = ''", "UPDATE resolution SET actor = ''"]
    assert await may(roles[role], *kept) == [False] * len(kept)
    assert await may(roles[role], "UPDATE event SET position = 1") == [role == "events"]


async def test_the_vault_is_open_to_http_alone(roles: dict[str, str]) -> None:
    looks = [f"SELECT count(*) FROM {table}" for table in VAULT]
    assert await may(roles["http"], *looks) == [True, True, True]
    assert await may(roles["events"], *looks) == [False, False, False]
    assert await may(roles["events"], *(f"DELETE FROM {table}" for table in VAULT)) == [False, False, False]
