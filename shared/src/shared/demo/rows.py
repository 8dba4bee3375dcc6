"""What the demo shows of each person: when each fact happened, which deadline held, and where it ended."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from shared.calendar import STOCKHOLM

from .clients import Clients
from .making import Making, Reason
from .script import Script

INTERPRETER = "interpreter"
"""Ordered for a meeting, but no fact about it."""
SHOWN = {"referral", "case", "meeting", INTERPRETER, "agenda", "assessment", "activity", "decision", "plan"}
SHOWN.update({"deviation", "consent", "answer", "role"})
UNTOLD = ("requested", "recalled", "moved", "paused", "resumed", "turned")

ORDER = (
    "referral.received",
    "case.opened",
    "opened",
    "booked",
    "released",
    "",
    "returned",
    "withdrawn",
    "case.closed",
    "cancelled",
)
"""What happened at one instant, in the order in which one thing follows from another; the empty word is all else."""


class Fact(BaseModel):
    """Something that happened, `what` in the words of its event: `referral.received`, `mapping completed`."""

    model_config = ConfigDict(frozen=True)
    at: datetime
    what: str
    outcome: str | None = None

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Self:
        aggregate = entry["type"].partition(".")[0]
        task = aggregate if aggregate == INTERPRETER else entry["task"]
        what = f"{task} {entry['moment']}" if task else entry["type"]
        outcome = entry["outcome"] if entry["outcome"] != entry["moment"] else None
        return cls(at=_local(entry["time"]), what=what, outcome=outcome)


class Deadline(BaseModel):
    """A deadline, and when it was met or passed."""

    model_config = ConfigDict(frozen=True)
    due: datetime
    task: str
    reach: str
    state: str
    at: datetime
    learnt_late: bool

    @classmethod
    def of(cls, item: dict[str, Any]) -> Self:
        return cls(
            due=_local(item["due"]),
            task=item["task"],
            reach=item["reach"],
            state=item["state"],
            at=_local(item["at"]),
            learnt_late=item["learntLate"],
        )


class Row(BaseModel):
    """One person of the demo. `ended`: the ending of the case, as the pathway names it.

    `refused`: why the person's row of a document became no case.
    """

    model_config = ConfigDict(frozen=True)
    person: str
    story: str
    refused: Reason | None = None
    ended: str | None
    facts: list[Fact]
    deadlines: list[Deadline]


async def rows(script: Script, making: Making, clients: Clients) -> list[Row]:
    """From reporting alone: what it shows it has heard as events. Of a row that was refused nobody heard anything."""
    found: list[Row] = []
    for person in script.people:
        if (case := making.cases.get(person.pseudonym)) is None:
            refused = making.refused[person.pseudonym]
            nothing: dict[str, Any] = {"ended": None, "facts": [], "deadlines": []}
            found.append(Row(person=person.pseudonym, story=person.story, refused=refused, **nothing))
            continue
        path = f"/operations/cases/{case['case']}"
        timeline = (await clients.get("reporting", f"{path}/timeline"))["items"]
        deadlines = (await clients.get("reporting", f"{path}/deadlines"))["items"]
        ended = next((each["outcome"] for each in timeline if each["type"] == "case.closed"), None)
        found.append(
            Row(
                person=person.pseudonym,
                story=person.story,
                ended=ended,
                facts=[Fact.of(each) for each in sorted(timeline, key=_order) if _is_fact(each)],
                deadlines=sorted(map(Deadline.of, deadlines), key=lambda d: (d.due, d.task, d.reach, d.at)),
            )
        )
    return found


def _is_fact(entry: dict[str, Any]) -> bool:
    aggregate, moment = entry["type"].split(".")[:2]
    return aggregate in SHOWN and moment not in UNTOLD


def _order(entry: dict[str, Any]) -> tuple[str, int, str, str]:
    word = next((each for each in (entry["type"], entry["moment"]) if each in ORDER), "")
    return entry["time"], ORDER.index(word), entry["task"] or "", entry["moment"]


def _local(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone(STOCKHOLM)
