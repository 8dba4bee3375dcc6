"""What was measured on: cores, memory and versions; nothing that names the machine."""

import platform
from importlib.metadata import version
from typing import Any

import psutil

from .ground import Ground

LIBRARIES = ("aio-pika", "aiormq", "asyncpg", "fastapi", "faststream", "sqlalchemy", "sqlmodel", "uvicorn", "uvloop")


def facts(ground: Ground) -> dict[str, Any]:
    return {
        "cores": psutil.cpu_count(),
        "memoryGiB": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "postgresql": ground.postgres.run("SHOW server_version").partition(" ")[0],
        "rabbitmq": ground.rabbitmq.manage("GET", "/overview")["rabbitmq_version"],
        "load": round(psutil.getloadavg()[0], 1),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def said(machine: dict[str, Any]) -> str:
    return (
        f"{machine['cores']} cores for everything, Python {machine['python']}, PostgreSQL {machine['postgresql']}, "
        f"RabbitMQ {machine['rabbitmq']}; the line is from the lowest to the highest run"
    )
