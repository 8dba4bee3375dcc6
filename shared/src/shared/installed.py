"""Which services are installed here, found by the entry point `samspar.services`: a partner may have only some."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from fastapi import FastAPI

from .errors import Refused
from .settings import Settings
from .subscriptions import Subscriptions

GROUP = "samspar.services"


class NotInstalled(Refused):
    """That service is not installed here."""


@dataclass(frozen=True)
class Installed:
    """A service that can be started: how it is made, and what it is told."""

    name: str
    create: Callable[[Settings], FastAPI]
    settings: type[Settings]


def names() -> list[str]:
    return sorted(point.name for point in entry_points(group=GROUP))


def service(name: str) -> Installed:
    """Raises `NotInstalled`."""
    point = _point(name)
    return Installed(name, point.load(), import_module(f"{_package(point)}.settings").Settings)


def bindings(name: str) -> list[str]:
    """What the service's queue hears, without making the service: its module `subscriptions` has a table of that name,
    or a function that makes one for a player it does not touch meanwhile. Raises `NotInstalled`."""
    table = import_module(f"{_package(_point(name))}.subscriptions").subscriptions
    return (table if isinstance(table, Subscriptions) else table(None)).bindings()


def _point(name: str) -> EntryPoint:
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        raise NotInstalled(f"Install samspar-{name}, or name one of: {', '.join(names())}.", service=name)
    return found[0]


def _package(point: EntryPoint) -> str:
    return point.module.partition(".")[0]
