"""Deadlines of an asking: known as soon as their moment is, met or missed by the time in the fact."""

from datetime import datetime

from shared.pathways import parts
from shared.pathways.board import Board
from shared.pathways.casefile import Asking, Deadline
from shared.pathways.decisions import Met, Missed
from shared.pathways.phrases import phrase


def set_known(board: Board, asking: Asking) -> Asking:
    """Sets each deadline whose moment is known by now, and starts its timer. One that is set never moves."""
    for reach, text in board.task(asking).due.items():
        if any(each.reach == reach for each in asking.deadlines):
            continue
        anchors = asking
        due = phrase(text).instant(lambda moment, own=anchors: parts.known(board.score, board.file, own, moment))
        if due:
            asking = board.change(asking, deadlines=(*asking.deadlines, Deadline(reach=reach, due=due)))
            board.start_timer(_key(asking, reach), due)
    return asking


def reach(board: Board, asking: Asking, moment: str, at: datetime) -> Asking:
    """A moment came at `at`: its deadline is met or missed; the end says so of those before it too (held was booked).

    In time after it was called missed: met, learnt late. After its instant, though no timer has rung: missed.
    """
    task = board.task(asking)
    order = [task.reach_of(each) for each in task.what.hears]
    word = task.reach_of(moment)
    come = {*order[: order.index(word)], word} if moment in task.settling and word in order else {word}
    for each in asking.deadlines:
        if each.reach not in come or each.met:
            continue
        board.stop_timers(_key(asking, each.reach))
        if at <= each.due:
            asking = _put(board, asking, each.model_copy(update={"met": at}))
            board.decide(
                Met(
                    task=asking.task,
                    round=asking.round,
                    play=asking.play,
                    reach=each.reach,
                    due=each.due,
                    at=at,
                    owner=asking.owner,
                    learnt_late=each.missed,
                )
            )
        else:
            asking = miss(board, asking, each)
    return asking


def give_up(board: Board, asking: Asking, at: datetime) -> Asking:
    """The asking ended badly at `at`: what was overdue by then was missed, the rest no longer counts."""
    for each in asking.deadlines:
        if not each.met and each.due < at:
            asking = miss(board, asking, each)
    board.stop_clocks_of(asking)
    return asking


def miss(board: Board, asking: Asking, deadline: Deadline) -> Asking:
    """Says once that a deadline was missed."""
    if deadline.missed:
        return asking
    board.decide(
        Missed(
            task=asking.task,
            round=asking.round,
            play=asking.play,
            reach=deadline.reach,
            due=deadline.due,
            owner=asking.owner,
        )
    )
    return _put(board, asking, deadline.model_copy(update={"missed": True}))


def is_last(board: Board, asking: Asking, reach: str) -> bool:
    """Whether this is the deadline that the task's end must keep."""
    task = board.task(asking)
    return reach in {task.reach_of(moment) for moment in task.settling}


def _put(board: Board, asking: Asking, deadline: Deadline) -> Asking:
    new = tuple(deadline if each.reach == deadline.reach else each for each in asking.deadlines)
    return board.change(asking, deadlines=new)


def _key(asking: Asking, reach: str) -> str:
    return f"due/{asking.task}/{asking.round}/{asking.n}/{reach}"
