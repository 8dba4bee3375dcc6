"""Private servers for tests: started on free ports, killed at will, gone with the process that started them.

`python -m shared.testing.servers` names, on one line, the servers that are not installed here.
"""

from shared.testing.servers_postgres import Postgres
from shared.testing.servers_process import ServerFailed, free_port
from shared.testing.servers_rabbitmq import RabbitMQ, Vhost

__all__ = ["Postgres", "RabbitMQ", "ServerFailed", "Vhost", "free_port", "missing"]


def missing() -> list[str]:
    """The servers that are not installed here."""
    found = {"RabbitMQ": RabbitMQ.available(), "PostgreSQL": Postgres.available()}
    return [name for name, available in found.items() if not available]


if __name__ == "__main__":
    print(*missing(), sep=" and ")
