"""Compares a broker with what it shall be."""

from collections.abc import AsyncIterator, Sequence

from aio_pika.abc import AbstractConnection
from aiormq.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from shared.broker.protocol import Topology, exchange_of
from shared.broker.rabbitmq import RabbitMQ

from .apply import exists, strangers, vhost_of, wanted
from .management import CONFIGURE_NOTHING, READ_NOTHING, Management, management
from .plan import Queue, User, queues, users


async def check(url: str, topologies: Sequence[Topology], *, management_url: str | None = None) -> list[str]:
    """What is not as it shall be, a sentence each; changes nothing. Raises `BrokerAway`, `TopologyWrong`."""
    async with RabbitMQ(url).connection() as connection:
        found = [said for topology in topologies async for said in _declared(connection, topology)]
    if management_url is None:
        return [*found, "Bindings and users were not looked at: give the management URL."]
    async with management(management_url, vhost_of(url)) as api:
        for topology in topologies:
            found += [said async for said in _bound(api, topology)]
        found += [said async for said in _let_in(api, topologies)]
    return found


async def _declared(connection: AbstractConnection, topology: Topology) -> AsyncIterator[str]:
    exchange = exchange_of(topology.organisation)
    try:
        async with connection.channel() as channel:
            await channel.declare_exchange(exchange, passive=True)
    except ChannelNotFoundEntity:
        yield f"Exchange {exchange} is missing."
    for queue in queues(topology):
        if not await exists(connection, queue.name):
            yield f"Queue {queue.name} is missing."
        elif not await _as_planned(connection, queue):
            yield f"Queue {queue.name} is there in another form."


async def _as_planned(connection: AbstractConnection, queue: Queue) -> bool:
    """Declares what exists already: the broker compares the arguments and changes nothing."""
    try:
        async with connection.channel() as channel:
            await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
    except ChannelPreconditionFailed:
        return False
    return True


async def _bound(api: Management, topology: Topology) -> AsyncIterator[str]:
    planned = queues(topology)
    there = await api.bindings(exchange_of(topology.organisation))
    for queue, pattern in sorted(wanted(planned) - there):
        yield f"Queue {queue} does not hear {pattern}."
    for queue, pattern in sorted(there - wanted(planned)):
        yield f"Queue {queue} hears {pattern}, which nobody asks for."
    left = (await api.queues()).keys() - {queue.name for queue in planned}
    for name in sorted(name for name in left if name.startswith(f"{exchange_of(topology.organisation)}.")):
        yield f"Queue {name} belongs to no service; empty and delete it."


async def _let_in(api: Management, topologies: Sequence[Topology]) -> AsyncIterator[str]:
    there, rights, topics = await api.users(), await api.rights(), await api.topics()
    for user in (user for topology in topologies for user in users(topology)):
        if user.name not in there:
            yield f"User {user.name} is missing."
            continue
        if there[user.name]:
            yield f"User {user.name} administers the broker; take its tags away."
        if rights.get(user.name) != (CONFIGURE_NOTHING, user.write, user.read):
            yield f"User {user.name} has other permissions than it shall have."
        for exchange in _free_hand(user, topics):
            yield f"User {user.name} may use any routing key on {exchange}."
    for name in strangers(there, topologies):
        yield f"User {name} is there, but its organisation does not run that service."


def _free_hand(user: User, topics: dict[tuple[str, str], tuple[str, str]]) -> list[str]:
    return [e for e, pattern in user.topics.items() if topics.get((user.name, e)) != (pattern, READ_NOTHING)]
