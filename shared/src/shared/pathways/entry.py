"""Who may come in to a pathway, and who the parties and roles of it are."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from shared.pathways.task import CLOSED, Id, SpanText, Title


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
            raise ValueError("a role says exactly one of party, from and chosen_by")
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
    via: str


class Leaves(BaseModel):
    model_config = CLOSED
    at_age: int
    end: Id


class Entry(BaseModel):
    """Who comes in, by which doors, and what is vouched for. Its needs and answer are the stage `entry`."""

    model_config = CLOSED
    receiver: Id
    age: Annotated[str | None, Field(pattern=r"^\d+-\d*$")] = None
    leaves: Leaves | None = None
    attests: tuple[Id, ...] = ()
    asks: dict[Id, tuple[Id, ...]] = {}
    dates: tuple[Id, ...] = ()
    doors: tuple[Door, ...] = ()
    return_reasons: tuple[Id, ...] = ()

    def admits(self, age: int) -> bool:
        """Whether somebody this old on the day of the referral may be referred."""
        low, _, high = (self.age or "0-").partition("-")
        return int(low) <= age <= (int(high) if high else age)


class Patience(BaseModel):
    """What stands when nothing is heard: tries of an asking that ends badly, and how long a case may be silent."""

    model_config = CLOSED
    tries: int = 3
    silence: SpanText = "8 weeks"
