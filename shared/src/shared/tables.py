"""The kit's own tables, in every service's database: what was told, what was heard, what waits.

They are SQLAlchemy Core, since every fact passes through them; a service's own tables are SQLModel.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    text,
    type_coerce,
)
from sqlalchemy.types import JSON

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

Number = BigInteger().with_variant(Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """A point in time, aware and UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Organisations(TypeDecorator[frozenset[str]]):
    """A set of organisations in one column, as `,agency,norrby,`, so that both databases can filter by it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        if value is not None and any("," in name for name in value):
            raise ValueError("no name of an organisation has a comma")
        return None if value is None else "," + "".join(f"{name}," for name in sorted(value))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> frozenset[str] | None:  # noqa: ARG002 -- SQLAlchemy's signature
        return None if value is None else frozenset(filter(None, value.split(",")))


def holds(column: Any, organisation: str) -> ColumnElement[bool]:
    """The condition that a column of `Organisations` has one among them."""
    return type_coerce(column, Text).contains(f",{organisation},", autoescape=True)


class ParkedState(StrEnum):
    """Where a parked event stands: for a later try, a fact to come, its turn behind another, or a person."""

    FAILED = "failed"
    WAITING = "waiting"
    BEHIND = "behind"
    DEAD = "dead"


stream = Table(
    "stream",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("stream", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("recorded", Instant, nullable=False),
    Column("case_id", Uuid),
    Column("home", Text, nullable=False),
    Column("addressee", Text),
    Column("audience", Organisations, nullable=False),
    Column("causation", Uuid),
    Column("traceparent", Text),
    Column("body", LargeBinary, nullable=False),
    Column("position", BigInteger),
    UniqueConstraint("stream", "sequence"),
)
Index(
    "ix_event_unsent",
    event.c.seq,
    postgresql_where=event.c.position.is_(None),
    sqlite_where=event.c.position.is_(None),
)
Index("ix_event_position", event.c.position, unique=True)

source = Table(
    "source",
    metadata,
    Column("number", SmallInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", SmallInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
)

parked = Table(
    "parked",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("stream", Uuid, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("told_of", Uuid),
    Column("sequence", BigInteger),
    Column("event_id", Uuid),
    Column("type", Text, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("user_id", Text),
    Column("state", Text, nullable=False),
    Column("holds", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("first_error", Text),
    Column("last_error", Text),
    Column("first_at", Instant),
    Column("last_at", Instant),
    Column("parked_at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("died_at", Instant),
    Column("untold", Boolean, index=True),
    Column("before", Integer, nullable=False, server_default="0"),
    Column("batch", Uuid),
)
Index("ix_parked_next_at", parked.c.next_at)
Index("ix_parked_state", parked.c.state, parked.c.stream)

resolution = Table(
    "resolution",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("dead_letter", BigInteger, nullable=False, index=True),
    Column("stream", Uuid, nullable=False),
    Column("event_id", Uuid),
    Column("action", Text, nullable=False),
    Column("batch", Uuid, index=True),
    Column("reason", Text),
    Column("note", Text),
    Column("client", Text),
    Column("actor", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("detail", Text),
    Column("at", Instant, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("receiver", Text, nullable=False),
    Column("letter", Uuid, nullable=False),
    Column("event_id", Uuid),
    Column("type", Text),
    Column("cause", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("died_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("receiver", "letter"),
)

timer = Table(
    "timer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("stream", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("due", Instant, nullable=False),
    Column("traceparent", Text),
    UniqueConstraint("stream", "kind", "key"),
)
Index("ix_timer_due", timer.c.due)

idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", LargeBinary, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("stored", Instant, nullable=False),
)

part = Table(
    "part",
    metadata,
    Column("thing", Uuid, primary_key=True),
    Column("organisation", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("acts", Boolean, nullable=False, server_default=text("false")),
)
Index("ix_part_party", part.c.organisation, part.c.party, part.c.thing)

cursor = Table(
    "cursor",
    metadata,
    Column("recipient", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("source", Text, primary_key=True),
    Column("hears", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("mark", Text),
    Column("compared", BigInteger, nullable=False),
    Column("ahead", BigInteger, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("healed", BigInteger, nullable=False),
    Column("forgotten", BigInteger, nullable=False),
    Column("restored_at", Instant),
    Column("fault", Text),
    Column("round", Uuid, nullable=False),
    Column("checked_at", Instant, nullable=False),
)

demo_clock = Table(
    "demo_clock",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("instant", Instant, nullable=False),
)
