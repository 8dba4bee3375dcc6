"""A booking document: rows that one party sent together, and what became of each. Who they are about is not in it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field

from shared.entity import Entity
from shared.errors import Fault, Invalid, Refused
from shared.tables import Instant

from .table import Table

CHUNK: Final = 50
"""Rows that one transaction receives."""
LAST: Final = 2**32 - 1


class RowSentBefore(Refused):
    """The same row was received before."""


class OtherRowsWrong(Invalid):
    """The row is right, but others are not, and all or nothing was asked for."""


class RowFailed(Refused):
    """The platform could not receive the row."""

    status = 500
    fault = Fault.PLATFORM


class Progress(StrEnum):
    """How far a document has come. A refused one has received nothing."""

    WORKING = "working"
    DONE = "done"
    REFUSED = "refused"


class Became(StrEnum):
    """What became of a row. A duplicate has a referral already, and changed nothing."""

    PENDING = "pending"
    RECEIVED = "received"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Document(Entity, Table, table=True):
    """One document. `digest`: a keyed hash of its sender, rows and what was found wrong; the same again is the same."""

    sender_organisation: str
    sender: str
    digest: str = Field(unique=True)
    rows: str
    status: str = Progress.WORKING
    total: int
    received: int = 0
    duplicate: int = 0
    refused: int = 0
    sent_at: datetime = Field(sa_type=Instant)
    done_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def pending(self) -> int:
        return self.total - self.received - self.duplicate - self.refused

    def went_on(self, received: int, duplicate: int, refused: int, at: datetime) -> None:
        """So many rows more became something; with the last one it is done."""
        self.received += received
        self.duplicate += duplicate
        self.refused += refused
        if not self.pending and self.status == Progress.WORKING:
            self.status, self.done_at = Progress.DONE, at
        self.changed(at)


class DocumentRow(Table, table=True):
    """One row. `identity`: a keyed hash of its sender and all it says, by which it is known when it comes again."""

    __table_args__ = (Index("ix_documentrow_next", "document_id", "status", "chunk"),)

    id: UUID = Field(primary_key=True)
    document_id: UUID
    number: int
    chunk: int
    identity: str = Field(index=True)
    status: str
    code: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    referral_id: UUID | None = None


def row_id(document: UUID, number: int) -> UUID:
    """So made that a list that shows the newest first begins with the first row."""
    return UUID(bytes=document.bytes[:12] + (LAST - number).to_bytes(4, "big"))
