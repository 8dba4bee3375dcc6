"""Notices: whoever told an event hears when a service cannot take it in, and what became of it later.

They are events like others and go the ordinary road. A notice that cannot be taken in makes no further notice.
"""

from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID, uuid5

from pydantic import Field, field_validator
from sqlalchemy import select

from .envelope import PREFIX
from .errors import Fault
from .events import Event, Heard
from .parties import Parties
from .parties.register import TYPE
from .tables import event, notice
from .uow import UnitOfWork
from .whoami import Whoami

NOTICES = UUID("6f0c3a52-58a5-5d0e-9d4c-6a1f1f1a4f10")
MARK = f"{PREFIX}message."


class Fate(StrEnum):
    """What became of an event at a receiver."""

    DIED = "died"
    REPLAYED = "replayed"
    SKIPPED = "skipped"


class Notice(Event):
    """An event of `told_by` became a dead letter at the teller of this; it holds no data and names no case.

    `event_id` and `event_type` are missing where the message could not be read.
    """

    case_id: UUID | None = Field(default=None, exclude=True)  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues] -- a notice is about no case
    letter: UUID = Field(exclude=True)
    told_by: str
    cause: Fault
    event_id: UUID | None = None
    event_type: str | None = None

    @property
    def stream(self) -> UUID:
        """The dead letter's own: no case waits for a notice."""
        return self.letter


class MessageDied(Notice, type="message.died"):
    """It lies with those who run the receiver."""


class MessageReplayed(Notice, type="message.replayed"):
    """It was taken in after all."""


class MessageSkipped(Notice, type="message.skipped"):
    """It stays undone, on the word of an operator of the receiver."""


KINDS: dict[Fate, type[Notice]] = {
    Fate.DIED: MessageDied,
    Fate.REPLAYED: MessageReplayed,
    Fate.SKIPPED: MessageSkipped,
}


async def tell(uow: UnitOfWork, parties: Parties, fate: Fate, letter: Any) -> bool:
    """Tells whoever sent the message what became of it; `letter` is its parked row, or has what that has.

    False where nobody can be told: the sender is unknown. Nor is it of a notice, also one that cannot be read: two
    organisations that do not believe each other would go on for ever.
    """
    told_by = letter.source or parties.source_of(letter.user_id or "")
    said_to_be = str(letter.headers.get("ce-type", ""))
    if told_by is None or letter.type.startswith(MARK) or said_to_be.startswith(MARK):
        return False
    id_ = letter_id(uow.whoami, letter.source, letter.event_id or letter.stream)
    await uow.lock(id_)
    uow.emit(
        KINDS[fate](
            letter=id_,
            home=uow.whoami.organisation,
            time=uow.now,
            told_to=frozenset({told_by.split("/")[1]}),
            told_by=told_by,
            cause=letter.cause,
            event_id=letter.event_id,
            event_type=letter.type if TYPE.fullmatch(letter.type) else None,
        )
    )
    return True


def letter_id(whoami: Whoami, source: str, id_: UUID) -> UUID:
    """The same for the same event at the same receiver: the order of what is told of it."""
    return uuid5(NOTICES, f"{whoami.source} {source} {id_}")


class HeardNotice(Heard):
    """What another service says of an event of ours."""

    fate: ClassVar[Fate]
    told_by: str
    cause: Fault
    event_id: UUID | None = None

    @field_validator("told_by")
    @classmethod
    def _is_a_source(cls, value: str) -> str:
        if value.count("/") != 2:
            raise ValueError("told_by is /<organisation>/<service>")
        return value


class HeardOfDeath(HeardNotice, type="message.died"):
    fate = Fate.DIED


class HeardOfReplay(HeardNotice, type="message.replayed"):
    fate = Fate.REPLAYED


class HeardOfSkip(HeardNotice, type="message.skipped"):
    fate = Fate.SKIPPED


HEARD: tuple[type[HeardNotice], ...] = (HeardOfDeath, HeardOfReplay, HeardOfSkip)


async def hear(uow: UnitOfWork, heard: HeardNotice) -> None:
    """Keeps it where the event was told, for those who run that service. What others told is theirs to keep.

    The type is taken from our own event log, and an event that we never told is not kept.
    """
    if heard.told_by != uow.whoami.source:
        return
    type_ = None
    if heard.event_id is not None:
        type_ = await uow.session.scalar(select(event.c.type).where(event.c.id == heard.event_id))
        if type_ is None:
            return
    row = {
        "receiver": heard.envelope.source,
        "letter": heard.envelope.stream,
        "event_id": heard.event_id,
        "type": type_,
        "cause": str(heard.cause),
        "state": str(heard.fate),
        "died_at": heard.time,
        "changed_at": heard.time,
    }
    kept = uow.insert(notice).values(row)
    newer = {"state": kept.excluded.state, "changed_at": kept.excluded.changed_at}
    await uow.session.execute(kept.on_conflict_do_update(index_elements=["receiver", "letter"], set_=newer))
