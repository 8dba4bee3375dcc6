"""S6: the relay by itself, beside bare publishing of the same messages by the same client."""

import asyncio
import time
from contextlib import suppress

from sqlalchemy import select

from shared.broker.connect import connect
from shared.broker.protocol import exchange_of
from shared.clock import SystemClock
from shared.db import Database
from shared.flow import Flow
from shared.relay import WINDOW, Relay, message_of
from shared.tables import event
from shared.whoami import Whoami

from . import filling
from .deployed import ORGANISATION, deploy
from .ground import Ground
from .plain import connected

COPIES = """
INSERT INTO event (id, stream, sequence, type, time, recorded, case_id, home, addressee, audience, causation,
  traceparent, body)
SELECT gen_random_uuid(), gen_random_uuid(), 1, type, time, recorded, case_id, home, addressee, audience, causation,
  traceparent, body FROM event, generate_series(1, $1)"""
UNSENT = "SELECT EXISTS (SELECT 1 FROM event WHERE position IS NULL)"


async def one_round(ground: Ground, count: int) -> tuple[float, float]:
    """Events a second: of the relay, of the bare client. Into three queues that nobody reads."""
    deployment = await deploy(ground)
    async with filling.referrals(deployment, 1):
        pass
    connection = await connected(deployment.databases["referral"])
    await connection.execute(COPIES, count)
    await connection.execute("ANALYZE event")
    whoami = Whoami(ORGANISATION, "referral", "guest")
    database, broker = Database(deployment.databases["referral"], whoami, SystemClock()), connect(deployment.broker)
    async with database.reading() as reading:
        rows = (await reading.execute(select(event).order_by(event.c.seq).limit(count))).all()
    messages = [message_of(row, whoami.source, whoami.user, inside=True) for row in rows]
    async with broker.publisher() as publisher:
        began = time.perf_counter()
        for first in range(0, count, WINDOW):
            await publisher.publish(exchange_of(ORGANISATION), messages[first : first + WINDOW])
        bare = count / (time.perf_counter() - began)
    began = time.perf_counter()
    relay = asyncio.create_task(Relay(database, broker, Flow("publishing")).run())
    while await connection.fetchval(UNSENT):  # noqa: ASYNC110 -- the relay writes for its own connection alone
        await asyncio.sleep(0.02)
    relayed = (count + 1) / (time.perf_counter() - began)
    relay.cancel()
    with suppress(asyncio.CancelledError):
        await relay
    await connection.close()
    await database.close()
    return relayed, bare
