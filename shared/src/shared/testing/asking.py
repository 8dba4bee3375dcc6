"""What home asks for, made up by a test instead of told by a home."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from types import new_class
from typing import Any
from uuid import UUID

from shared.ids import play_id, uuid7
from shared.tasks import Participant, TaskRecall, TaskRequest

MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)


def requested(
    kind: str,
    case: UUID,
    *,
    party: str,
    home: str = "norrby",
    organisation: str | None = None,
    addressee: str | None = None,
    sees: Sequence[tuple[str, str]] = (),
    task: str = "first-task",
    n: int = 1,
    at: datetime = MONDAY,
    **fields: Any,
) -> TaskRequest:
    """Home asks `party` (of `organisation`, home's own if left out) for one thing; `sees` are the (organisation,
    party) pairs that take part without making moves. Asked again (`n`), it is another play.
    """
    organisation = organisation or home
    acts = Participant(party=party, organisation=organisation, acts=True)
    given: dict[str, Any] = {
        "round": 1,
        "play": play_id(case, task, 1, n),
        "person_id": uuid7(),
        "owner": party,
        "participants": [acts, *(Participant(organisation=o, party=p) for o, p in sees)],
        "due": {},
        "outcomes": ["done"],
    }
    return _class(f"{kind}.requested", TaskRequest)(
        case_id=case,
        home=home,
        time=at,
        addressee=addressee or home,
        task=task,
        kind=kind,
        party=party,
        **given | fields,
    )


def recalled(request: TaskRequest, *, at: datetime | None = None) -> TaskRecall:
    """Home takes a request back."""
    kind = _class(f"{request.kind}.recalled", TaskRecall)
    return kind(
        case_id=request.case_id,
        home=request.home,
        time=at or request.time,
        addressee=request.addressee,
        task=request.task,
        round=request.round,
        play=request.play,
    )


@cache
def _class(type_: str, of: type[Any]) -> Any:
    return new_class(f"{of.__name__}Told", (of,), {"type": type_})
