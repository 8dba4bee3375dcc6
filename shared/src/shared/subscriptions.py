"""What a service hears: reader classes and the handlers they go to."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from . import notices
from .entity import Entity
from .envelope import PREFIX, Envelope
from .events import Heard
from .uow import UnitOfWork

H = TypeVar("H", bound=Heard)
Handler = Callable[[UnitOfWork, H], Awaitable[Any]]


class Load(NamedTuple):
    """Rows that a handler needs, read for the whole batch at once: those whose id is in the event's field `by`.

    `of_case`: instead those of the event's case, of which there is one at most.
    """

    kind: type[Entity]
    by: str = "play"
    of_case: bool = False


@dataclass(frozen=True, slots=True)
class Subscription:
    """One row of the table: this event goes to that use-case, with these rows loaded for the whole batch."""

    type_: str
    heard: type[Heard]
    handler: Handler[Any]
    loads: Sequence[Load]

    def hears(self, type_: str) -> bool:
        return self.type_ in ("*", type_)


class Subscriptions:
    """The table of what a service hears. `order_free`: a projection, whose failing event parks alone.

    Every service hears what became of its own events elsewhere.
    """

    def __init__(self, *, order_free: bool = False) -> None:
        self.order_free = order_free
        self._rows = [Subscription(kind.type, kind, notices.hear, ()) for kind in notices.HEARD]

    def on(self, heard: type[H], *loads: Load) -> Callable[[Handler[H]], Handler[H]]:
        """Registers the decorated handler."""

        def register(handler: Handler[H]) -> Handler[H]:
            self._rows.append(Subscription(heard.type, heard, handler, loads))
            return handler

        return register

    def on_each(self, heard: type[H], facts: Sequence[str], *loads: Load) -> Callable[[Handler[H]], Handler[H]]:
        """As `on`, for one reader class that reads several facts, each `<aggregate>.<fact>` of major version 1."""

        def register(handler: Handler[H]) -> Handler[H]:
            self._rows += [Subscription(f"{PREFIX}{fact}.v1", heard, handler, loads) for fact in facts]
            return handler

        return register

    def bindings(self) -> list[str]:
        """The routing patterns of the service's queue: every version, so that a newer contract is held, not missed."""
        stems = {row.type_.rpartition(".v")[0] or row.type_ for row in self._rows}
        return ["#"] if "*" in stems else sorted(f"*.{stem.removeprefix(PREFIX)}.*" for stem in stems)

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
    by_id: dict[type[Entity], list[UUID]] = {}
    by_case: dict[type[Entity], list[UUID]] = {}
    for row, heard in ready:
        for load in row.loads:
            value = heard.case_id if load.of_case else getattr(heard, load.by)
            if value is not None:
                (by_case if load.of_case else by_id).setdefault(load.kind, []).append(value)
    for kind, ids in by_id.items():
        await uow.load(kind, ids)
    for kind, cases in by_case.items():
        await uow.load_of_cases(kind, cases)
