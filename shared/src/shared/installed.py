"""Which services are installed here, found by the entry point `samspar.services`: a partner may have only some."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points

from fastapi import FastAPI

from .errors import Refused
from .settings import Settings


class NotInstalled(Refused):
    """That service is not installed here."""


@dataclass(frozen=True)
class Installed:
    """A service that can be started: how it is made, and what it is told."""

    name: str
    create: Callable[[Settings], FastAPI]
    settings: type[Settings]


def names() -> list[str]:
    return sorted(point.name for point in entry_points(group="samspar.services"))


def service(name: str) -> Installed:
    """Raises `NotInstalled`."""
    found = [point for point in entry_points(group="samspar.services") if point.name == name]
    if not found:
        raise NotInstalled(f"Install samspar-{name}, or name one of: {', '.join(names())}.")
    package = found[0].module.partition(".")[0]
    return Installed(name, found[0].load(), import_module(f"{package}.settings").Settings)
