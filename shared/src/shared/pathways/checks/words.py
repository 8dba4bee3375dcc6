"""Every id that a person sees has words in both languages."""

from collections.abc import Iterator

from shared.pathways.fold import Resolved
from shared.pathways.reading import each_task
from shared.pathways.source import Finding


def findings(resolved: Resolved) -> Iterator[Finding]:
    """Stages, tasks, endings, outcomes, findings, doors, attests, questions and reasons without words."""
    score = resolved.score
    seen: list[tuple[str, str, str, str]] = [("stage", s.name, "title", s.name) for s in score.stages[1:]]
    seen += [("ending", ending.name, "title", ending.name) for ending in score.endings]
    seen += [("door", door.name, "by", door.name) for door in score.entry.doors]
    for task in each_task(score.stages, score.always):
        found = [*task.finds, *(word for words in task.finds.values() for word in words)]
        said = [
            ("title", [task.name]),
            ("outcomes", task.outcomes),
            ("finds", found),
            ("choose_from", task.choose_from),
        ]
        seen += [("task", task.name, key, word) for key, words in said for word in words]
    entry = [*score.entry.attests, *score.entry.return_reasons, *score.entry.asks, *score.roles]
    entry += [word for words in score.entry.asks.values() for word in words]
    seen += [("entry", "", "", word) for word in entry]
    for what, name, key, word in seen:
        if word not in score.titles:
            yield resolved.at(
                what,
                name,
                key,
                message=f"'{word}' has no words for people.",
                remedy="Give it a title, or sv and en under 'words'.",
            )
