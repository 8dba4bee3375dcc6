"""Servers and databases of a test's own; what they need and is not installed is skipped, or fails under CI."""

import os
from collections.abc import Callable, Iterator

import pytest

from shared.testing.servers import Postgres, RabbitMQ, Vhost


def _require(name: str, available: bool) -> None:
    if available:
        return
    reason = f"{name} is not installed; `make test-servers` installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """This worker's server. A test may kill it: the next one that asks for a database finds it running."""
    _require("PostgreSQL", Postgres.available())
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """This worker's broker. A test may kill it: the next one that asks for a virtual host finds it running."""
    _require("RabbitMQ", RabbitMQ.available())
    with RabbitMQ() as broker:
        yield broker


@pytest.fixture
def new_database(postgres: Postgres) -> Iterator[Callable[[], str]]:
    """Call it for the URL of a fresh, empty database (0.1 s); dropped after the test."""
    postgres.start()
    urls: list[str] = []

    def create() -> str:
        urls.append(postgres.create_database())
        return urls[-1]

    yield create
    postgres.start()
    for url in urls:
        postgres.drop_database(url)


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """One fresh, empty database: `postgresql://…`, to which a test adds the driver it speaks with."""
    return new_database()


@pytest.fixture
def vhost(rabbitmq: RabbitMQ) -> Iterator[Vhost]:
    """A fresh virtual host; it and the users made meanwhile are removed after the test."""
    rabbitmq.start()
    with rabbitmq.vhost() as vhost:
        yield vhost


@pytest.fixture
def broker_url(vhost: Vhost) -> str:
    """`amqp://…` of a fresh virtual host, as its administrator."""
    return vhost.url
