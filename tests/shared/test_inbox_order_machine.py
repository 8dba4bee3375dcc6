"""The order of every stream under anything that brokers, crashes, failures, waits and operators do to it."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import insert

from shared.errors import Fault, Refused
from shared.testing.numbers import Broken, Once, make_tables, opened
from shared.testing.order import CASES, HERE, SOURCES, TEMPLATE, Play
from shared.testing.wires import Wires
from shared.uow import UnitOfWork

T = TypeVar("T")
DICE = st.integers(0, 2**32).map(Random)
ENDS = st.sampled_from(["acked", "acked", "acked", "not acked", "cut", "twice at once"])
Break = Callable[[UnitOfWork], Awaitable[None]]
AT_SOURCE = st.sampled_from([*SOURCES])


class Later(Refused):
    """Not now."""

    fault = Fault.RECEIVER


class Never(Refused):
    """The sender said what cannot be."""


async def later(_: UnitOfWork) -> None:
    raise Later


async def never(_: UnitOfWork) -> None:
    raise Never


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def twice(uow: UnitOfWork) -> None:
    await uow.session.execute(insert(Once), [{"n": 1}, {"n": 1}])


HOW = st.sampled_from([later, later, bug, never, twice])


class Order(RuleBasedStateMachine):
    """What may happen, in any order. Only the broker's own word is kept: of one stream, one line delivers in order."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.play = Play(directory)
        self.model = self.play.model

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    @rule(source=AT_SOURCE, case=st.sampled_from(CASES), count=st.integers(1, 3), how=st.none() | HOW, dice=DICE)
    def tell(self, source: str, case: UUID, count: int, how: Break | None, dice: Random) -> None:
        self.told_now(source, case, count, how, dice)

    def told_now(self, source: str, case: UUID, count: int, how: Break | None, dice: Random) -> None:
        """Some of it fails where it is heard, or needs a fact that another source told of the same case."""
        numbers = self.model.next(count)
        others = self.model.of_case(case) - set(self.model.told[source, case]) - self.model.skipped
        if others and dice.random() < 0.3:
            self.model.needs[dice.choice(numbers)] = dice.choice(sorted(others))
        if how is not None:
            self.play.hearer.breaks[dice.choice(numbers)] = how
        self.run(self.play.tell(source, case, numbers))

    @rule(source=AT_SOURCE, cases=st.permutations(CASES), same=st.booleans(), breaks=st.booleans())
    def tell_while_another_tells(self, source: str, cases: list[UUID], same: bool, breaks: bool) -> None:
        first, second = self.model.next(2), self.model.next(2)

        async def both() -> None:
            gate = asyncio.Event()
            one = asyncio.ensure_future(self.play.tell(source, cases[0], first, gate=gate, breaks=breaks))
            await asyncio.sleep(0)
            two = asyncio.ensure_future(self.play.tell(source, cases[0 if same else 1], second))
            await asyncio.sleep(0)
            gate.set()
            await asyncio.gather(one, two)

        self.run(both())

    @rule(source=AT_SOURCE, confirms=st.none() | st.integers(0, 3), dice=DICE)
    def send(self, source: str, confirms: int | None, dice: Random) -> None:
        """A window of which only the first are confirmed: the rest is sent again, and may arrive twice."""
        self.run(self.play.send(source, Wires(dice, confirms)))

    @rule(dice=DICE, ends=ENDS, sends=st.sampled_from([True, True, False]))
    def deliver(self, dice: Random, ends: str, sends: bool) -> None:
        """`sends`: more is told, and all that was told is on the wires."""
        for source in SOURCES if sends else ():
            how = dice.choice([None, None, later, bug, never])
            self.told_now(source, dice.choice(CASES), dice.randint(1, 2), how, dice)
            self.run(self.play.send(source, Wires(dice)))
        wires = self.play.wires.items()
        counts = {of: len(wire) if dice.random() < 0.5 else dice.randint(0, len(wire)) for of, wire in wires}
        known = self.play.delivered
        old = dice.sample(known, min(len(known), dice.randint(0, 4)))
        self.run(self.play.deliver(counts, old, dice, ends))

    @rule(dice=DICE, how=HOW)
    def fails(self, dice: Random, how: Break) -> None:
        """What is not handled yet: on its way, parked, or behind what is parked."""
        if left := sorted(self.run(self.play.left())):
            self.play.hearer.breaks[dice.choice(left)] = how

    @rule(dice=DICE)
    def mended(self, dice: Random) -> None:
        if breaks := self.play.hearer.breaks:
            del breaks[dice.choice(sorted(breaks))]

    @rule(passes=st.booleans())
    def tried_again(self, passes: bool) -> None:
        self.run(self.play.try_again(passes=passes))

    @rule(dice=DICE, skips=st.booleans())
    def operator(self, dice: Random, skips: bool) -> None:
        """Replays one of the dead, or skips it."""
        if dead := self.run(self.play.dead()):
            self.run(self.play.resolve(dice.choice(dead), skips=skips))

    @rule()
    def restarted(self) -> None:
        self.run(self.play.restart())

    @invariant()
    def each_stream_is_handled_once_and_in_order(self) -> None:
        self.run(self.play.check())

    @invariant()
    def numbers_and_positions_have_no_gap(self) -> None:
        self.run(self.play.check_told())

    def teardown(self) -> None:
        try:
            self.run(self.play.end())
        finally:
            self.run(self.play.close())
            self.runner.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    async def fill() -> None:
        database = opened(f"sqlite:///{tmp_path}/{TEMPLATE}", HERE, "hearer")
        await make_tables(database)
        await database.close()

    asyncio.run(fill())
    return tmp_path


def played(directory: Path, *, examples: int, steps: int, phases: Sequence[Phase]) -> None:
    """The same examples each time."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=phases,
        deadline=None,
        derandomize=True,
        database=None,
    )
    make = cast(Any, lambda: Order(directory))  # any factory will do, whatever its annotation says
    run_state_machine_as_test(make, settings=chosen)


@pytest.mark.timeout(300)
def test_order_is_kept_whatever_happens(directory: Path) -> None:
    """What fails is shown as it was met; the long form takes minutes to make it short."""
    played(directory, examples=40, steps=20, phases=[Phase.generate])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_order_is_kept_whatever_happens_for_long(directory: Path) -> None:
    played(
        directory,
        examples=int(os.environ.get("SAMSPAR_EXAMPLES", "500")),
        steps=50,
        phases=[Phase.generate, Phase.shrink],
    )
