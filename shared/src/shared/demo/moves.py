"""What a party can do in a demo's script, and the request that says so."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.calendar import STOCKHOLM


def _local(at: datetime) -> datetime:
    return at.replace(tzinfo=STOCKHOLM).astimezone(UTC) if at.tzinfo is None else at.astimezone(UTC)


Local = Annotated[datetime, AfterValidator(_local)]


class Do(StrEnum):
    """What a party can do, as the routes name it."""

    REFER = "refer"
    WITHDRAW = "withdraw"
    RETURN = "return"
    ANSWER = "answer"
    ASSIGN = "assign"
    GRANT = "grant"
    REFUSE = "refuse"
    REVOKE = "revoke"
    BOOK = "book"
    HOLD = "hold"
    MISS = "miss"
    CANCEL = "cancel"
    DECLINE = "decline"
    ORDER = "order"
    CONFIRM = "confirm"
    TURN_DOWN = "turn_down"
    LIST = "list"
    DECIDE = "decide"
    CARRY_OVER = "carry_over"
    CONTRIBUTE = "contribute"
    COMPLETE = "complete"
    WRITE = "write"
    SIGN = "sign"
    START = "start"
    END = "end"
    REPORT = "report"


ROUTES: dict[Do, tuple[str, str]] = {
    Do.REFER: ("referral", "/referrals"),
    Do.WITHDRAW: ("referral", "/referrals/{referral}/withdrawals"),
    Do.RETURN: ("referral", "/cases/{case}/returns"),
    Do.ANSWER: ("referral", "/answers/{play}/replies"),
    Do.ASSIGN: ("referral", "/roles/{play}/assignments"),
    Do.GRANT: ("consent", "/bases/{play}/grants"),
    Do.REFUSE: ("consent", "/bases/{play}/refusals"),
    Do.REVOKE: ("consent", "/bases/{play}/withdrawals"),
    Do.BOOK: ("booking", "/meetings/{play}/bookings"),
    Do.HOLD: ("booking", "/meetings/{play}/holdings"),
    Do.MISS: ("booking", "/meetings/{play}/absences"),
    Do.CANCEL: ("booking", "/meetings/{play}/cancellations"),
    Do.DECLINE: ("booking", "/meetings/{play}/refusals"),
    Do.ORDER: ("booking", "/meetings/{play}/interpreter-orders"),
    Do.CONFIRM: ("booking", "/interpreter-orders/{order}/confirmations"),
    Do.TURN_DOWN: ("booking", "/interpreter-orders/{order}/refusals"),
    Do.LIST: ("booking", "/agenda-items/{play}/listings"),
    Do.DECIDE: ("booking", "/agenda-items/{play}/decisions"),
    Do.CARRY_OVER: ("booking", "/agenda-items/{play}/carryings-over"),
    Do.CONTRIBUTE: ("assessment", "/assessments/{play}/contributions"),
    Do.COMPLETE: ("assessment", "/assessments/{play}/completions"),
    Do.WRITE: ("assessment", "/plans/{play}/revisions"),
    Do.SIGN: ("assessment", "/plans/{play}/signatures"),
    Do.START: ("assessment", "/activities/{play}/starts"),
    Do.END: ("assessment", "/activities/{play}/endings"),
    Do.REPORT: ("assessment", "/deviations"),
}
"""`{play}` is the task's, `{order}` what an interpreter agency was asked, `{case}` and `{referral}` the person's."""


class Move(BaseModel):
    """One move of one party. `body` is what the route takes, beside `starts` and `ends`.

    `round` and `asking` count how often the task's stage was begun, and how often it has been asked since.
    `ordered`: when the meeting begins for which an interpreter was ordered; that is all that an agency knows of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Local
    by: str
    do: Do
    task: str = ""
    round: int = 1
    asking: int = 1
    starts: Local | None = None
    ends: Local | None = None
    ordered: Local | None = None
    body: dict[str, Any] = Field(default_factory=dict)

    def said(self, referral: dict[str, Any], case: str) -> dict[str, Any]:
        """The body of the request, with what the script need not repeat."""
        beside = {Do.REFER: referral, Do.REPORT: {"caseId": case}}.get(self.do, {})
        times = {"starts": self.starts, "ends": self.ends}
        return beside | self.body | {name: at.isoformat() for name, at in times.items() if at is not None}
