"""Every id that a person sees has words in both languages."""

from collections.abc import Iterator

from shared.pathways.fold import Resolved
from shared.pathways.reading import each_task
from shared.pathways.source import Finding


def findings(resolved: Resolved) -> Iterator[Finding]:
    """One finding for all stages, tasks, endings, outcomes, findings, doors, attests, questions and reasons without
    words, with what to paste."""
    score = resolved.score
    seen = [*(stage.name for stage in score.stages[1:]), *(ending.name for ending in score.endings)]
    seen += [door.name for door in score.entry.doors]
    for task in each_task(score.stages, score.always):
        found = [*task.finds, *(word for words in task.finds.values() for word in words)]
        seen += [task.name, *task.outcomes, *found, *task.choose_from]
    seen += [*score.entry.attests, *score.entry.return_reasons, *score.entry.asks, *score.roles]
    seen += [word for words in score.entry.asks.values() for word in words]
    lacking = [word for word in dict.fromkeys(seen) if word not in score.titles]
    if not lacking:
        return
    lines = resolved.source.lines
    line = lines.get(("words",), max(lines.values(), default=1))
    head = [] if resolved.written.words else ["words:"]
    block = "\n".join([*head, *(f'  {word}: {{sv: "", en: ""}}' for word in lacking)])
    names = ", ".join(f"'{word}'" for word in lacking)
    have = "has" if len(lacking) == 1 else "have"
    remedy = f"Give a title where it stands, or paste this under 'words' and fill it in:\n{block}"
    yield Finding(resolved.source.file.name, line, f"{names} {have} no words for people.", remedy)
