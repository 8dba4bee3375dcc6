"""Definitions as people write them: an area says what stands, a pathway what moves."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.pathways.entry import Entry, Party, Patience, Role
from shared.pathways.model import Ending
from shared.pathways.task import CLOSED, Id, PhraseText, Stage, Task, Title


class Rule(BaseModel):
    """A rule that pathways mix in by `uses`. `{setting}` in its texts is filled in by the pathway."""

    model_config = CLOSED

    title: Title | None = None
    settings: dict[Id, str] = {}
    always: tuple[dict[str, object], ...] = ()


class Area(BaseModel):
    """`sweden.yaml`, or `<area>/area.yaml`: inherits what is above it, and the nearest wins."""

    model_config = CLOSED

    area: Id
    title: Title
    organisation: Id | None = None
    """The organisation that publishes the area and is home to its cases."""
    parties: dict[Id, Party] = {}
    due: dict[Id, dict[Id, PhraseText]] = {}
    """Kind -> reach -> phrase: what stands where a task says nothing of that reach."""
    patience: Patience | None = None
    otherwise: dict[str, object] | None = None
    """The task that answers what nobody hears; a pathway's own `after_each: otherwise` takes its place."""
    rules: dict[Id, Rule] = {}
    endings: tuple[Ending, ...] = ()
    """Endings every pathway has; among them `withdrawn`, for a referral its sender takes back."""
    return_reasons: tuple[Id, ...] = ()
    words: dict[Id, Title] = {}


class Answer(BaseModel):
    """The receiver accepts or returns before anybody else hears of the case."""

    model_config = CLOSED

    by: Id = "receiver"
    within: Annotated[str, Field(description="a span, as `2 working days`")]
    title: Title | None = None


class WrittenEntry(Entry):
    needs: tuple[Task, ...] = ()
    answer: Answer | None = None


class Pathway(BaseModel):
    """One person's way, as written in `<area>/<name>.yaml`."""

    model_config = CLOSED

    pathway: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    version: Annotated[int, Field(ge=1)]
    rows: tuple[str, ...] = ()
    title: Title
    uses: tuple[Id, ...] = ()
    settings: dict[Id, str] = {}
    roles: dict[Id, Role] = {}
    entry: WrittenEntry
    interpreter: Id = "receiver"
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    always: tuple[Task, ...] = ()
    endings: Annotated[tuple[Ending, ...], Field(min_length=1)]
    words: dict[Id, Title] = {}
