"""I8: everything that was ever told is sent once more, and nothing changes."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from bench.deployed import ORGANISATION
from bench.ground import SERVICES
from shared.broker.protocol import exchange_of
from shared.broker.rabbitmq import RabbitMQ
from shared.engines import open_engine
from shared.relay import message_of
from shared.tables import event

from .found import Found
from .quiet import quiet

MOST = 4000
WINDOW = 500
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name"
COUNTED = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'version'"


async def replayed(found: Found, *, within: float, tell: Callable[[str], None]) -> list[str]:
    """Sends the first and the last events of each service again, as its relay does, and says what changed by that."""
    before = await _state(found)
    deployment = found.stage.deployment
    async with RabbitMQ(deployment.broker).publisher() as publisher:
        for service in SERVICES:
            messages = await _told(found, service)
            for n in range(0, len(messages), WINDOW):
                part = messages[n : n + WINDOW]
                if await publisher.publish(exchange_of(ORGANISATION), part) < len(part):
                    return [f"the broker did not take what {service} had told"]
    await quiet(found.stage, within=within, tell=tell)
    after = await _state(found)
    return [
        f"{name}: {before.get(name)} before the replay, {after.get(name)} after"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


async def _told(found: Found, service: str) -> list[Any]:
    me = found.stage.deployment.settings(service)
    engine = open_engine(found.stage.deployment.databases[service])
    try:
        async with engine.connect() as connection:
            rows = (await connection.execute(select(event).order_by(event.c.position))).all()
    finally:
        await engine.dispose()
    chosen = rows if len(rows) <= MOST else [*rows[: MOST // 2], *rows[-MOST // 2 :]]
    user = _user(found)
    return [message_of(row, f"/{me.organisation}/{service}", user, inside=True) for row in chosen]


def _user(found: Found) -> str:
    return found.stage.ground.rabbitmq.url.partition("://")[2].partition(":")[0]


async def _state(found: Found) -> dict[str, tuple[int, int]]:
    """Rows, and the sum of their counters, of each table of each service."""
    state: dict[str, tuple[int, int]] = {}
    for service in SERVICES:
        counted = {row[0] for row in await found.rows(service, COUNTED)}
        for (table,) in await found.rows(service, TABLES):
            total = "coalesce(sum(version), 0)::bigint" if table in counted else "0::bigint"
            row = (await found.rows(service, f'SELECT count(*), {total} FROM "{table}"'))[0]
            state[f"{service}.{table}"] = (row[0], row[1])
    return state
