"""After a migration the schema is what the tables say, on both databases, however often and from wherever it is run."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Text, inspect
from sqlmodel.sql.sqltypes import AutoString

import shared.releases.tables
import shared.vault.tables
from shared import tables
from shared.engines import open_engine
from shared.migrate import migrate
from shared.testing.apps import FIVE

KIT = ("shared", tables.metadata)
MODULES = (shared.releases.tables, shared.vault.tables)


def histories(service: str) -> Iterator[tuple[str, Any]]:
    yield KIT
    domain = import_module(f"{service}.domain")
    yield service, domain.Table.metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/service.db"
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return new_database()


def same_type(_context: Any, _inspected: Any, _column: Any, found: Any, wanted: Any) -> bool | None:
    """Text without a length is text: SQLModel calls it VARCHAR, and neither database sees a difference."""
    return False if isinstance(found, Text) and isinstance(wanted, AutoString) else None


def differences(connection: Connection, service: str) -> list[Any]:
    found: list[Any] = []
    metadata = dict(histories(service))
    known = {name for each in metadata.values() for name in each.tables} | {f"{name}_version" for name in metadata}
    for history, each in metadata.items():
        names = set(each.tables)

        def mine(_: Any, name: str, kind: str, *__: Any, names: set[str] = names) -> bool:
            return kind != "table" or name in names

        options: dict[str, Any] = {
            "version_table": f"{history}_version",
            "compare_type": same_type,
            "include_object": mine,
        }
        found += compare_metadata(MigrationContext.configure(connection, opts=options), each)
    unknown = set(inspect(connection).get_table_names()) - known
    return [*found, *unknown]


async def drift(url: str, service: str) -> list[Any]:
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(differences, service)
    finally:
        await engine.dispose()


async def upgrade(url: str, service: str) -> None:
    engine = open_engine(url)
    try:
        await migrate(engine, service)
    finally:
        await engine.dispose()


@pytest.mark.parametrize("service", FIVE)
async def test_the_schema_is_what_the_tables_say(url: str, service: str):
    await upgrade(url, service)
    assert await drift(url, service) == []


async def test_a_table_that_no_migration_makes_is_noticed(url: str):
    """The comparison bites: referral's tables are not in booking's database, and booking's are not referral's."""
    await upgrade(url, "booking")
    found = await drift(url, "referral")
    assert {each[1].name for each in found if each[0] == "add_table"} >= {"answer", "case", "pinnedscore", "referral"}
    assert "meeting" in found


async def test_a_second_time_changes_nothing(url: str):
    await upgrade(url, "consent")
    await upgrade(url, "consent")
    assert await drift(url, "consent") == []


async def test_from_several_places_at_once(url: str):
    """In one process and in others: one does it, the others wait and find it done."""
    script = "import asyncio, sys; from shared.engines import open_engine; from shared.migrate import migrate\n"
    script += "print(flush=True), input(), asyncio.run(migrate(open_engine(sys.argv[1]), 'booking'))"
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
    start = partial(asyncio.create_subprocess_exec, sys.executable, "-c", script, url, **pipes)
    others = [await start() for _ in range(3)]
    for other in others:
        assert other.stdout is not None
        await other.stdout.readline()
    for other in others:
        assert other.stdin is not None
        other.stdin.write(b"\n")
    await asyncio.gather(*(upgrade(url, "booking") for _ in range(3)))
    for other in others:
        _, errors = await other.communicate()
        assert other.returncode == 0, errors.decode()
    assert await drift(url, "booking") == []


async def test_several_services_of_one_process_migrate_at_once(tmp_path: Path):
    urls = {service: f"sqlite:///{tmp_path}/{service}.db" for service in FIVE}
    await asyncio.gather(*(upgrade(url, service) for service, url in urls.items()))
    assert [await drift(url, service) for service, url in urls.items()] == [[]] * len(FIVE)
