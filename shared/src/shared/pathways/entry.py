"""Who may come in to a pathway, and who the parties and roles of it are."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from shared.pathways.spelling import AGES, Id, Miswritten
from shared.pathways.task import CLOSED, SpanText, Title


class Role(BaseModel):
    """Who holds a role: a party, who referred, or whom a closed question of the case points out."""

    model_config = CLOSED
    party: Id | None = None
    from_: Annotated[Literal["referrer"] | None, Field(alias="from")] = None
    chosen_by: Id | None = None
    table: dict[Id, Id] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.party, self.from_, self.chosen_by)) != 1:
            raise Miswritten("It is not said who holds the role.", "Write exactly one of party, from and chosen_by.")
        return self


class Party(BaseModel):
    """A party and what the area binds it to: an organisation (a deployment) and, inside it, a unit."""

    model_config = CLOSED
    title: Title | None = None
    private: bool = False
    organisation: Id | None = None
    unit: Id | None = None


class Door(BaseModel):
    model_config = CLOSED
    name: Annotated[Id, Field(alias="door")]
    by: tuple[Id, ...]
    """Parties; `participant` and `anyone` may stand among them."""
    via: Literal["referral", "batch", "contact", "drop_in"]
    """How one comes in: by a referral, in a booking document (`batch`), by contact or by dropping in."""


class Leaves(BaseModel):
    model_config = CLOSED
    at_age: int
    end: Id


class Entry(BaseModel):
    """Who comes in, by which doors, and what is vouched for. Its needs and answer are the stage `entry`."""

    model_config = CLOSED
    receiver: Id
    """The party that is asked to take the person in."""
    age: Annotated[str | None, Field(pattern=AGES)] = None
    """On the day of the referral, as 18-64; 16- has no upper end."""
    leaves: Leaves | None = None
    attests: tuple[Id, ...] = ()
    """What the referrer vouches for."""
    asks: dict[Id, tuple[Id, ...]] = {}
    """Closed questions that the referral answers; conditions read `case.<question>`."""
    dates: tuple[Id, ...] = ()
    """Dates that the referral gives; deadlines count from `date.<name>`."""
    doors: tuple[Door, ...] = ()
    return_reasons: tuple[Id, ...] = ()
    """Why the receiver may send a referral back; unsaid, those of the area."""

    @field_validator("age")
    @classmethod
    def _young_to_old(cls, age: str | None) -> str | None:
        low, _, high = (age or "0-").partition("-")
        if high and int(high) < int(low):
            raise Miswritten(f"'{age}' admits nobody.", f"Write the lower age first: {high}-{low}.")
        return age

    def admits(self, age: int) -> bool:
        """Whether somebody this old on the day of the referral may be referred."""
        low, _, high = (self.age or "0-").partition("-")
        return int(low) <= age <= (int(high) if high else age)


class Interpreters(BaseModel):
    """Which parties are asked for an interpreter, in order; how long before a meeting one is to be confirmed."""

    model_config = CLOSED
    providers: tuple[Id, ...] = ()
    lead: SpanText | None = None
    answer_within: SpanText | None = None
    """A provider that has not answered by then is passed over."""


class Group(BaseModel):
    """A standing group that sits every so often, and takes up one case after another."""

    model_config = CLOSED
    title: Title
    members: Annotated[tuple[Id, ...], Field(min_length=1)]
    """Parties. Each has a seat wherever a case stands on the group's agenda."""
    every: SpanText | None = None


class Patience(BaseModel):
    """What stands when nothing is heard: tries of an asking that ends badly, and how long a case may be silent."""

    model_config = CLOSED
    tries: int = 3
    silence: SpanText = "8 weeks"
