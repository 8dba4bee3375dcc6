"""A deviation (avvikelse): somebody with a part in the case says that what happens differs from the plan."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from assessment.events import DeviationReported, Reason
from shared.entity import Entity
from shared.ids import uuid7
from shared.tables import Instant

from .tables import Table


class Deviation(Entity, Table, table=True):
    """One report. Nobody asked for it, and it never changes; what follows from it is for home to ask."""

    reason: str
    organisation: str
    party: str
    at: datetime = Field(sa_type=Instant)

    @classmethod
    def reported(
        cls, case_id: UUID, home: str, reason: Reason, at: datetime, *, by: tuple[str, str], now: datetime
    ) -> "Deviation":
        """`by`: the organisation and the party that say so."""
        organisation, party = by
        return cls(
            id=uuid7(),
            case_id=case_id,
            home=home,
            reason=reason,
            organisation=organisation,
            party=party,
            at=at,
            changed_at=now,
        )

    def told(self) -> DeviationReported:
        return self.tells(DeviationReported, self.at, reason=Reason(self.reason), party=self.party)
