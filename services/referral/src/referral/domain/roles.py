"""Who of a party's own staff holds a role in a case, as the party says when home asks."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from referral.events import RoleAssigned
from shared.entity import Asked
from shared.errors import Invalid
from shared.tasks import HeardRequest

from .answers import SKEW
from .table import Table


class AssignedTooEarly(Invalid):
    """Nobody can have been assigned before it was asked for."""


class RoleStatus(StrEnum):
    """Where a role is."""

    REQUESTED = "requested"
    ASSIGNED = "assigned"
    RECALLED = "recalled"


class RoleHolding(Asked, Table, table=True):
    """One role of one case. Its task is named as the role; whoever takes over holds it from then on."""

    __tablename__: ClassVar[Any] = "role_holding"

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        RoleStatus.REQUESTED: frozenset({RoleStatus.ASSIGNED, RoleStatus.RECALLED}),
        RoleStatus.ASSIGNED: frozenset({RoleStatus.ASSIGNED}),
    }

    status: str = RoleStatus.REQUESTED
    party: str
    holder: str | None = None

    @classmethod
    def requested(cls, asked: HeardRequest, at: datetime) -> "RoleHolding":
        return cls(
            id=asked.play,
            case_id=asked.case_id,
            home=asked.home,
            task=asked.task,
            round=asked.round,
            kind=asked.kind,
            party=asked.party,
            opened_at=asked.time,
            changed_at=at,
        )

    def assign(self, holder: str, at: datetime) -> RoleAssigned:
        """Raises `AssignedTooEarly` (two organisations' clocks may differ by 30 s), `MoveNotAllowed`."""
        if at < self.opened_at - SKEW:
            raise AssignedTooEarly("Give a time after it was asked for.")
        at = max(at, self.opened_at)
        self.move(RoleStatus.ASSIGNED, at)
        self.holder = holder
        return self.fact(RoleAssigned, at, role=self.task)
