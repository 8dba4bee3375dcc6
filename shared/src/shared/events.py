"""Events: what a service tells (`Event`) and the smaller classes with which another reads it (`Heard`)."""

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from .envelope import PREFIX, Envelope
from .errors import Fault, Refused

OBJECT = TypeAdapter(dict[str, Any])
Outside = Field(exclude=True, kw_only=True)


class BadBody(Refused):
    """The body of the event does not follow its schema."""

    fault = Fault.SCHEMA


class Event(BaseModel):
    """Something that happened, in the past tense, with ids, times and closed words only.

    The fields marked `Outside` travel as attributes of the envelope, the rest as the JSON body. `time` is when it
    happened, by the word of whoever did it. A subclass says its type:
    `class MeetingBooked(Event, type="meeting.booked")`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )
    type: ClassVar[str] = ""

    case_id: UUID = Outside
    home: str = Outside
    time: datetime = Outside
    addressee: str | None = Field(default=None, exclude=True)
    told_to: frozenset[str] = Field(default=frozenset(), exclude=True)

    def __init_subclass__(cls, *, type: str = "", version: int = 1, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type:
            cls.type = f"{PREFIX}{type}.v{version}"

    @property
    def stream(self) -> UUID:
        """What the order of events is kept for: the case, unless a subclass says otherwise."""
        return self.case_id

    def audience(self, teller: str) -> frozenset[str]:
        """Who may hear it: the teller, home, the addressee, whom home names. No rule: own organisation only."""
        named = {teller, self.home, self.addressee} | self.told_to
        return frozenset(name for name in named if name)

    def body(self) -> bytes:
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class Heard(BaseModel):
    """An event as one consumer reads it: only the fields it needs; all others are ignored.

    `class MeetingRequested(Heard, type="meeting.requested")`; a type of `*` hears everything.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)
    type: ClassVar[str] = ""
    envelope: Envelope = Field(exclude=True)

    def __init_subclass__(cls, *, type: str = "", version: int = 1, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type:
            cls.type = type if "*" in type else f"{PREFIX}{type}.v{version}"

    @classmethod
    def read(cls, envelope: Envelope, body: bytes) -> Self:
        """Raises `BadBody`, naming fields but never values."""
        try:
            heard = cls.model_validate({**OBJECT.validate_json(body), "envelope": envelope})
        except ValidationError as error:
            known = {field.alias or name for name, field in cls.model_fields.items()}
            where = {str(e["loc"][0]) for e in error.errors(include_input=False) if e["loc"]}
            raise BadBody("Send the body of the contract.", fields=", ".join(sorted(where & known)) or "body") from None
        heard.require_teller()
        return heard

    def require_teller(self) -> None:
        """Refuses what only somebody else may tell; a subclass says whom it believes."""

    @property
    def case_id(self) -> UUID:
        """The case the event is about. Raises `BadBody` where an event that needs one names none."""
        if self.envelope.case_id is None:
            raise BadBody("Name the case in the attribute `case`.", fields="case")
        return self.envelope.case_id

    @property
    def time(self) -> datetime:
        return self.envelope.time

    @property
    def home(self) -> str:
        return self.envelope.home
