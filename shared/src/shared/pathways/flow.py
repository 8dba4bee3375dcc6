"""How the journey goes on: stages and tasks settle, are skipped and open, until nothing more can happen by itself."""

from datetime import datetime

from shared.calendar import add
from shared.pathways import parts
from shared.pathways.board import Board
from shared.pathways.casefile import Asking, CaseFile
from shared.pathways.deadlines import set_known
from shared.pathways.decisions import Close, Opened, Skip
from shared.pathways.model import Score
from shared.pathways.phrases import phrase, span
from shared.pathways.task import Stage, Task

ENTRY = "entry"


def advance(board: Board) -> None:
    """Opens, skips and settles all that is ready, sets the deadlines that became known, and closes the case."""
    while board.file.closed is None and board.file.closing is None and _step(board):
        pass
    for asking in board.file.askings:
        if asking.state == "open" and board.file.closed is None:
            set_known(board, asking)
    _close_if_done(board)


def ask(board: Board, task: Task, at: datetime, *, tries: int = 1, cause: Asking | None = None) -> Asking:
    """Asks a task and tells its addressee, with the deadlines known now."""
    asking = set_known(board, board.ask(task, at, tries=tries, cause=cause))
    if task.what.request:
        board.decide(board.request(asking))
    return asking


def close(board: Board, ending: str, at: datetime) -> None:
    """Closes the case. What has not begun is taken back; what has begun is ended by people."""
    for asking in tuple(board.live()):
        if not board.has_begun(asking):
            board.recall(asking, at)
    board.stop_timers("")
    board.update(closed=at, ending=ending, closing=None)
    board.decide(Close(ending, at))


def stage_settled(score: Score, file: CaseFile, stage: str) -> datetime | None:
    """When a stage was settled in its present round: skipped, or all its steps settled. None while it is not."""
    key = f"{stage}/{file.round_of(stage)}"
    if key in file.passed_stages:
        return file.passed_stages[key]
    at = file.begun.get(key)
    steps = next(each for each in score.stages if each.name == stage).steps
    for step in steps:
        ended = [_task_settled(score, file, task) for task in step]
        known = [each for each in ended if each]
        if at is None or len(known) < len(ended):
            return None
        at = max(at, *known)
    return at


def _task_settled(score: Score, file: CaseFile, task: Task) -> datetime | None:
    round_ = file.round_of(score.stage_of[task.name])
    if at := file.passed.get(f"{task.name}/{round_}"):
        return at
    return next((a.ended for a in file.of(task.name, counts=round_) if a.state == "settled"), None)


def _step(board: Board) -> bool:
    """One pass over the stages; whether anything changed."""
    before = board.file
    for stage in board.score.stages:
        key = f"{stage.name}/{board.file.round_of(stage.name)}"
        if key in board.file.passed_stages:
            continue
        if key not in board.file.begun:
            _begin(board, stage, key)
        if key in board.file.begun:
            _go_on(board, stage, key)
        if stage.name == ENTRY:
            _open_case(board)
    return board.file is not before


def _begin(board: Board, stage: Stage, key: str) -> None:
    ready = [stage_settled(board.score, board.file, each) for each in board.score.predecessors[stage.name]]
    settled = [at for at in ready if at]
    if len(settled) < len(ready):
        return
    at = max([*settled, board.file.turned.get(stage.name, board.file.received)])
    if not parts.true(board.score, board.file, stage.when):
        board.update(passed_stages=board.file.passed_stages | {key: at})
        board.decide(Skip(stage=stage.name, task=None, round=board.file.round_of(stage.name), at=at))
        return
    board.update(begun=board.file.begun | {key: at})
    for task in stage.meanwhile:
        if task.every:
            name = f"{task.name}/{board.file.round_of(stage.name)}"
            board.start_timer(f"every/{name}/1", add(at, span(task.every)))


def _go_on(board: Board, stage: Stage, key: str) -> None:
    at = board.file.begun[key]
    for step in stage.steps:
        for task in step:
            if _task_settled(board.score, board.file, task) is None:
                _open(board, task, at)
        ended = [_task_settled(board.score, board.file, task) for task in step]
        known = [each for each in ended if each]
        if len(known) < len(ended):
            return
        at = max(at, *known)
    _end_what_stands_beside(board, stage, at)


def _open(board: Board, task: Task, at: datetime) -> None:
    """Opens a task whose turn it is, skips it, or waits for its `starts`."""
    round_ = board.round_of(task)
    live = ("open", "failed", "repeats")
    if any(each.state in live for each in board.file.of(task.name, counts=round_)):
        return
    if not parts.true(board.score, board.file, task.when):
        board.update(passed=board.file.passed | {f"{task.name}/{round_}": at})
        stage = board.score.stage_of[task.name]
        board.decide(Skip(stage=stage, task=task.name, round=round_, at=at))
        return
    begins = _begins(board, task)
    timer = f"starts/{task.name}/{round_}"
    if begins is None:
        return
    if begins > board.at:
        if timer not in board.file.timers:
            board.start_timer(timer, begins)
        return
    board.stop_timers(timer)
    ask(board, task, max(at, begins))


def _begins(board: Board, task: Task) -> datetime | None:
    """Not before when; None while that is not known. What waits for a skipped task waits for nothing."""
    if task.starts is None:
        return board.file.received
    read = phrase(task.starts)
    if read.moment.owner and parts.passed_by(board.score, board.file, read.moment.owner):
        return board.file.received
    return read.begins(lambda moment: parts.known(board.score, board.file, None, moment))


def _end_what_stands_beside(board: Board, stage: Stage, at: datetime) -> None:
    """A settled stage ends its series and what was asked by need, unless the case may not close over it."""
    for task in (*stage.meanwhile, *stage.by_need):
        board.stop_timers(f"every/{task.name}/")
        for asking in board.file.of(task.name, counts=board.file.round_of(stage.name)):
            waits = asking.state in ("open", "failed", "repeats")
            if waits and not task.holds and not board.has_begun(asking):
                board.recall(asking, at)


def _open_case(board: Board) -> None:
    """Opens the case when needs and answer are settled, before any stage that waits for them."""
    at = stage_settled(board.score, board.file, ENTRY)
    if board.file.opened is None and at:
        board.update(opened=at)
        board.decide(Opened(at))
        board.start_timer("silence", add(at, span(board.score.patience.silence)))


def _close_if_done(board: Board) -> None:
    file, score = board.file, board.score
    if file.closed or file.opened is None or _holding(board):
        return
    if file.closing:
        close(board, file.closing, board.at)
        return
    settled = [stage_settled(score, file, stage.name) for stage in score.stages]
    if all(settled):
        ending = next((e for e in score.endings if e.when and parts.true(score, file, e.when)), score.endings[-1])
        held = [each.ended for each in file.askings if each.ended and board.task(each).holds]
        close(board, ending.name, max(at for at in (*settled, *held) if at))


def _holding(board: Board) -> bool:
    return any(board.task(asking).holds for asking in board.live())
