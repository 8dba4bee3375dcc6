"""From files to a score: areas folded in, rules mixed in, defaults filled."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from shared.pathways.complaints import complaints
from shared.pathways.documents import Area, Pathway, find, load
from shared.pathways.kinds import KINDS
from shared.pathways.model import Score
from shared.pathways.source import Finding, PathwayError, Source, type_path
from shared.pathways.spelling import meant
from shared.pathways.standing import groups_of, interpreters_of, unknown_parties
from shared.pathways.task import Stage, Task

COMMON = "sweden.yaml"


@dataclass(frozen=True)
class Resolved:
    """A score, what it was written as, and where in its files each stage, task and ending stands."""

    score: Score
    written: Pathway
    source: Source
    places: dict[tuple[str, str], tuple[Source, type_path]]

    def at(self, what: str, name: str, *path: str | int, message: str, remedy: str) -> Finding:
        """A finding at a `stage`, `task`, `ending` or `door`, or at a part of it."""
        source, place = self.places.get((what, name), (self.source, ()))
        return source.finding((*place, *path), message, remedy)

    def top(self, *path: str | int, message: str, remedy: str) -> Finding:
        """A finding at a part of the pathway's own file."""
        return self.source.finding(path, message, remedy)


def fold(roots: Path | Sequence[Path], name: str) -> Resolved:
    """The score as it is written, not yet checked beyond its form."""
    where = [roots] if isinstance(roots, Path) else list(roots)
    area = name.partition("/")[0]
    areas = [load(find(where, file), Area) for file in (f"{area}/area.yaml", COMMON)]
    written, source = load(find(where, f"{name}.yaml"), Pathway)
    own, place = areas[0]
    if own.area != area:
        message = f"The area is called '{own.area}', its folder '{area}'."
        raise PathwayError([place.finding(("area",), message, f"Write 'area: {area}'.")])
    if written.pathway != name:
        raise PathwayError(
            [source.finding(("pathway",), "The name is not that of its file.", f"Write 'pathway: {name}'.")]
        )
    return _Folding(written, source, [each for each, _ in areas], [each for _, each in areas]).fold()


