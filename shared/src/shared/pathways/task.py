"""A task and a stage, as a score holds them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.pathways.conditions import Condition
from shared.pathways.kinds import KINDS, Kind
from shared.pathways.phrases import phrase, span
from shared.pathways.reading import steps_of, task_of
from shared.pathways.spelling import TARGET, Id

Language = Literal["sv", "en"]


def _phrase(text: str) -> str:
    phrase(text)
    return text


def _span(text: str) -> str:
    span(text)
    return text


PhraseText = Annotated[str, AfterValidator(_phrase)]
SpanText = Annotated[str, AfterValidator(_span)]
Target = Annotated[str, Field(pattern=TARGET)] | None
"""Where an outcome leads: None goes on; `back to <stage>`; `end <ending>`; `ask again` (after `otherwise` only)."""


CLOSED = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True)
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
    """Who takes part: roles, parties, `participant`, `guardian`, `guardian_if_under_18`, `everyone_in_plan`."""
    joins_if: dict[Id, Condition] = {}
    """Who takes part where a condition holds."""
    when: Condition | None = None
    """Else it is skipped."""
    starts: PhraseText | None = None
    """Not asked before then."""
    due: dict[Id, PhraseText] = {}
    """A moment of the task, `ended` for the one that settles it, and by when."""
    outcomes: dict[Id, Target] = {}
    """What it can end with, and where each leads."""
    again: dict[Id, SpanText] = {}
    """An outcome after which it is asked again, and how long after."""
    at_most: int | None = None
    """How often it is asked again; then its bad end is answered."""
    if_late: Id | None = None
    """The outcome it counts as, when its last deadline passes unanswered."""
    every: SpanText | None = None
    """How often a task of `meanwhile` is asked."""
    after_each: tuple[Id, ...] = ()
    """A task of no stage: asked after each of these tasks; `otherwise`: after each bad end."""
    after_outcome: tuple[Id, ...] = ()
    """Only after these outcomes of it."""
    holds: bool = False
    """The case does not close while it is open."""
    authority: bool = False
    """An exercise of public authority: no private party takes part or hears of it."""
    contributions: dict[Id, Literal["required", "optional"]] = {}
    """Who adds to it, and who must."""
    finds: dict[Id, tuple[Id, ...]] = {}
    """What it finds, each in closed words that conditions read."""
    signed_by: tuple[Id, ...] = ()
    """Who signs it."""
    each_decides: bool = False
    """Every signer has an outcome of its own."""
    hours: int | None = None
    """How many hours a week a plan must fill."""
    group: Id | None = None
    """The standing group of the area whose agenda it stands on."""
    choose_from: tuple[Id, ...] = ()
    """Which activities it can be."""
    package: str | None = None
    """The activity's code at its provider."""
    lasts: SpanText | None = None
    """How long it is to last; gives `planned_end`."""
    settles: Literal["started"] | None = None
    """An activity that settles when it starts."""
    waiver: bool = False
    """A consent that lifts secrecy (OSL 10:1)."""
    between: tuple[Id, ...] = ()
    """The parties between which it holds; two at least."""
    obtained_by: Id | None = None
    """Who asks the person for it; as `by`."""
    if_withdrawn: Target = None
    """Where it leads that the person takes it back; unsaid, the bad end is answered."""

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
