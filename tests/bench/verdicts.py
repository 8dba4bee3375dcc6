"""The goals, and what a set of measurements says of each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .figures import Figure, Verdict, ratio


@dataclass
class Found:
    """All that was measured, one value a round. Rates are a second, latencies milliseconds, starts seconds.

    `fact_cpu`, `request_cpu`: CPU microseconds of the services for one; they vary less than rates on a busy machine.
    """

    facts: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    fact_cpu: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    request_cpu: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    idle_p50: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    idle_p99: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    requests: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    request_p50: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    relay: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    start: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    memory: dict[str, list[float]] = field(default_factory=dict[str, list[float]])


US = "samspar"
EMBEDDED = "embedded"


def verdicts(found: Found) -> list[Verdict]:
    """In the order of the goals; what was not measured is left out."""
    facts, requests = found.facts, found.requests
    made = [
        _of("S1", "facts/s ÷ lean, same obligations", 1.0, facts, US, "lean"),
        _of("S2", "facts/s ÷ FastStream + SQLModel", 8.0, facts, US, "peer-sqlmodel"),
        _of("S2", "facts/s ÷ FastStream + asyncpg", 4.0, facts, US, "peer-asyncpg"),
        _of("S3", "idle p50 ÷ lean's", 1.2, found.idle_p50, US, "lean", least=False),
        _tail(found),
        _of("S4", "POST requests/s ÷ bare intake", 0.7, requests, US, "bare"),
        _of("S4", "POST p50 ÷ bare intake's", 1.3, found.request_p50, US, "bare", least=False),
        _of("S5", "facts/s, traced ÷ not", 0.9, facts, US, "samspar-untraced"),
        _of("S5", "requests/s, traced ÷ not", 0.9, requests, US, "samspar-untraced"),
        _of("S6", "relay ÷ bare publishing", 0.9, found.relay, "relay", "bare"),
        *_rest(found.memory, found.start),
    ]
    return [verdict for verdict in made if verdict is not None]


def _of(
    goal: str,
    title: str,
    wanted: float,
    measured: Mapping[str, Sequence[float]],
    ours: str,
    theirs: str,
    *,
    least: bool = True,
) -> Verdict | None:
    if not measured.get(ours) or len(measured[ours]) != len(measured.get(theirs, ())):
        return None
    return Verdict(goal, title, wanted, ratio(measured[ours], measured[theirs]), least)


def _tail(found: Found) -> Verdict | None:
    if US not in found.idle_p99:
        return None
    return Verdict("S3", "idle p99 ÷ own p50", 2.0, ratio(found.idle_p99[US], found.idle_p50[US]), least=False)


def _rest(memory: Mapping[str, Sequence[float]], start: Mapping[str, Sequence[float]]) -> list[Verdict]:
    """The largest and the slowest service count: each has to keep to it."""
    single = [name for name in memory if name != EMBEDDED]
    if not single:
        return []
    largest = [max(values) for values in zip(*(memory[name] for name in single), strict=True)]
    slowest = [max(values) for values in zip(*(start[name] for name in single), strict=True)]
    return [
        Verdict("S10", "MiB of the largest service at rest", 110, Figure.of(largest), least=False),
        Verdict("S10", "seconds the slowest service starts in", 1.5, Figure.of(slowest), least=False),
        Verdict("S10", "MiB of the embedded platform", 200, Figure.of(memory[EMBEDDED]), least=False),
        Verdict("S10", "seconds it starts in", 3.0, Figure.of(start[EMBEDDED]), least=False),
    ]
