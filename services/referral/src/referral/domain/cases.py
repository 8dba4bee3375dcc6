"""A case as home keeps it: the score it is pinned to, and the file of facts about its tasks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field

from referral.events import ReferralReturned
from shared.entity import Entity
from shared.errors import Refused
from shared.pathways import CaseFile, Score, returnable
from shared.tables import Instant

from .table import Table


class NotReturnable(Refused):
    """The referral can no longer be returned."""


class PinnedScore(Table, table=True):
    """The text of a score by its hash: what a case is pinned to never changes."""

    sha256: str = Field(primary_key=True)
    name: str
    version: int
    text: str = Field(sa_column=Column(Text, nullable=False))


class Case(Entity, Table, table=True):
    """One case; its id is the stream of all that is told of it."""

    person_id: UUID
    referral_id: UUID
    pathway: str
    pathway_version: int
    sha256: str
    file: str = Field(sa_column=Column(Text, nullable=False))
    parties: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    opened_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    ending: str | None = None

    def casefile(self) -> CaseFile:
        return CaseFile.from_text(self.file)

    def heard(self, file: CaseFile, at: datetime) -> None:
        """The file after a fact. One that was known already leaves it, and its version, as it was."""
        if (text := file.to_text()) != self.file:
            self.file = text
            self.changed(at)

    def give_back(self, score: Score, reason: str, at: datetime) -> ReferralReturned:
        """The receiver returns it. Raises `NotReturnable` when it is too late or the reason is not the pathway's."""
        if returnable(score, self.casefile()) is None:
            raise NotReturnable("What was asked has begun; end the case by its tasks.")
        if reason not in score.entry.return_reasons:
            raise NotReturnable(f"The reasons are: {', '.join(score.entry.return_reasons)}.")
        return self.tells(ReferralReturned, at, reason=reason)
