"""What the platform says when the answer is no: who failed, what to do, and nothing about any person."""

import re
from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Who has to act. One vocabulary for problems, parked events and dead letters."""

    SENDER = "sender"
    RECEIVER = "receiver"
    PLATFORM = "platform"
    SCHEMA = "schema"
    CONSENT = "consent"
    WAITING = "waiting"


class Refused(Exception):
    """The request was refused."""

    status: ClassVar[int] = 409
    fault: ClassVar[Fault] = Fault.SENDER

    def __init__(self, remedy: str = "", **facts: str | int) -> None:
        """`remedy` is one sentence that says what to do; `facts` are ids and closed words, never input."""
        super().__init__(remedy)
        self.remedy = remedy
        self.facts = facts

    @property
    def title(self) -> str:
        return (type(self).__doc__ or "").strip().splitlines()[0]

    @property
    def code(self) -> str:
        """`<who failed>/<what>`, as `sender/move-not-allowed`."""
        return f"{self.fault}/{re.sub(r'(?<!^)(?=[A-Z])', '-', type(self).__name__).lower()}"

    def __str__(self) -> str:
        return f"{self.title} {self.remedy}".strip()


class NotFound(Refused):
    """There is no such thing here that you may see."""

    status = 404


class Invalid(Refused):
    """The request says something that cannot be."""

    status = 422


class Waits(Refused):
    """What this needs has not arrived yet."""

    fault = Fault.WAITING


class Unavailable(Refused):
    """The platform cannot do this right now; nothing was changed."""

    status = 503
    fault = Fault.PLATFORM
