"""Requests to booking with the fields that only booking reads: who orders an interpreter, which group is asked."""

from functools import cache
from types import new_class
from typing import Any

from shared.ids import uuid7
from shared.tasks import TaskRequest

from .asking import requested

AGENCY = "agency"
FALLBACK = "second-agency"
PROVIDER = "interpreter_agency"
"""One party name at two organisations: only the organisation tells them apart."""

INTERPRETERS: dict[str, Any] = {
    "orderedBy": "clinic",
    "providers": [{"party": PROVIDER, "organisation": AGENCY}, {"party": PROVIDER, "organisation": FALLBACK}],
    "lead": "2 working days",
    "answerWithin": "4 hours on working days",
}


class _Wide(TaskRequest):
    """A request with any field that a test gives it, by its name on the wire."""

    interpreters: Any = None


def with_interpreters(interpreters: dict[str, Any] | None = None, **fields: Any) -> TaskRequest:
    """A meeting of `clinic` and `school`, both of which make moves, and an `onlooker` that makes none."""
    given: dict[str, Any] = {"party": "clinic", "outcomes": ["held"], "sees": [("norrby", "onlooker")]}
    request = requested("meeting", uuid7(), **given | fields)
    acting = [each.model_copy(update={"party": "school"}) for each in request.participants if each.acts]
    wide = dict(request) | {"participants": [*request.participants, *acting]}
    wide["interpreters"] = INTERPRETERS if interpreters is None else interpreters
    return _class("meeting.requested")(**wide)


def of_group(group: str = "norrby/adults-weekly", *, every: str | None = None, **fields: Any) -> TaskRequest:
    """An item for the agenda of a standing group: `coach` prepares it, `school` sits in the group."""
    given: dict[str, Any] = {"party": "coach", "outcomes": ["goes_on", "closed"], "sees": [("norrby", "school")]}
    request = requested("agenda", uuid7(), **given | fields)
    return _class("agenda.requested")(**dict(request) | {"group": group, "every": every})


@cache
def _class(type_: str) -> Any:
    return new_class("Wide", (_Wide,), {"type": type_})
