"""From a URL to a broker."""

from .embedded import Bus
from .protocol import Broker
from .rabbitmq import RabbitMQ

_BUSES: dict[str, Bus] = {}


def connect(url: str) -> Broker:
    """`amqp://…` or `amqps://…` is RabbitMQ; `embedded://<name>` the bus of that name in this process."""
    return bus(url) if url.startswith("embedded:") else RabbitMQ(url)


def bus(url: str) -> Bus:
    """The bus of that name, made at first use."""
    return _BUSES.setdefault(url, Bus())
