"""What a service hears: reader classes and the handlers they go to."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from .entity import Entity
from .envelope import PREFIX, Envelope
from .events import Heard
from .uow import UnitOfWork

H = TypeVar("H", bound=Heard)
Handler = Callable[[UnitOfWork, H], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One row of the table: this event goes to that use-case, with these rows loaded for the whole batch."""

    type_: str
    heard: type[Heard]
    handler: Handler[Any]
    loads: type[Entity] | None
    by: str

    def hears(self, type_: str) -> bool:
        return self.type_ in ("*", type_)


class Subscriptions:
    """The table of what a service hears. `order_free`: a projection, whose failing event parks alone."""

    def __init__(self, *, order_free: bool = False) -> None:
        self.order_free = order_free
        self._rows: list[Subscription] = []

    def on(
        self, heard: type[H], *, loads: type[Entity] | None = None, by: str = "play"
    ) -> Callable[[Handler[H]], Handler[H]]:
        """Registers the decorated handler. `loads`: the rows whose id is in the event's field `by`, or its case."""

        def register(handler: Handler[H]) -> Handler[H]:
            self._rows.append(Subscription(heard.type, heard, handler, loads, by))
            return handler

        return register

    def on_each(
        self, heard: type[H], facts: Sequence[str], *, loads: type[Entity] | None = None, by: str = "play"
    ) -> Callable[[Handler[H]], Handler[H]]:
        """As `on`, for one reader class that reads several facts, each `<aggregate>.<fact>` of major version 1."""

        def register(handler: Handler[H]) -> Handler[H]:
            self._rows += [Subscription(f"{PREFIX}{fact}.v1", heard, handler, loads, by) for fact in facts]
            return handler

        return register

    def bindings(self) -> list[str]:
        """The routing patterns of the service's queue."""
        types = {row.type_ for row in self._rows}
        return ["#"] if "*" in types else sorted(f"*.{type_.removeprefix(PREFIX)}" for type_ in types)

    def of(self, envelope: Envelope) -> list[Subscription]:
        return [row for row in self._rows if row.hears(envelope.type)]

    def knows(self, type_: str) -> bool:
        """True if some major version of this type is heard: if it is not this one, it is a newer contract."""
        stem = type_.rpartition(".v")[0]
        return any(row.type_ == "*" or row.type_.rpartition(".v")[0] == stem for row in self._rows)

    def fields(self) -> frozenset[str]:
        """Every field of a body that some reader class knows, by its name on the wire."""
        found = {field.alias or name for row in self._rows for name, field in row.heard.model_fields.items()}
        return frozenset(found - {"envelope"})


Ready = tuple[Subscription, Heard]


async def load_for(uow: UnitOfWork, ready: Sequence[Ready]) -> None:
    """One SELECT for each kind of row that the batch's handlers declared."""
    wanted: dict[type[Entity], list[UUID]] = {}
    for row, heard in ready:
        if row.loads is not None:
            wanted.setdefault(row.loads, []).append(getattr(heard, row.by))
    for kind, ids in wanted.items():
        await uow.load(kind, ids)
