"""What an outcome does: go on, turn the case back, end it, come again later, or find nobody who hears it."""

from datetime import datetime
from itertools import chain
from uuid import UUID

from shared.calendar import add
from shared.pathways import parts
from shared.pathways.board import Board
from shared.pathways.casefile import Asking
from shared.pathways.deadlines import give_up
from shared.pathways.decisions import Ignored, Otherwise, Reason, Settle, Turn
from shared.pathways.flow import ask, close
from shared.pathways.phrases import span
from shared.pathways.reading import target
from shared.pathways.task import Target

OTHERWISE = "otherwise"


def settle(board: Board, asking: Asking, outcome: str, at: datetime) -> None:
    """The asking ended with an outcome that the task declares."""
    task = board.task(asking)
    board.stop_clocks_of(asking)
    board.decide(Settle(task=asking.task, round=asking.round, play=asking.play, outcome=outcome, at=at))
    asking = board.change(asking, state="settled", outcome=outcome, ended=at)
    if outcome in task.again:
        _come_again(board, asking, outcome, at)
        return
    lead(board, asking, task.outcomes.get(outcome), at)
    if board.file.closed is None:
        _follow(board, asking, asking.task, outcome, at)


def fail(board: Board, asking: Asking, word: str, at: datetime) -> None:
    """The asking ended badly and nobody hears it: asked again while there are tries, else the area's rule answers."""
    task = board.task(asking)
    asking = give_up(board, asking, at)
    if task.what.tried_again and word != "at_most" and asking.tries < board.score.patience.tries:
        cause = board.file.asking(asking.cause) if asking.cause else None
        board.change(asking, state="spent", outcome=word, ended=at)
        ask(board, task, at, tries=asking.tries + 1, cause=cause)
        return
    asking = board.change(asking, state="failed", outcome=word, ended=at)
    board.decide(Otherwise(task=asking.task, round=asking.round, play=asking.play, outcome=word, at=at))
    _follow(board, asking, OTHERWISE, word, at)


def silent(board: Board, at: datetime) -> None:
    """The whole case has been silent: the area's rule answers that too, unless it is being asked already."""
    rules = [task.name for task in board.score.always if OTHERWISE in task.after_each]
    if any(asking.task in rules for asking in board.live()):
        return
    board.decide(Otherwise(task=None, round=1, play=None, outcome="silence", at=at))
    _follow(board, None, OTHERWISE, "silence", at)


def broken(board: Board, told: UUID | None, at: datetime) -> None:
    """The silence is over: what was asked because of it is taken back, unless it is that which was told of."""
    asked = [each for each in board.live() if _for_silence(board, each)]
    about = board.file.asking(told) if told else None
    if about and _for_silence(board, about):
        return
    for each in asked:
        if not board.has_begun(each):
            board.recall(each, at, "recalled" if each.state == "open" else "spent")


def _for_silence(board: Board, asking: Asking) -> bool:
    """Whether it answers that nothing was heard, or follows from what does."""
    cause = board.file.asking(asking.cause) if asking.cause else None
    if cause:
        return _for_silence(board, cause)
    return OTHERWISE in board.task(asking).after_each


def lead(board: Board, asking: Asking, where: Target, at: datetime) -> None:
    """Goes where an outcome leads, and gives what the asking answers for its end."""
    verb, name = target(where)
    failed = _answered(board, asking)
    if verb == "end":
        if failed:
            board.change(failed, state="spent")
        _end(board, asking, name, at)
        return
    if verb == "back":
        _turn(board, asking, name, at)
    still = board.file.asking(failed.play) if failed else None
    if still is None or still.state != "failed":
        return
    if verb == "on":
        board.change(still, state="settled", ended=at)
    else:
        _again(board, still, at)


def _end(board: Board, asking: Asking, ending: str, at: datetime) -> None:
    """Ends the case now, or when nothing holds it any more."""
    others = [each for each in board.live() if each.play != asking.play]
    if not any(board.task(each).holds for each in others):
        close(board, ending, at)
        return
    for each in others:
        if not board.task(each).holds and not board.has_begun(each):
            board.recall(each, at)
    board.stop_timers("starts/", "every/")
    board.update(closing=board.file.closing or ending)


