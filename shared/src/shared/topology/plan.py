"""What there shall be on a broker, worked out from who takes part and what each service hears. No network here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.broker.protocol import Topology, exchange_of, queue_of
from shared.errors import Fault, Refused
from shared.parties import Forwarding, Parties

EVERYTHING = "#"

# The broker's own limit drops what it has redelivered too often, and counts every lost connection of a consumer: 20 of
# them by default on 4.0 to 4.2, none on 3.10 to 3.13; from 4.3 a returned message counts no more. The inbox counts
# attempts itself and must lose nothing while its database is away, so the limit is said, and out of reach, everywhere.
NEVER = 1_000_000_000

QUORUM: Mapping[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": NEVER}
OWN: Mapping[str, Any] = {**QUORUM, "x-single-active-consumer": True}
VOID: Mapping[str, Any] = {**QUORUM, "x-max-length": 1, "x-overflow": "drop-head"}


class TopologyWrong(Refused):
    """The topology cannot be made like that."""

    status = 500
    fault = Fault.PLATFORM


@dataclass(frozen=True)
class Queue:
    """One queue: its arguments and the patterns by which it hears its organisation's exchange."""

    name: str
    exchange: str
    arguments: Mapping[str, Any]
    patterns: frozenset[str]


@dataclass(frozen=True)
class User:
    """One service's user: what it may write and read, and with which routing keys, by exchange."""

    name: str
    write: str
    read: str
    topics: Mapping[str, str]


def of_parties(parties: Parties, bindings: Mapping[str, Sequence[str]]) -> list[Topology]:
    """The topology of every organisation: its own services and the exchanges it forwards to.

    `bindings`: the patterns of each service, as `Subscriptions.bindings()` has them. Raises `TopologyWrong` for a
    service whose patterns are not given, since its queue would be deaf.
    """
    topologies: list[Topology] = []
    for name, organisation in parties.organisations.items():
        if deaf := sorted(set(organisation.own) - bindings.keys()):
            raise TopologyWrong(f"Install {', '.join(deaf)}, which {name} runs, or say what it hears.")
        sent = [other for other, how in organisation.forwards_to.items() if how is Forwarding.EXCHANGE]
        own = {service: tuple(bindings[service]) for service in organisation.own}
        logins = {service: organisation.broker_user(service) for service in organisation.own}
        topologies.append(Topology(name, own, tuple(sent), logins))
    return topologies


def void_of(organisation: str) -> str:
    """The queue that makes every event routable, so that only a lost exchange is "no route"."""
    return f"samspar.{organisation}.void"


def queues(topology: Topology) -> list[Queue]:
    """The void queue first, so that nothing is unroutable while the others are bound."""
    exchange = exchange_of(topology.organisation)
    void = Queue(void_of(topology.organisation), exchange, VOID, frozenset({EVERYTHING}))
    own = [
        Queue(queue_of(topology.organisation, service), exchange, OWN, frozenset(patterns))
        for service, patterns in topology.bindings.items()
    ]
    return [void, *own]


def users(topology: Topology) -> list[User]:
    """One user a service: reads its own queue, and tells in its organisation's name where it is heard."""
    heard_at = [exchange_of(name) for name in (topology.organisation, *topology.recipients)]
    in_its_name = f"^{re.escape(topology.organisation)}\\."
    return [
        User(
            name=topology.users.get(service, f"{topology.organisation}.{service}"),
            write=f"^({'|'.join(map(re.escape, heard_at))})$",
            read=f"^{re.escape(queue_of(topology.organisation, service))}$",
            topics=dict.fromkeys(heard_at, in_its_name),
        )
        for service in topology.bindings
    ]
