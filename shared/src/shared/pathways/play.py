"""The player: one happening in, decisions and the next case file out; the same in gives the same out, always."""

from dataclasses import replace
from datetime import UTC, datetime

from shared.calendar import add
from shared.pathways import facts
from shared.pathways.board import Board
from shared.pathways.casefile import Asking, CaseFile
from shared.pathways.deadlines import is_last, miss
from shared.pathways.decisions import Decision, Early, Ignored, Reason
from shared.pathways.flow import advance, ask, close
from shared.pathways.happenings import Happening, Raised, Rang, Received, Returned, Told, WithdrawnBySender
from shared.pathways.model import Score
from shared.pathways.moves import broken, settle, silent
from shared.pathways.phrases import span
from shared.pathways.reading import target

RETURNED = "returned"
WITHDRAWN = "withdrawn"
"""The ending of a referral that its sender takes back. Every pathway has it, from the area."""
LEAVES = "leaves"
"""The timer home runs itself, since it alone may know a birth date: it rings the day the person is too old."""


def play(score: Score, file: CaseFile, happening: Happening) -> tuple[list[Decision], CaseFile]:
    """What follows from one happening. Pure; the given file is not changed."""
    happening = replace(happening, at=happening.at.astimezone(UTC))
    board = Board(score, file, max(file.heard or file.received, happening.at))
    match happening:
        case Received():
            if not file.begun:
                advance(board)
        case Told():
            facts.hear(board, happening)
        case Rang():
            _ring(board, happening)
        case Raised():
            _raise(board, happening)
        case Returned():
            _return(board, happening)
        case WithdrawnBySender():
            if _still_open(board):
                close(board, WITHDRAWN, happening.at)
    if board.file is not file and not isinstance(happening, Rang):
        _heard(board, happening)
    return board.decisions, board.file


def _heard(board: Board, happening: Happening) -> None:
    """Something was told that changed the case: it is silent no more."""
    board.update(heard=board.at)
    if board.file.closed is None:
        broken(board, happening.play if isinstance(happening, Told) else None, happening.at)
        advance(board)


def _still_open(board: Board) -> bool:
    if board.file.closed:
        board.decide(Ignored(Reason.CLOSED))
    return board.file.closed is None


def _ring(board: Board, rang: Rang) -> None:
    """A timer of the player's own, reckoned from its instant; one that has been stopped decides nothing."""
    leaves = board.score.entry.leaves
    if rang.timer == LEAVES and leaves:
        if _still_open(board):
            close(board, leaves.end, rang.at)
        return
    due = board.file.timers.get(rang.timer)
    if due is None or due > rang.at:
        board.decide(Ignored(Reason.STALE_TIMER))
        return
    board.update(timers={key: at for key, at in board.file.timers.items() if key != rang.timer})
    purpose, *name = rang.timer.split("/")
    match purpose:
        case "due":
            _overdue(board, *name, at=due)
        case "again":
            asking = _named(board, *name)
            if asking and asking.state == "repeats":
                board.change(asking, state="spent")
                ask(board, board.task(asking), due)
        case "every":
            _next_of_series(board, *name, at=due)
        case "silence":
            _silence(board, due)
        case _:
            pass
    advance(board)


def _named(board: Board, task: str, round_: str, n: str) -> Asking | None:
    wanted = (int(round_), int(n))
    return next((each for each in board.file.of(task) if (each.round, each.n) == wanted), None)


def _overdue(board: Board, task: str, round_: str, n: str, reach: str, *, at: datetime) -> None:
    asking = _named(board, task, round_, n)
    late = next((each for each in asking.deadlines if each.reach == reach), None) if asking else None
    if asking is None or late is None or asking.state != "open":
        return
    asking = miss(board, asking, late)
    word = board.task(asking).if_late
    if word and is_last(board, asking, reach):
        if not board.has_begun(asking):
            board.recall(asking, at, "spent")
        settle(board, asking, word, at)


def _next_of_series(board: Board, task: str, round_: str, k: str, *, at: datetime) -> None:
    """Asks the next of a series, unless the last one is still open; the series keeps its own pace."""
    what = board.score.tasks[task]
    stage = board.score.stage_of[task]
    begun = board.file.begun[f"{stage}/{round_}"]
    if what.every:
        n = int(k) + 1
        board.start_timer(f"every/{task}/{round_}/{n}", add(begun, span(what.every).times(n)))
    waits = any(each.task == task for each in board.live())
    if not waits and facts.true(board, what.when):
        ask(board, what, at)


def _silence(board: Board, at: datetime) -> None:
    """Silent is a case in which nothing was told for so long and nothing is still within its time."""
    patience = span(board.score.patience.silence)
    ahead = [d.due for a in board.live() for d in a.deadlines if not d.met and d.due > at]
    last = max([board.file.heard or board.file.received, *ahead])
    until = add(last, patience)
    if until > at:
        board.start_timer("silence", until)
        return
    silent(board, at)
    board.start_timer("silence", add(at, patience))


def _raise(board: Board, raised: Raised) -> None:
    """A task by need, while its stage is open, or a deviation, which needs nobody's asking."""
    if not _still_open(board):
        return
    if board.file.opened is None:
        board.decide(Early("case.opened"))
        return
    task = board.score.tasks.get(raised.task)
    if task is None or not facts.may_raise(board, task):
        board.decide(Ignored(Reason.NOT_OPEN))
        return
    asking = ask(board, task, raised.at)
    if task.what.request is None:
        moment = next(iter(task.settling))
        facts.hear(board, Told(at=raised.at, play=asking.play, moment=moment, party=raised.by))
    else:
        advance(board)


def _return(board: Board, returned: Returned) -> None:
    """The receiver returns the referral: the outcome `returned` of the first task that declares it and is to come."""
    if not _still_open(board):
        return
    task = returnable(board.score, board.file)
    if task is None:
        board.decide(Ignored(Reason.BEGUN))
        return
    if returned.reason not in board.score.entry.return_reasons:
        board.decide(Ignored(Reason.NOT_DECLARED))
        return
    board.update(returned=returned.reason)
    what = board.score.tasks[task]
    for asking in board.file.of(task):
        if asking.state in ("open", "failed"):
            board.recall(asking, returned.at)
            settle(board, asking, RETURNED, returned.at)
    if board.file.closed is None:
        close(board, target(what.outcomes[RETURNED])[1], returned.at)


def returnable(score: Score, file: CaseFile) -> str | None:
    """The task over which the referral may still be returned: none of its meetings booked, no work on it begun."""
    if file.closed or (file.opened is None and not any(a.kind == "answer" for a in file.askings)):
        return None
    for task in score.main.values():
        if RETURNED in task.outcomes and not any(each.moments for each in file.of(task.name)):
            passed = f"{task.name}/{file.round_of(score.stage_of[task.name])}" in file.passed
            return None if passed else task.name
    return None
