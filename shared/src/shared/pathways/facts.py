"""A fact about an asking: kept, checked against what the task declares, and turned into what it means."""

from datetime import datetime

from shared.pathways import parts
from shared.pathways.board import Board
from shared.pathways.casefile import Asking
from shared.pathways.conditions import Condition
from shared.pathways.deadlines import reach
from shared.pathways.decisions import Early, Ignored, Met, Moved, Reason
from shared.pathways.flow import advance, close
from shared.pathways.happenings import Told
from shared.pathways.moves import fail, lead, settle
from shared.pathways.reading import target
from shared.pathways.task import Task


def hear(board: Board, told: Told) -> None:
    """Hears one fact that repeats a play."""
    asking = board.file.asking(told.play)
    if asking is None:
        board.decide(Early("asking"))
        return
    task = board.task(asking)
    if told.moment not in task.what.moments:
        board.decide(Ignored(Reason.NOT_DECLARED))
    elif told.moment in task.what.revokes and asking.state in ("open", "settled") and not board.file.closed:
        _revoke(board, asking, told)
    elif asking.state != "open" or board.file.closed:
        _too_late(board, asking, told)
    elif asking.moments.get(told.moment) == told.at:
        board.decide(Ignored(Reason.DUPLICATE))
    else:
        _hear_open(board, asking, task, told)


def true(board: Board, condition: Condition | None) -> bool:
    return parts.true(board.score, board.file, condition)


def may_raise(board: Board, task: Task) -> bool:
    """A task by need while its stage is open; of those of no stage, what follows nothing."""
    stage = board.score.stage_of[task.name]
    if stage == "always":
        return not task.after_each
    by_need = any(each.name == task.name for each in board.stage(stage).by_need)
    key = f"{stage}/{board.file.round_of(stage)}"
    return by_need and key in board.file.begun and not board.file.closing


def _hear_open(board: Board, asking: Asking, task: Task, told: Told) -> None:
    ends = told.moment in task.settling or told.moment in task.what.settles or told.moment in task.what.fails
    word = _outcome(task, told) if ends else None
    if ends and (word is None or not _finds(task, told)):
        board.decide(Ignored(Reason.NOT_DECLARED))
        return
    asking = board.change(
        asking,
        moments=_kept(asking, task, told),
        findings=asking.findings | told.findings,
    )
    board.decide(
        Moved(
            task=asking.task,
            round=asking.round,
            kind=asking.kind,
            moment=told.moment,
            outcome=word,
            at=told.at,
            authority=task.authority,
        )
    )
    if told.moment not in task.what.fails:
        asking = reach(board, asking, told.moment, told.at)
    if word is not None:
        heard = word in task.outcomes and (told.moment in task.settling or told.moment in task.what.fails)
        (settle if heard else fail)(board, asking, word, told.at)
    advance(board)


def _kept(asking: Asking, task: Task, told: Told) -> dict[str, datetime]:
    """The first time of each moment; of what is noted only the last, until something else is heard."""
    known = {moment: at for moment, at in asking.moments.items() if moment not in task.what.notes}
    return {moment: told.at for moment in _implied(task, told.moment)} | known


def _implied(task: Task, moment: str) -> tuple[str, ...]:
    """What a fact says has come: itself, and the beginning too where it is the end (held was booked)."""
    return (task.what.hears[0], moment) if moment in task.settling else (moment,)


def _outcome(task: Task, told: Told) -> str | None:
    """The word an ending fact stands for; None if the task does not know it."""
    own = {**task.what.settles, **task.settling}.get(told.moment)
    if told.moment in task.what.fails:
        return told.moment
    if told.outcome is None:
        if own in task.outcomes:
            return own
        return task.sayable[0] if len(task.sayable) == 1 and told.moment in task.settling else own
    return told.outcome if told.outcome in (*task.sayable, own) else None


def _finds(task: Task, told: Told) -> bool:
    """A task that finds something has found it, in the words it declares, when it is completed."""
    return all(told.findings.get(name) in words for name, words in task.finds.items()) and set(told.findings) <= set(
        task.finds
    )


def _revoke(board: Board, asking: Asking, told: Told) -> None:
    """What was given is taken back, or lapses: the pathway says where that leads, else the area's rule answers."""
    task = board.task(asking)
    asking = board.change(asking, moments={told.moment: told.at} | asking.moments)
    board.decide(
        Moved(
            task=asking.task,
            round=asking.round,
            kind=asking.kind,
            moment=told.moment,
            outcome=None,
            at=told.at,
            authority=task.authority,
        )
    )
    verb, name = target(task.if_withdrawn)
    if verb == "end":
        close(board, name, told.at)
    elif verb == "back":
        lead(board, asking, task.if_withdrawn, told.at)
    else:
        fail(board, asking, told.moment, told.at)
    advance(board)


def _too_late(board: Board, asking: Asking, told: Told) -> None:
    """The asking has ended. The fact is kept; a deadline it proves to have kept counts as met, learnt late."""
    late = any(each.missed and not each.met for each in asking.deadlines)
    if told.moment in asking.moments:
        board.decide(Ignored(Reason.DUPLICATE))
        return
    asking = board.change(asking, moments={told.moment: told.at} | asking.moments)
    if late and told.moment not in board.task(asking).what.fails:
        reach(board, asking, told.moment, told.at)
        board.decisions[:] = [one for one in board.decisions if isinstance(one, Met)]
    if board.file.closed:
        reason = Reason.CLOSED
    elif asking.counts < board.round_of(board.task(asking)):
        reason = Reason.OLD_ROUND
    else:
        reason = Reason.ENDED
    board.decide(Ignored(reason))
