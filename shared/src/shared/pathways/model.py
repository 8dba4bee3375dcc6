"""A resolved pathway, the score: everything a case is pinned to, immutable, in one canonical text with its hash."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, Field

from shared.pathways.conditions import Condition
from shared.pathways.entry import Entry, Group, Interpreters, Party, Patience, Role
from shared.pathways.reading import each_task
from shared.pathways.spelling import Id
from shared.pathways.task import CLOSED, Language, Stage, Task, Title


class Ending(BaseModel):
    model_config = CLOSED
    name: Annotated[Id, Field(alias="ending")]
    title: Title | None = None
    when: Condition | None = None


class Score(BaseModel):
    model_config = CLOSED
    name: str
    version: int
    area: str
    home: Id
    """The organisation that publishes the area: it alone plays the case."""
    rows: tuple[str, ...] = ()
    title: Title
    parties: dict[Id, Party]
    roles: dict[Id, Role] = {}
    entry: Entry
    interpreter: Id = "receiver"
    """Who orders the interpreter: `receiver`, `booker` (whoever is asked to book the meeting) or a role."""
    interpreters: Interpreters = Interpreters()
    groups: dict[Id, Group] = {}
    patience: Patience = Patience()
    stages: tuple[Stage, ...]
    """The first is always `entry`: the needs, then the answer."""
    always: tuple[Task, ...] = ()
    endings: tuple[Ending, ...]
    words: dict[Id, Title] = {}

    def to_text(self) -> str:
        """Canonical JSON: the same score gives the same bytes, and a field added later changes no older text."""
        data = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls.model_validate_json(text)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """Every task by its name."""
        return {task.name: task for task in each_task(self.stages, self.always)}

    @cached_property
    def stage_of(self) -> dict[str, str]:
        """The stage of each task; `always` for those of no stage."""
        return {task.name: stage.name for stage in self.stages for task in each_task((stage,), ())} | {
            task.name: "always" for task in self.always
        }

    @cached_property
    def main(self) -> dict[str, Task]:
        """The tasks of the main flow, in order."""
        return {task.name: task for stage in self.stages for step in stage.steps for task in step}

    @cached_property
    def predecessors(self) -> dict[str, tuple[str, ...]]:
        """The stages each stage waits for: those of `after`, else the one above."""
        above = (None, *(stage.name for stage in self.stages))
        return {
            stage.name: stage.after or ((before,) if before else ())
            for stage, before in zip(self.stages, above, strict=False)
        }

    def depends_on(self, stage: str) -> frozenset[str]:
        """The stage and all that wait for it, directly or not."""
        found = {stage}
        for each in self.stages:
            if found & set(self.predecessors[each.name]):
                found.add(each.name)
        return frozenset(found)

    def word(self, id_: str, language: Language) -> str:
        """What a person reads for an id; the id itself where no words are given."""
        title = self.titles.get(id_)
        return title.in_(language) if title else id_

    @cached_property
    def titles(self) -> dict[str, Title]:
        titled: list[tuple[str, Title | None]] = [(name, party.title) for name, party in self.parties.items()]
        titled += [(name, group.title) for name, group in self.groups.items()]
        titled += [(stage.name, stage.title) for stage in self.stages]
        titled += [(task.name, task.title) for task in self.tasks.values()]
        titled += [(ending.name, ending.title) for ending in self.endings]
        return self.words | {name: title for name, title in titled if title}
