"""Dead letters: what only a person can resolve. Listed, shown without values, tried dry, replayed, skipped; audited."""

from .chain import Chain, chain
from .dry_run import DryRun, dry_run
from .letters import DeadLetter, Shown, Wanted, of_stream, show
from .resolving import Report, history, replay, replay_one, report, skip

__all__ = [
    "Chain",
    "DeadLetter",
    "DryRun",
    "Report",
    "Shown",
    "Wanted",
    "chain",
    "dry_run",
    "history",
    "of_stream",
    "replay",
    "replay_one",
    "report",
    "show",
    "skip",
]
