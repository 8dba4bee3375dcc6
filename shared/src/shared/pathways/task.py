"""A task and a stage, as a score holds them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.pathways.conditions import Condition
from shared.pathways.kinds import KINDS, Kind
from shared.pathways.phrases import phrase, span
from shared.pathways.reading import steps_of, task_of

_ID = r"^[a-z0-9][a-z0-9_-]*$"
Id = Annotated[str, Field(pattern=_ID)]
Language = Literal["sv", "en"]


def _phrase(text: str) -> str:
    phrase(text)
    return text


def _span(text: str) -> str:
    span(text)
    return text


PhraseText = Annotated[str, AfterValidator(_phrase)]
SpanText = Annotated[str, AfterValidator(_span)]
Target = Annotated[str, Field(pattern=r"^(back to|end) [a-z0-9][a-z0-9_-]*$|^ask again$")] | None
"""Where an outcome leads: None goes on; `back to <stage>`; `end <ending>`; `ask again` (after `otherwise` only)."""


CLOSED = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
"""What a definition is made of has closed keys and never changes."""


class Title(BaseModel):
    model_config = CLOSED

    sv: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    def in_(self, language: Language) -> str:
        return self.sv if language == "sv" else self.en


class Task(BaseModel):
    """One thing asked of one party. Written `<kind>: <name>`."""

    model_config = CLOSED

    kind: str
    name: Id
    title: Title | None = None
    by: Id = "receiver"
    """Who makes the move: a role, a party, `receiver`, `referrer`, `participant`, `anyone`, `owner`."""
    owner: Id | None = None
    """Who owns the deadline; `by` unless said."""
    with_: Annotated[tuple[Id, ...], Field(alias="with")] = ()
    joins_if: dict[Id, Condition] = {}
    when: Condition | None = None
    starts: PhraseText | None = None
    due: dict[Id, PhraseText] = {}
    outcomes: dict[Id, Target] = {}
    again: dict[Id, SpanText] = {}
    at_most: int | None = None
    if_late: Id | None = None
    every: SpanText | None = None
    after_each: tuple[Id, ...] = ()
    after_outcome: tuple[Id, ...] = ()
    holds: bool = False
    authority: bool = False
    contributions: dict[Id, Literal["required", "optional"]] = {}
    finds: dict[Id, tuple[Id, ...]] = {}
    signed_by: tuple[Id, ...] = ()
    each_decides: bool = False
    choose_from: tuple[Id, ...] = ()
    package: str | None = None
    lasts: SpanText | None = None
    settles: Literal["started"] | None = None
    waiver: bool = False
    between: tuple[Id, ...] = ()
    obtained_by: Id | None = None
    if_withdrawn: Target = None

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, data: object) -> object:
        return task_of(data)

    @property
    def what(self) -> Kind:
        return KINDS[self.kind]

    @property
    def owned_by(self) -> str:
        return self.owner or self.by

    @property
    def settling(self) -> dict[str, str | None]:
        """Moment -> the outcome it stands for."""
        return {self.settles: self.settles} if self.settles else dict(self.what.settles)

    @property
    def sayable(self) -> tuple[str, ...]:
        """The outcomes a settling fact may carry: not those that a bad end or the receiver's return stands for."""
        others = {*self.what.fails, "returned"} if self.kind != "answer" else set[str]()
        return tuple(word for word in self.outcomes if word not in others)

    def reach_of(self, moment: str) -> str:
        """The word `due` uses for a moment: `ended` for the one that settles the task, unless that is `started`."""
        return "ended" if moment in self.settling and not self.settles else moment


class Stage(BaseModel):
    """A stretch of the person's journey. `steps` follow one another; the tasks in one step stand side by side."""

    model_config = CLOSED

    name: Annotated[Id, Field(alias="stage")]
    title: Title | None = None
    after: tuple[Id, ...] = ()
    when: Condition | None = None
    steps: Annotated[tuple[tuple[Task, ...], ...], Field(alias="tasks")] = ()
    meanwhile: tuple[Task, ...] = ()
    by_need: tuple[Task, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, data: object) -> object:
        return steps_of(data)
