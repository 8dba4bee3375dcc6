"""Draws a score as a Mermaid flowchart, in the words people use, for the process owner to read."""

from collections.abc import Iterator

from shared.pathways.model import Score
from shared.pathways.reading import target
from shared.pathways.task import Language, Stage, Task
from shared.pathways.ways import START, Way, Ways, ways


def mermaid(score: Score, language: Language = "en") -> str:
    """The journey from top to bottom: a box a stage, what each task waits for, turns and endings as arrows."""
    return "\n".join(_lines(score, language)) + "\n"


def _lines(score: Score, language: Language) -> Iterator[str]:
    yield "flowchart TD"
    yield f'  start(["{_text(score.title.in_(language))}"])'
    shown = [stage for stage in score.stages if stage.steps]
    for stage in shown:
        yield f'  subgraph {_id("stage", stage.name)}["{_heading(score, stage, language)}"]'
        for task in [*(task for step in stage.steps for task in step), *stage.meanwhile, *stage.by_need]:
            yield f'    {_id("task", task.name)}["{_label(score, task, language)}"]'
        for one, two in zip(stage.steps, stage.steps[1:], strict=False):
            yield from (f"    {_id('task', a.name)} --> {_id('task', b.name)}" for a in one for b in two)
        yield "  end"
    for ending in score.endings:
        yield f'  {_id("end", ending.name)}(["{_text(score.word(ending.name, language))}"])'
    yield from _arrows(score, shown, language)


def _arrows(score: Score, shown: list[Stage], language: Language) -> Iterator[str]:
    found = ways(score)
    order = [START, *(stage.name for stage in shown)]
    inside = sorted(found.stages.items(), key=lambda way: [order.index(name) for name in reversed(way[0])])
    for (one, other), way in inside:
        yield f"  {_stage(one)} -->{_label_of(score, found, one, way, language)} {_stage(other)}"
    for task in score.main.values():
        leads = [(score.word(word, language), where) for word, where in task.outcomes.items()]
        leads += [("återkallat" if language == "sv" else "withdrawn", task.if_withdrawn)]
        for word, where in leads:
            verb, name = target(where)
            if verb != "on":
                kind = "stage" if verb == "back" else "end"
                yield f"  {_id('task', task.name)} -.->|{_text(word)}| {_id(kind, name)}"
    for (one, ending), way in found.endings.items():
        yield f"  {_stage(one)} -->{_label_of(score, found, one, way, language)} {_id('end', ending)}"


def _label_of(score: Score, found: Ways, one: str, way: Way, language: Language) -> str:
    """What sets this way apart, where more than one leads on from there."""
    if sum(start == one for start, _ in (*found.stages, *found.endings)) < 2:
        return ""
    told = [(key.rpartition(".")[2], words) for key, words in found.on(way).items()]
    label = ", ".join(
        f"{score.word(name, language)}: {' / '.join(score.word(word, language) for word in words)}"
        for name, words in told
    )
    return f"|{_text(label)}|" if label else ""


def _stage(name: str) -> str:
    return _id("stage", name) if name else "start"


def _heading(score: Score, stage: Stage, language: Language) -> str:
    if stage.name == "entry":
        return "Före start" if language == "sv" else "Before the start"
    return _text(score.word(stage.name, language))


def _label(score: Score, task: Task, language: Language) -> str:
    """Name, who, and every deadline as written: 24 days for 24 hours shows here."""
    due = [f"{score.word(reach, language)}: {text}" for reach, text in task.due.items()]
    return _text("<br/>".join([score.word(task.name, language), score.word(task.by, language), *due]))


def _text(text: str) -> str:
    return text.replace('"', "'").replace("|", "/")


def _id(kind: str, name: str) -> str:
    return f"{kind}_{name}".replace("-", "_")
