"""Pathways as data: resolve a definition to a score, and play a case file through it. Pure, but for reading files."""

from shared.pathways.casefile import Asking, CaseFile, Deadline
from shared.pathways.decisions import (
    Ask,
    Close,
    Decision,
    Early,
    Ignored,
    Met,
    Missed,
    Moved,
    Opened,
    Otherwise,
    Reason,
    Recall,
    Seat,
    Settle,
    Skip,
    StartTimer,
    StopTimer,
    Turn,
)
from shared.pathways.entry import Entry, Party
from shared.pathways.happenings import Happening, Raised, Rang, Received, Returned, Told, WithdrawnBySender
from shared.pathways.kinds import KINDS, Kind
from shared.pathways.model import Score
from shared.pathways.play import LEAVES, play, returnable
from shared.pathways.resolve import check, resolve
from shared.pathways.source import Finding, PathwayError
from shared.pathways.task import Language, Task, Title
from shared.pathways.waits import Wait, audience, say, waits

__all__ = [
    "KINDS",
    "LEAVES",
    "Ask",
    "Asking",
    "CaseFile",
    "Close",
    "Deadline",
    "Decision",
    "Early",
    "Entry",
    "Finding",
    "Happening",
    "Ignored",
    "Kind",
    "Language",
    "Met",
    "Missed",
    "Moved",
    "Opened",
    "Otherwise",
    "Party",
    "PathwayError",
    "Raised",
    "Rang",
    "Reason",
    "Recall",
    "Received",
    "Returned",
    "Score",
    "Seat",
    "Settle",
    "Skip",
    "StartTimer",
    "StopTimer",
    "Task",
    "Title",
    "Told",
    "Turn",
    "Wait",
    "WithdrawnBySender",
    "audience",
    "check",
    "play",
    "resolve",
    "returnable",
    "say",
    "waits",
]
