"""What is said of repeated measurements: medians, their spread, and ratios within one round."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """The middle of some measurements, and how far they lie apart."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        return cls(median(values), min(values), max(values), len(values))

    def said(self, digits: int = 2) -> str:
        return f"{self.median:.{digits}f} [{self.low:.{digits}f}–{self.high:.{digits}f}]"

    def as_dict(self) -> dict[str, Any]:
        return {name: rounded(value) for name, value in asdict(self).items()}


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Of the n-th run of one to the n-th of the other: only runs of one round are compared."""
    return Figure.of([a / b for a, b in zip(ours, theirs, strict=True)])


def rounded(value: float) -> float:
    """Four digits that count: what lies behind them is noise."""
    return float(f"{value:.4g}")


@dataclass(frozen=True)
class Verdict:
    """A goal, and what was measured of it. `least`: it is to be at least so large, else at most."""

    goal: str
    title: str
    wanted: float
    figure: Figure
    least: bool = True

    @property
    def met(self) -> bool:
        return self.figure.median >= self.wanted if self.least else self.figure.median <= self.wanted

    @property
    def share(self) -> float:
        """How much of the goal is reached: 1 is all of it, whichever way it points."""
        found = max(self.figure.median, 1e-9)
        return found / self.wanted if self.least else self.wanted / found

    def as_dict(self) -> dict[str, Any]:
        wanted = f"{'≥' if self.least else '≤'} {self.wanted:g}"
        return {"goal": self.goal, "title": self.title, "wanted": wanted, "met": self.met, **self.figure.as_dict()}
