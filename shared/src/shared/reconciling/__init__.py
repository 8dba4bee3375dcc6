"""Reconciliation: what was told is compared with what came, and what was lost on the way is told again."""

from .reconciler import NotTheConsumer, Reconciler, Wanted
from .sources import Source, sources_of
from .tellers import Called, Tellers
from .watermarks import Watermark, accept, faults_of, watermarks

__all__ = [
    "Called",
    "NotTheConsumer",
    "Reconciler",
    "Source",
    "Tellers",
    "Wanted",
    "Watermark",
    "accept",
    "faults_of",
    "sources_of",
    "watermarks",
]
