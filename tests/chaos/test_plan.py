"""The plan of a run: the same from the same seed, and never without what a run must hold."""

from collections import Counter

import pytest

from .plan import BROKER, POSTGRES, Kind, plan

ENDS = (Kind.KILL, Kind.IMMEDIATE, Kind.POSTMASTER)


@pytest.mark.parametrize(("faults", "kills", "half_open"), [(10, 1, 1), (40, 3, 2), (200, 15, 10)])
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 99, 123_456])
def test_a_plan_has_its_kills_and_half_open_lines(seed: int, faults: int, kills: int, half_open: int):
    made = plan(seed, faults)
    ended = Counter(fault.on for fault in made if fault.kind in ENDS)
    assert len(made) == faults
    assert ended[BROKER] >= kills
    assert ended[POSTGRES] >= kills
    assert sum(fault.kind is Kind.HALF_OPEN for fault in made) == half_open


def test_the_same_seed_is_the_same_plan():
    assert plan(7, 30) == plan(7, 30) != plan(8, 30)


def test_a_plan_never_changes():
    """What is written down of a seed stays true on every version of Python."""
    assert [fault.said() for fault in plan(1, 4)] == [
        "  2.1%  half-open (from the server) on booking>broker, 4.3 s",
        " 35.6%  kill -9 on referral, 0.0 s",
        " 65.3%  kill -9 on broker, 2.5 s",
        " 77.1%  kill -9 on postgres, 3.0 s",
    ]


def test_faults_begin_in_order_while_referrals_still_come():
    starts = [fault.at for fault in plan(3, 200)]
    assert starts == sorted(starts)
    assert 0 < starts[0] < starts[-1] < 1


def test_queues_are_deleted_only_if_asked():
    kinds = {fault.kind for seed in range(20) for fault in plan(seed, 100)}
    assert kinds == set(Kind) - {Kind.DELETE_QUEUE}
    assert sum(fault.kind is Kind.DELETE_QUEUE for fault in plan(1, 100, purge=True)) == 5


def test_too_few_faults_are_refused():
    with pytest.raises(ValueError, match="3 faults are the least"):
        plan(1, 2)