class _Folding:
    def __init__(self, written: Pathway, source: Source, areas: list[Area], sources: list[Source]) -> None:
        self.written = written
        self.source = source
        self.areas = areas
        self.sources = sources
        self.wrong: list[Finding] = []
        self.places: dict[tuple[str, str], tuple[Source, type_path]] = {}

    def fold(self) -> Resolved:
        written, near = self.written, self.areas[0]
        own = [self._filled(task) for task in written.always]
        mixed = [task for rule in written.uses for task in self._rule(rule)]
        rules = [*own, *mixed]
        if not any("otherwise" in task.after_each for task in rules):
            rules += self._otherwise()
        stages = [self._entry(), *(self._stage(stage) for stage in written.stages)]
        parties, groups, interpreters = self._parties(), groups_of(self.areas), interpreters_of(self.areas)
        for area, place in zip(self.areas, self.sources, strict=True):
            self.wrong += unknown_parties(area, place, parties)
        if self.wrong:
            raise PathwayError(self.wrong)
        endings = {ending.name: ending for area in reversed(self.areas) for ending in area.endings}
        entry = written.entry.model_dump(exclude={"needs", "answer"}, by_alias=True)
        entry["return_reasons"] = written.entry.return_reasons or self._nearest("return_reasons") or ()
        score = self._score(
            {
                "name": written.pathway,
                "version": written.version,
                "area": near.area,
                "home": near.organisation or near.area,
                "rows": written.rows,
                "title": written.title,
                "parties": parties,
                "roles": written.roles,
                "entry": entry,
                "interpreter": written.interpreter,
                "interpreters": interpreters,
                "groups": groups,
                "patience": self._nearest("patience") or {},
                "stages": stages,
                "always": rules,
                "endings": [
                    *(e for e in endings.values() if e.name not in {own.name for own in written.endings}),
                    *written.endings,
                ],
                "words": {k: v for area in reversed(self.areas) for k, v in area.words.items()} | written.words,
            }
        )
        self._place_written()
        return Resolved(score, written, self.source, self.places)

    def _score(self, data: dict[str, object]) -> Score:
        try:
            return Score.model_validate(data)
        except ValidationError as error:
            raise PathwayError(complaints(error, self.source, ())) from None

    def _nearest(self, key: str) -> object:
        return next((value for area in self.areas if (value := getattr(area, key))), None)

    def _parties(self) -> dict[str, dict[str, object]]:
        """Each party, what the nearest area says of it laid over what stands above; the unit is its own name."""
        parties: dict[str, dict[str, object]] = {}
        for area in reversed(self.areas):
            for name, party in area.parties.items():
                said = party.model_dump(exclude_unset=True, by_alias=True)
                parties[name] = {"unit": name} | parties.get(name, {}) | said
        return parties

    def _entry(self) -> Stage:
        needs: list[Task] = [self._filled(task) for task in self.written.entry.needs]
        answer = self.written.entry.answer
        if answer:
            needs.append(
                Task.model_validate(
                    {
                        "answer": "answer",
                        "title": answer.title,
                        "by": answer.by,
                        "due": {"ended": f"{answer.within} after opened"},
                        "outcomes": {"accepted": None, "returned": "end returned"},
                    }
                )
            )
        return Stage(name="entry", steps=tuple((task,) for task in needs))

    def _stage(self, stage: Stage) -> Stage:
        return stage.model_copy(
            update={
                "steps": tuple(tuple(self._filled(task) for task in step) for step in stage.steps),
                "meanwhile": tuple(self._filled(task) for task in stage.meanwhile),
                "by_need": tuple(self._filled(task) for task in stage.by_need),
            }
        )

    def _filled(self, task: Task) -> Task:
        """Fills in the area's deadlines for reaches the task says nothing of, and the kind's own outcomes."""
        due: dict[str, str] = {}
        for area in reversed(self.areas):
            due |= area.due.get(task.kind, {})
        if task.settles:
            due = {reach: text for reach, text in due.items() if reach == task.settles}
        default = (task.settles,) if task.settles else task.what.outcomes
        outcomes = task.outcomes or dict.fromkeys(default)
        return task.model_copy(update={"due": due | task.due, "outcomes": outcomes})

    def _rule(self, name: str) -> list[Task]:
        for area, source in zip(self.areas, self.sources, strict=True):
            rule = area.rules.get(name)
            if rule:
                settings = rule.settings | self.written.settings
                tasks = [_set(task, settings) for task in rule.always]
                return self._tasks(tasks, source, ("rules", name, "always"))
        near = meant(name, (rule for area in self.areas for rule in area.rules))
        remedy = f"{near}Name a rule of the area."
        self.wrong.append(self.source.finding(("uses",), f"There is no rule '{name}'.", remedy))
        return []

    def _otherwise(self) -> list[Task]:
        for area, source in zip(self.areas, self.sources, strict=True):
            if area.otherwise:
                return self._tasks([_set(area.otherwise, self.written.settings)], source, ("otherwise",))
        return []

    def _tasks(self, tasks: list[object], source: Source, path: type_path) -> list[Task]:
        found: list[Task] = []
        for n, data in enumerate(tasks):
            place = path if path == ("otherwise",) else (*path, n)
            try:
                task = self._filled(Task.model_validate(data))
            except ValidationError as error:
                self.wrong += complaints(error, source, place)
                continue
            self.places["task", task.name] = (source, place)
            found.append(task)
        return found

    def _place_written(self) -> None:
        self.places["task", "answer"] = (self.source, ("entry", "answer"))
        for place, data in _tasks_in(self.source.data):
            for key in (key for key in data if key in KINDS or key in ("stage", "ending", "door")):
                what = "task" if key in KINDS else key
                self.places.setdefault((what, str(data[key])), (self.source, place))


def _tasks_in(data: object, path: type_path = ()) -> list[tuple[type_path, dict[str, object]]]:
    """Every mapping that stands in a list of a definition, with its path: among them all tasks."""
    found: list[tuple[type_path, dict[str, object]]] = []
    if isinstance(data, dict):
        mapping = cast(dict[str, object], data)
        if path and isinstance(path[-1], int):
            found.append((path, mapping))
        for key, value in mapping.items():
            found += _tasks_in(value, (*path, key))
    elif isinstance(data, list):
        for n, value in enumerate(cast(list[object], data)):
            found += _tasks_in(value, (*path, n))
    return found


def _set(data: object, settings: dict[str, str]) -> object:
    """Fills `{setting}` in every text of a rule."""
    if isinstance(data, str):
        return re.sub(r"\{([a-z_]+)\}", lambda m: settings.get(m[1], m[0]), data)
    if isinstance(data, dict):
        return {key: _set(value, settings) for key, value in cast(dict[str, object], data).items()}
    if isinstance(data, list | tuple):
        return [_set(value, settings) for value in cast(list[object], data)]
    return data
