"""Connections that wait for nothing for ever, and errors that show no value."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import tables
from shared.testing.world import World


async def test_no_statement_no_lock_and_no_idle_transaction_lasts_for_ever(postgres_world: World):
    """Nor does a line that died unnoticed."""
    service = await postgres_world.numbers()
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "tcp_keepalives_idle")
    async with service.database.transaction() as uow:
        said = [await uow.session.scalar(text(f"SHOW {name}")) for name in names]
    assert said == ["30s", "10s", "1min", "10"]


async def test_an_error_of_the_database_shows_no_value(world_of_databases: World):
    service = await world_of_databases.numbers()
    row = {"recipient": "Almkvist", "position": 1}

    async def twice() -> None:
        async with service.database.writing() as connection:
            await connection.execute(tables.cursor.insert(), [row])
            await connection.execute(tables.cursor.insert(), [row])

    with pytest.raises(DBAPIError) as met:
        await twice()
    assert "Almkvist" not in str(met.value).partition("DETAIL")[0]
