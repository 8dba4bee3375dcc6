"""From how a definition is written to how it is held: `meeting: name` becomes kind and name, lists become tables."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from shared.pathways.kinds import KINDS
from shared.pathways.spelling import Miswritten, meant

if TYPE_CHECKING:
    from shared.pathways.task import Stage, Task

Written = dict[str, object]


def task_of(data: object) -> object:
    """`{meeting: m, outcomes: [a, b]}` as `{kind: meeting, name: m, outcomes: {a: ~, b: ~}}`."""
    if not isinstance(data, dict):
        return data
    written = dict(cast(Written, data))
    if "kind" not in written:
        kinds = [key for key in written if key in KINDS]
        if len(kinds) != 1:
            first = next(iter(written), "")
            near = "" if kinds else meant(first, KINDS)
            raise Miswritten("A task begins with one kind.", f"{near}Write '<kind>: <name>': {', '.join(KINDS)}.")
        written = {"kind": kinds[0], "name": written.pop(kinds[0]), **written}
    if written["kind"] not in KINDS:
        raise Miswritten("'kind' is not a key here.", f"Write '<kind>: <name>': {', '.join(KINDS)}.")
    kind = KINDS[str(written["kind"])]
    others = {key for each in KINDS.values() for key in each.keys} - kind.keys
    if wrong := others & set(written):
        first = min(wrong)
        raise Miswritten(f"'{first}' is not for this kind of task.", "Take it away.", first)
    written |= _listed(written.get("outcomes"))
    for key in ("after_each", "after_outcome"):
        if isinstance(written.get(key), str):
            written[key] = [written[key]]
    if "obtained_by" in written and "by" not in written:
        written["by"] = written["obtained_by"]
    return written


def _listed(outcomes: object) -> Written:
    """A list of outcomes as the table it stands for."""
    if not isinstance(outcomes, list | tuple):
        return {}
    words = cast(list[object], outcomes)
    if not all(isinstance(word, str) for word in words):
        raise Miswritten(
            "A list of outcomes holds words only.", "Write {word: ~, other: end X} as a table.", "outcomes"
        )
    return {"outcomes": dict.fromkeys(words)}


def steps_of(data: object) -> object:
    """A stage's tasks as steps: one task alone, or those `together`."""
    if not isinstance(data, dict):
        return data
    written = dict(cast(Written, data))
    tasks = written.get("tasks")
    if isinstance(tasks, list):
        written["tasks"] = [_step(one) for one in cast(list[object], tasks)]
    return written


def target(text: str | None) -> tuple[str, str]:
    """(`on`, ""), (`back`, stage), (`end`, ending) or (`again`, "")."""
    if text is None:
        return "on", ""
    if text == "ask again":
        return "again", ""
    first, _, name = text.rpartition(" ")
    return ("back" if first == "back to" else "end"), name


def each_task(stages: "Iterable[Stage]", always: "Iterable[Task]") -> "Iterator[Task]":
    """Every task of these stages, whatever its place, then those of no stage."""
    for stage in stages:
        for step in stage.steps:
            yield from step
        yield from stage.meanwhile
        yield from stage.by_need
    yield from always


def _step(one: object) -> object:
    if isinstance(one, list | tuple):
        return cast(object, one)
    if isinstance(one, dict) and set(cast(Written, one)) == {"together"}:
        return cast(Written, one)["together"]
    return [cast(object, one)]