def _turn(board: Board, asking: Asking, stage: str, at: datetime) -> None:
    """Goes back to a stage, whose next round begins. What has begun is carried into it; the rest is taken back."""
    if board.file.closing or not _may_turn(board, asking, stage):
        flow = asking.task in board.score.main
        board.change(asking, state="spent" if flow else "settled")
        board.decide(Ignored(Reason.TURNED_ALREADY))
        return
    inside = board.score.depends_on(stage)
    home = board.score.stage_of[asking.task]
    board.change(asking, state="turned" if home in inside else "settled")
    reached = [
        name
        for name in inside
        if (key := f"{name}/{board.file.round_of(name)}") in board.file.begun or key in board.file.passed_stages
    ]
    left = [each for each in board.live() if board.score.stage_of[each.task] in reached]
    orphans = [
        each
        for each in board.live()
        if each.cause in {one.play for one in left} and OTHERWISE in board.task(each).after_each
    ]
    board.update(rounds=board.file.rounds | {name: board.file.round_of(name) + 1 for name in reached})
    for each in chain(left, orphans):
        if board.has_begun(each):
            board.change(each, counts=board.round_of(board.task(each)))
        else:
            board.recall(each, at, "recalled" if each.state == "open" else "spent")
    for name in reached:
        for task in board.score.tasks.values():
            if board.score.stage_of[task.name] == name:
                board.stop_timers(f"starts/{task.name}/", f"every/{task.name}/")
    board.update(turned=board.file.turned | {stage: at})
    board.decide(Turn(stage=stage, round=board.file.round_of(stage), at=at))


def _may_turn(board: Board, asking: Asking, stage: str) -> bool:
    """Not while the stage has only just begun its round: then the case has been turned already."""
    round_ = board.file.round_of(stage)
    if asking.counts != asking.round and asking.task in board.score.main:
        return False
    key = f"{stage}/{round_}"
    if key in board.file.passed_stages:
        return True
    own = [name for name in board.score.main if board.score.stage_of[name] == stage]
    told = [each for name in own for each in board.file.of(name, counts=round_) if each.round == round_]
    later = [
        name
        for name in board.score.depends_on(stage) - {stage}
        if f"{name}/{board.file.round_of(name)}" in board.file.begun
    ]
    return key in board.file.begun and (bool(later) or any(each.moments for each in told))


def _come_again(board: Board, asking: Asking, outcome: str, at: datetime) -> None:
    task = board.task(asking)
    same = board.file.of(asking.task, counts=asking.counts)
    times = sum(each.outcome in task.again for each in same)
    if task.at_most is not None and times >= task.at_most:
        fail(board, asking, "at_most", at)
        return
    board.change(asking, state="repeats")
    key = f"again/{asking.task}/{asking.round}/{asking.n}"
    board.start_timer(key, add(at, span(task.again[outcome])))


def _follow(board: Board, asking: Asking | None, what: str, outcome: str, at: datetime) -> None:
    """Asks each rule of no stage that follows each of this."""
    for task in board.score.always:
        if what not in task.after_each or (task.after_outcome and outcome not in task.after_outcome):
            continue
        if parts.true(board.score, board.file, task.when):
            ask(board, task, at, cause=asking)


def _answered(board: Board, asking: Asking) -> Asking | None:
    """What first failed, behind the rule that answers it. That rule's own failures are answered with it."""
    cause = board.file.asking(asking.cause) if asking.cause else None
    if cause is None or cause.state != "failed":
        return None
    first = _answered(board, cause)
    if first:
        board.change(cause, state="spent")
    return first or cause


def _again(board: Board, failed: Asking, at: datetime) -> None:
    cause = board.file.asking(failed.cause) if failed.cause else None
    board.change(failed, state="spent")
    ask(board, board.task(failed), at, cause=cause)
