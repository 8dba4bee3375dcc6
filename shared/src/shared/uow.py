"""The unit of work: what a use-case is given to read, change and tell. It never commits; the edge does."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from . import tables
from .caller import Caller
from .entity import Entity
from .envelope import LARGEST
from .errors import Fault, Invalid, NotFound, Refused
from .events import Event
from .ids import uuid7
from .whoami import Whoami

T = TypeVar("T", bound=Entity)
SKEW = timedelta(seconds=30)


class NotInThePast(Invalid):
    """A fact cannot have happened after it is told."""


class NotYourMove(Refused):
    """You may see this, but it is for another party to change."""

    status = 403


class Changed(Refused):
    """It was changed since you read it."""

    status = 412


class TooLarge(Refused):
    """What would be told is larger than any receiver takes."""

    status = 500
    fault = Fault.PLATFORM


class StreamNotLocked(AssertionError):
    """A use-case tells or changes something of a stream that it did not lock."""


class UnitOfWork:
    """One transaction's view of the world. `now` is the instant at which it began."""

    def __init__(
        self,
        session: AsyncSession,
        whoami: Whoami,
        now: datetime,
        *,
        caller: Caller | None = None,
        writes: bool = True,
        causation: UUID | None = None,
        traceparent: str | None = None,
        if_match: str | None = None,
    ) -> None:
        self.session = session
        self.whoami = whoami
        self.now = now
        self.caller = caller
        self.writes = writes
        self.causation = causation
        self.traceparent = traceparent
        self.if_match = if_match
        self.shown: Entity | None = None
        self.after_commit: list[Callable[[], object]] = []
        self._sequences: dict[UUID, int] = {}
        self._entities: dict[tuple[type[Entity], UUID], Entity | None] = {}
        self._events: list[tuple[Event, UUID | None, str | None]] = []

    @property
    def streams(self) -> frozenset[UUID]:
        """The streams this transaction holds."""
        return frozenset(self._sequences)

    def happened(self, at: datetime | None) -> datetime:
        """When something happened: what the party says, or now. Raises `NotInThePast` for a time to come."""
        if at is not None and at > self.now + SKEW:
            raise NotInThePast("Give the time at which it happened.")
        return min(at, self.now) if at is not None else self.now

    async def lock(self, *streams: UUID) -> None:
        """Locks streams in id order, so that two transactions never wait for each other; makes those that are new."""
        new = sorted(set(streams) - self._sequences.keys())
        if not new:
            return
        rows = await self.session.execute(
            self.insert(tables.stream)
            .on_conflict_do_update(index_elements=["id"], set_={"sequence": tables.stream.c.sequence})
            .returning(tables.stream.c.id, tables.stream.c.sequence),
            [{"id": s, "sequence": 0} for s in new],
        )
        self._sequences.update({row.id: row.sequence for row in rows})

    async def find(self, kind: type[T], id_: UUID) -> T | None:
        """The row, with its stream locked where the caller writes, or nothing.

        A caller sees only what it has a part in. Raises `NotYourMove` where it would change what others move.
        """
        if (kind, id_) not in self._entities:
            stream = await self.session.scalar(
                self.visible(select(col(kind.case_id)).where(col(kind.id) == id_), col(kind.id))
            )
            if stream is not None and self.writes:
                await self.lock(stream)
                await self._may_move(id_)
            found = None if stream is None else await self.session.get(kind, id_, populate_existing=True)
            self._entities[kind, id_] = found
        found = self._entities[kind, id_]
        return found if isinstance(found, kind) else None

    async def get(self, kind: type[T], id_: UUID) -> T:
        """As `find`; raises `NotFound`, also for what belongs to others."""
        found = await self.find(kind, id_)
        if found is None:
            raise NotFound(f"Check the id of the {kind.__name__.lower()}.")
        if self.shown is None:
            self.shown = found
            if not self._as_read():
                raise Changed("Read it again, then decide.")
        return found

    @property
    def etag(self) -> str | None:
        """The version of the row that this request is about: the first one it got, or made."""
        return f'"{self.shown.version}"' if self.shown is not None else None

    def _as_read(self) -> bool:
        """Whether If-Match (RFC 9110 13.1.1: any, or one of a list) allows it."""
        if self.if_match is None:
            return True
        said = [tag.strip() for tag in self.if_match.split(",")]
        return "*" in said or self.etag in said

    async def _may_move(self, thing: UUID) -> None:
        if self.caller is None:
            return
        part = tables.part.c
        mine = select(part.thing).where(part.thing == thing, part.acts, *self._mine()).limit(1)
        if self.caller.service:
            raise NotYourMove("A service makes no move for a party; use the party's own token.")
        if await self.session.scalar(mine) is None:
            raise NotYourMove("Ask the party that makes this move.")

    async def load(self, kind: type[T], ids: Iterable[UUID]) -> None:
        """Reads the rows of a whole batch in one statement. Their streams are locked already."""
        wanted = [i for i in dict.fromkeys(ids) if (kind, i) not in self._entities]
        if not wanted:
            return
        rows = await self.session.scalars(select(kind).where(col(kind.id).in_(wanted)))
        found: dict[UUID, Entity] = {row.id: row for row in rows}
        for id_ in wanted:
            row = found.get(id_)
            if row is None or row.case_id in self._sequences:
                self._entities[kind, id_] = row

    def add(self, entity: Entity) -> None:
        """A new row. Its stream must be locked."""
        self._require(entity.case_id)
        self.shown = self.shown or entity
        self._entities[type(entity), entity.id] = entity
        self.session.add(entity)

    def emit(self, event: Event) -> None:
        """Tells the event: it is written in this transaction, sent afterwards, and kept."""
        self._require(event.stream)
        self._events.append((event, self.causation, self.traceparent))

    async def grant(self, thing: UUID, parts: Sequence[tuple[str, str]], *, acts: Sequence[tuple[str, str]]) -> None:
        """Gives (organisation, party) pairs a part in a thing: they see it; those that act may also change it."""
        rows = [
            {
                "thing": thing,
                "organisation": organisation,
                "party": party,
                "acts": (organisation, party) in acts,
            }
            for organisation, party in dict.fromkeys([*acts, *parts])
        ]
        if rows:
            insert = self.insert(tables.part).values(rows)
            await self.session.execute(insert.on_conflict_do_nothing())

    def visible(self, query: Select[Any], thing: Any, *, acts: bool = False) -> Select[Any]:
        """Narrows a query to what the caller has a part in, or also acts on. The platform's own work sees all."""
        if self.caller is None:
            return query
        mine = [*self._mine(), *([tables.part.c.acts] if acts else [])]
        return query.where(exists().where(tables.part.c.thing == thing, *mine))

    def _mine(self) -> list[ColumnElement[bool]]:
        """The parts of the caller: of its party, or of its whole organisation where a service calls for itself."""
        assert self.caller is not None
        part = tables.part.c
        mine = [part.organisation == self.caller.organisation]
        return mine if self.caller.service else [*mine, part.party == self.caller.party]

    def insert(self, table: Any) -> postgresql.Insert:
        """An INSERT that knows ON CONFLICT; both dialects spell it alike."""
        if self.session.get_bind().dialect.name == "sqlite":
            return sqlite.insert(table)  # pyright: ignore[reportReturnType] -- same methods, no common base
        return postgresql.insert(table)

    async def write_events(self) -> bool:
        """Writes state and events; called once by the edge before it commits. True if anything was told."""
        await self.session.flush()
        if not self._events:
            return False
        rows: list[dict[str, Any]] = []
        for event, causation, traceparent in self._events:
            body = event.body()
            if len(body) > LARGEST:
                raise TooLarge("Tell it in smaller parts; nothing was changed.", type=event.type)
            self._sequences[event.stream] += 1
            rows.append(
                {
                    "id": uuid7(),
                    "stream": event.stream,
                    "sequence": self._sequences[event.stream],
                    "type": event.type,
                    "time": event.time,
                    "recorded": self.now,
                    "case_id": event.case_id,
                    "home": event.home,
                    "addressee": event.addressee,
                    "audience": event.audience(self.whoami.organisation),
                    "causation": causation,
                    "traceparent": traceparent,
                    "body": body,
                }
            )
        await self.session.execute(tables.event.insert(), rows)
        advance = update(tables.stream).where(tables.stream.c.id == bindparam("s")).values(sequence=bindparam("n"))
        moved = [{"s": s, "n": self._sequences[s]} for s in {event.stream for event, _, _ in self._events}]
        await (await self.session.connection()).execute(advance, moved)
        return True

    def _require(self, stream: UUID) -> None:
        if stream not in self._sequences:
            raise StreamNotLocked("lock the stream before telling or changing anything of it")
