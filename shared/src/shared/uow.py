"""The unit of work: what a use-case is given to read, change and tell. It never commits; the edge does."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from . import tables
from .caller import Caller
from .entity import Entity
from .errors import Invalid, NotFound, Refused
from .events import Event
from .outbox import Outbox
from .whoami import Whoami
from .writes import Into, Pending, Row, insert_rows

T = TypeVar("T", bound=Entity)
SKEW = timedelta(seconds=30)
LOCKED = Into(tables.stream, key=("id",), updates=("id",))
PARTS = Into(tables.part, key=("thing", "organisation", "party"), updates=())


class NotInThePast(Invalid):
    """A fact cannot have happened after it is told."""


class NotYourMove(Refused):
    """You may see this, but it is for another party to change."""

    status = 403


class Changed(Refused):
    """It was changed since you read it."""

    status = 412


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
        self._outbox = Outbox(whoami.organisation, now)
        self._pending = Pending()
        self._entities: dict[tuple[type[Entity], UUID], Entity | None] = {}
        self._of_case: dict[tuple[type[Entity], UUID], Entity | None] = {}

    @property
    def streams(self) -> frozenset[UUID]:
        """The streams this transaction holds."""
        return frozenset(self._outbox.sequences)

    def happened(self, at: datetime | None) -> datetime:
        """When something happened: what the party says, or now. Raises `NotInThePast` for a time to come."""
        if at is not None and at > self.now + SKEW:
            raise NotInThePast("Give the time at which it happened.")
        return min(at, self.now) if at is not None else self.now

    async def lock(self, *streams: UUID) -> None:
        """Locks streams in id order, so that two transactions never wait for each other; makes those that are new."""
        new = sorted(set(streams) - self._outbox.sequences.keys())
        rows = [{"id": stream, "sequence": 0} for stream in new]
        locked = await insert_rows(await self.session.connection(), LOCKED, rows, "id", "sequence")
        self._outbox.sequences.update({row.id: row.sequence for row in locked})

    def open(self, stream: UUID) -> None:
        """A stream that is made here: nobody else can know of it yet, so there is nothing to lock."""
        self._outbox.sequences[stream] = 0

    async def find(self, kind: type[T], id_: UUID) -> T | None:
        """The row, with its stream locked where the caller writes, or nothing.

        A caller sees only what it has a part in. Raises `NotYourMove` where it would change what others move.
        """
        if (kind, id_) not in self._entities:
            if self.caller is not None:
                await self._write_pending()
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
            if row is None or row.case_id in self.streams:
                self._entities[kind, id_] = row

    async def load_of_cases(self, kind: type[T], cases: Iterable[UUID]) -> None:
        """As `load`, by the case, which has one such row at most. The streams of the cases are locked already."""
        wanted = [case for case in dict.fromkeys(cases) if (kind, case) not in self._of_case]
        if not wanted:
            return
        rows = await self.session.scalars(select(kind).where(col(kind.case_id).in_(wanted)))
        self._of_case.update({(kind, case): None for case in wanted})
        for row in rows:
            self._of_case[kind, row.case_id] = self._entities[kind, row.id] = row

    async def of_case(self, kind: type[T], case: UUID) -> T | None:
        """The platform's own work: the one row of a kind that a locked case has, or nothing."""
        self._outbox.require(case)
        await self.load_of_cases(kind, [case])
        found = self._of_case[kind, case]
        return found if isinstance(found, kind) else None

    def add(self, entity: Entity) -> None:
        """A new row. Its stream must be locked."""
        self._outbox.require(entity.case_id)
        self.shown = self.shown or entity
        self._entities[type(entity), entity.id] = entity
        self._of_case.pop((type(entity), entity.case_id), None)
        self.session.add(entity)

    def emit(self, event: Event) -> None:
        """Tells the event: it is written in this transaction, sent afterwards, and kept."""
        self._outbox.tell(event, causation=self.causation, traceparent=self.traceparent)

    def put(self, into: Into, row: Row) -> None:
        """A row of the kit's own tables, written with the events; no query of this transaction sees it."""
        self._pending.put(into, row)

    def remove(self, into: Into, *key: Any) -> None:
        """Takes such a row away, as late; one that is not there is no error."""
        self._pending.remove(into, key)

    def grant(self, thing: UUID, parts: Sequence[tuple[str, str]], *, acts: Sequence[tuple[str, str]]) -> None:
        """Gives (organisation, party) pairs a part in a thing: they see it; those that act may also change it."""
        for organisation, party in dict.fromkeys([*acts, *parts]):
            may = (organisation, party) in acts
            self.put(PARTS, {"thing": thing, "organisation": organisation, "party": party, "acts": may})

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
        told = self._outbox.write(self._pending)
        await self._write_pending()
        return told

    async def _write_pending(self) -> None:
        if self._pending:
            await self._pending.write(await self.session.connection())
