"""Definitions as people write them: an area says what stands, a pathway what moves."""

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from shared.pathways.complaints import complaints
from shared.pathways.entry import Entry, Group, Interpreters, Party, Patience, Role
from shared.pathways.model import Ending
from shared.pathways.source import Finding, PathwayError, Source, read
from shared.pathways.spelling import Id, PathwayName
from shared.pathways.task import CLOSED, PhraseText, SpanText, Stage, Task, Title

Doc = TypeVar("Doc", bound=BaseModel)


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
    interpreters: Interpreters | None = None
    groups: dict[Id, Group] = {}
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
    within: Annotated[SpanText, Field(description="a length of time, as `2 working days`")]
    title: Title | None = None


class WrittenEntry(Entry):
    needs: tuple[Task, ...] = ()
    answer: Answer | None = None


class Pathway(BaseModel):
    """One person's way, as written in `<area>/<name>.yaml`."""

    model_config = CLOSED

    pathway: PathwayName
    version: Annotated[int, Field(ge=1)]
    """Raised with every change."""
    rows: tuple[str, ...] = ()
    title: Title
    uses: tuple[Id, ...] = ()
    """Rules of the area that it mixes in."""
    settings: dict[Id, str] = {}
    roles: dict[Id, Role] = {}
    entry: WrittenEntry
    interpreter: Id = "receiver"
    """Who orders one: `receiver`, `booker` or a role."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    always: tuple[Task, ...] = ()
    endings: Annotated[tuple[Ending, ...], Field(min_length=1)]
    words: dict[Id, Title] = {}
    """What people read for each name that has no title."""


def find(roots: list[Path], name: str) -> Path:
    """The first of that name. Raises `PathwayError`."""
    for root in roots:
        if (root / name).is_file():
            return root / name
    raise PathwayError([Finding(name, 1, "There is no such file.", "Check the name, and which folders are read.")])


def load(file: Path, document: type[Doc]) -> tuple[Doc, Source]:
    """What a file says, and where. Raises `PathwayError`."""
    source = read(file)
    if source.data is None:
        raise PathwayError(source.findings or [source.finding((), "The file is empty.", "Write a definition.")])
    try:
        loaded = document.model_validate(source.data)
    except ValidationError as error:
        raise PathwayError([*source.findings, *complaints(error, source, ())]) from None
    if source.findings:
        raise PathwayError(source.findings)
    return loaded, source
