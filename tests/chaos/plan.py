"""What goes wrong when: a list of faults made of a seed alone, so that a run can be repeated and talked about."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from math import ceil
from typing import TypeVar

T = TypeVar("T")

SERVICES = ("referral", "assessment", "booking", "consent", "reporting")
BROKER, POSTGRES = "broker", "postgres"
LINKS = tuple(f"{service}>{server}" for service in SERVICES for server in (BROKER, POSTGRES))
MANY = 40
"""From so many faults on there is time for those that take a minute to be noticed."""
KILLS_OF_EACH_SERVER = 15 / 200
KILLED, FROZEN = "the first is killed", "the first is frozen"
SHIFTS = (-3600.0, -240.0, -20.0, 20.0, 240.0, 3600.0)


@unique
class Kind(StrEnum):
    """What can be done to whom."""

    KILL = "kill -9"
    IMMEDIATE = "immediate stop"
    POSTMASTER = "kill -9 of the postmaster alone"
    FREEZE = "SIGSTOP"
    TWIN = "a second process"
    TERMINATE = "backends terminated"
    CUT = "connections reset"
    HALF_OPEN = "half-open"
    STALL = "packets held"
    SLOW = "slow link"
    LATE = "late commits"
    ALARM = "alarm"
    CLOCK = "clock jump"
    DELETE_QUEUE = "queue deleted"


@dataclass(frozen=True)
class Fault:
    """One fault. `at`: the share of referrals posted when it begins. `seconds`: how long it lasts.

    `how`: bytes a second of a slow link, seconds of a late commit, the direction that is dead, the resource of an
    alarm, seconds of a jump, what becomes of the first of two processes, whose queue.
    """

    at: float
    kind: Kind
    on: str
    seconds: float
    how: str = ""

    def said(self) -> str:
        how = f" ({self.how})" if self.how else ""
        return f"{self.at:6.1%}  {self.kind}{how} on {self.on}, {self.seconds:.1f} s"


class Dice:
    """Draws from a seed by `random()` alone, the one method whose numbers Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def of(self, options: Sequence[T]) -> T:
        return options[int(self._random() * len(options))]

    def between(self, low: float, high: float) -> float:
        return round(low + (high - low) * self._random(), 3)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        left, out = list(items), list[T]()
        while left:
            out.append(left.pop(int(self._random() * len(left))))
        return out


def plan(seed: int, faults: int, *, purge: bool = False) -> list[Fault]:
    """The faults of a run, by when they begin.

    Among them at least one kill of broker and of PostgreSQL, and 15 of each in 200; one half-open connection, and
    one in 20; with `purge` one deleted queue, and one in 20. The rest is drawn.
    """
    dice = Dice(seed)
    kills = ceil(faults * KILLS_OF_EACH_SERVER)
    some = ceil(faults / 20)
    wanted = [_broker_killed] * kills + [_postgres_killed] * kills + [_half_open] * some
    wanted += [_queue_deleted] * (some if purge else 0)
    if len(wanted) > faults:
        raise ValueError(f"{len(wanted)} faults are the least")
    rest = [dice.of(DRAWN) for _ in range(faults - len(wanted))]
    drawn = dice.shuffled(wanted + rest)
    if faults < MANY:  # what takes long to be noticed comes early
        drawn.sort(key=lambda make: make is not _half_open)
    made = [make(dice, faults) for make in drawn]
    at = [0.02 + 0.93 * (n + dice.between(0, 1)) / faults for n in range(faults)]
    return [Fault(round(when, 4), *fault) for when, fault in zip(at, made, strict=True)]


Made = tuple[Kind, str, float, str]


def _broker_killed(dice: Dice, _: int) -> Made:
    return Kind.KILL, BROKER, dice.between(0, 3), ""


def _postgres_killed(dice: Dice, _: int) -> Made:
    kind = dice.of((Kind.KILL, Kind.KILL, Kind.IMMEDIATE, Kind.POSTMASTER))
    return kind, POSTGRES, dice.between(0, 4), ""


def _half_open(dice: Dice, faults: int) -> Made:
    """A line to PostgreSQL takes up to a minute to be given up: only where there is time."""
    lines = LINKS if faults >= MANY else [link for link in LINKS if link.endswith(BROKER)]
    return (
        Kind.HALF_OPEN,
        dice.of(lines),
        dice.between(1, 6),
        dice.of(("both ways", "to the server", "from the server")),
    )


def _service_killed(dice: Dice, _: int) -> Made:
    return Kind.KILL, dice.of(SERVICES), dice.between(0, 1), ""


def _frozen(dice: Dice, _: int) -> Made:
    return Kind.FREEZE, dice.of((*SERVICES, BROKER, POSTGRES)), dice.between(1, 7), ""


def _twin(dice: Dice, faults: int) -> Made:
    """One that is frozen keeps its rights for a minute, and wakes up without them: only where there is time."""
    if faults >= MANY and dice.of((True, False, False)):
        return Kind.TWIN, dice.of(SERVICES), dice.between(64, 72), FROZEN
    return Kind.TWIN, dice.of(SERVICES), dice.between(2, 6), KILLED


def _terminated(dice: Dice, _: int) -> Made:
    return Kind.TERMINATE, dice.of(SERVICES), 0.0, ""


def _cut(dice: Dice, _: int) -> Made:
    return Kind.CUT, dice.of(LINKS), dice.between(0, 8), ""


def _stalled(dice: Dice, _: int) -> Made:
    return Kind.STALL, dice.of(LINKS), dice.between(1, 8), ""


def _slow(dice: Dice, _: int) -> Made:
    return Kind.SLOW, dice.of(LINKS), dice.between(2, 6), dice.of(("4000", "20000", "100000"))


def _late(dice: Dice, _: int) -> Made:
    links = [link for link in LINKS if link.endswith(POSTGRES)]
    return Kind.LATE, dice.of(links), dice.between(3, 8), dice.of(("0.2", "0.8"))


def _alarm(dice: Dice, _: int) -> Made:
    return Kind.ALARM, BROKER, dice.between(2, 8), dice.of(("memory", "disk"))


def _jump(dice: Dice, _: int) -> Made:
    return Kind.CLOCK, dice.of(SERVICES), dice.between(2, 6), f"{dice.of(SHIFTS):+.0f}"


def _queue_deleted(dice: Dice, _: int) -> Made:
    return Kind.DELETE_QUEUE, BROKER, dice.between(0, 2), dice.of(SERVICES)


DRAWN = (
    *[_service_killed, _cut] * 3,
    *[_frozen, _twin, _stalled, _jump, _late] * 2,
    *(_terminated, _slow, _alarm, _broker_killed, _postgres_killed),
)
