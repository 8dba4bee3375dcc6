"""Makes a broker what it shall be. Safe to run again at any time, also while everything runs."""

import asyncio
import json
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

import aio_pika
from aio_pika.abc import AbstractConnection
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity, ChannelPreconditionFailed

from shared import secret_file
from shared.broker.protocol import Topology, exchange_of
from shared.broker.rabbitmq import RabbitMQ

from .management import Management, management
from .plan import Queue, TopologyWrong, queues, users

SETTLE = 3.0
AGAIN = 0.5
TRIES = 60


async def apply(
    url: str,
    topologies: Sequence[Topology],
    *,
    management_url: str | None = None,
    passwords: Path | None = None,
    settle: float = SETTLE,
) -> list[str]:
    """Makes exchanges, queues, bindings and users; returns what it changed and what it could not see, a sentence each.

    `url`: AMQP with an administrator's credentials. AMQP lists nothing, so bindings that nobody asks for are removed
    and users made only with `management_url`. `passwords`: a JSON file of user and password; those it lacks are made
    up and added, readable by its owner alone. `settle`: seconds that a new quorum queue is left alone; a younger one
    does not survive a killed broker (3.10). Raises `BrokerAway`, `TopologyWrong`.
    """
    said: list[str] = []
    async with RabbitMQ(url).connection() as connection:
        made = [name for topology in topologies for name in await _declare(connection, topology)]
        said += [f"{name} was made." for name in made]
        if management_url is None:
            said.append("Users and bindings that nobody asks for were not looked at: give the management URL.")
        else:
            async with management(management_url, vhost_of(url)) as api:
                said += await _unbind(connection, api, topologies)
                said += await _let_in(api, topologies, passwords)
        if made and settle:
            await asyncio.sleep(settle)
            await _until_all_answer(connection, made)
    return said


def vhost_of(url: str) -> str:
    return aio_pika.connection.make_url(url).path.removeprefix("/") or "/"


async def _declare(connection: AbstractConnection, topology: Topology) -> list[str]:
    """Returns the queues that were not there before."""
    name = exchange_of(topology.organisation)
    try:
        async with connection.channel() as channel:
            exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
            made: list[str] = []
            for planned in queues(topology):
                if not await exists(connection, planned.name):
                    made.append(planned.name)
                name = planned.name
                queue = await channel.declare_queue(name, durable=True, arguments=dict(planned.arguments))
                for pattern in planned.patterns:
                    await queue.bind(exchange, pattern)
            return made
    except ChannelPreconditionFailed as error:
        raise TopologyWrong(f"Empty and delete {name}, which is there in another form, and apply again.") from error
    except ChannelAccessRefused as error:
        raise TopologyWrong("Give an administrator's credentials.") from error


async def exists(connection: AbstractConnection, queue: str) -> bool:
    """A passive look on a channel of its own, which a no closes."""
    try:
        async with connection.channel() as channel:
            await channel.declare_queue(queue, passive=True)
    except ChannelNotFoundEntity:
        return False
    return True


async def _unbind(connection: AbstractConnection, api: Management, topologies: Sequence[Topology]) -> list[str]:
    said: list[str] = []
    async with connection.channel() as channel:
        for topology in topologies:
            exchange = exchange_of(topology.organisation)
            for queue, pattern in sorted(await api.bindings(exchange) - wanted(queues(topology))):
                await (await channel.get_queue(queue)).unbind(exchange, pattern)
                said.append(f"{queue} no longer hears {pattern}.")
    return said


def wanted(planned: Iterable[Queue]) -> set[tuple[str, str]]:
    """(queue, pattern) of every binding."""
    return {(queue.name, pattern) for queue in planned for pattern in queue.patterns}


async def _let_in(api: Management, topologies: Sequence[Topology], passwords: Path | None) -> list[str]:
    said: list[str] = []
    there = await api.users()
    planned = [user for topology in topologies for user in users(topology)]
    for name in strangers(there, topologies):
        await api.drop_user(name)
        said.append(f"User {name} was deleted: its organisation no longer runs that service.")
    if passwords is None:
        return [*said, "Users were not made: say in which file their passwords are kept."]
    known = kept(passwords, [user.name for user in planned])
    for user in planned:
        await api.make_user(user, known[user.name])
        await api.permit(user)
    return [*said, *(f"User {user.name} was made." for user in planned if user.name not in there)]


def kept(file: Path, names: Iterable[str]) -> dict[str, str]:
    """The passwords in the file, with new ones for those who have none, which are in it before anybody uses them."""
    known: dict[str, str] = json.loads(secret_file.read(file)) if file.exists() else {}
    lacking = {name: secrets.token_urlsafe(24) for name in names if name not in known}
    if lacking:
        secret_file.write(file, json.dumps(known | lacking, indent=1).encode(), replace=True)
    return known | lacking


def strangers(there: Iterable[str], topologies: Sequence[Topology]) -> list[str]:
    """Users in the name of an organisation for a service that it does not run."""
    planned = {user.name for topology in topologies for user in users(topology)}
    names = {topology.organisation for topology in topologies}
    return sorted(user for user in set(there) - planned if user.partition(".")[0] in names)


async def _until_all_answer(connection: AbstractConnection, made: Iterable[str]) -> None:
    left = set(made)
    for _ in range(TRIES):
        left -= {queue for queue in left if await exists(connection, queue)}
        if not left:
            return
        await asyncio.sleep(AGAIN)
    raise TopologyWrong(f"Look at the broker's log; {', '.join(sorted(left))} does not answer.")
