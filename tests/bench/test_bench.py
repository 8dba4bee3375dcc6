"""The benchmark's pure parts: what it says of its measurements, and the journey that all contestants run."""

import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

from shared.pathways import resolve

from .figures import Figure, Verdict, percentile, ratio
from .journey import BEGINS, FOLLOWS, HEARD_BY, stored, told
from .picture import LEFT, svg
from .verdicts import Found, verdicts

ROOT = Path(__file__).parents[2]


def test_a_figure_is_the_median_with_its_spread():
    assert Figure.of([3.0, 1.0, 8.0]) == Figure(median=3.0, low=1.0, high=8.0, runs=3)


def test_only_runs_of_one_round_are_compared():
    assert ratio([10.0, 20.0, 30.0], [10.0, 10.0, 60.0]) == Figure(1.0, 0.5, 2.0, 3)
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("percent", "value"), [(50, 50.0), (99, 99.0), (100, 100.0), (1, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float):
    assert percentile([float(n) for n in range(100, 0, -1)], percent) == value


def test_the_middle_of_three_is_the_second():
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0


def test_a_goal_points_up_or_down():
    found = Figure.of([1.5])
    assert Verdict("S1", "rate", 1.0, found).met
    assert not Verdict("S3", "latency", 1.2, found, least=False).met
    assert Verdict("S3", "latency", 1.2, found, least=False).share == pytest.approx(0.8)


def test_what_was_not_measured_is_left_out():
    found = Found(facts={"samspar": [50.0, 80.0], "lean": [100.0, 100.0], "peer-asyncpg": [1.0]})
    (only,) = verdicts(found)
    assert (only.goal, only.figure.median, only.met) == ("S1", 0.65, False)


def test_of_five_services_the_worst_counts():
    found = Found(
        memory={"booking": [100.0, 90.0], "referral": [105.0, 120.0], "embedded": [150.0, 150.0]},
        start={"booking": [2.0, 1.0], "referral": [1.0, 1.1], "embedded": [3.0, 3.0]},
    )
    said = {verdict.title: (verdict.figure.low, verdict.figure.high) for verdict in verdicts(found)}
    assert said["MiB of the largest service at rest"] == (105.0, 120.0)
    assert said["seconds the slowest service starts in"] == (1.1, 2.0)


def test_the_picture_has_a_bar_a_goal_that_ends_at_its_share():
    half = Verdict("S1", "facts < lean & more", 1.0, Figure.of([0.5]))
    full = Verdict("S6", "relay", 0.9, Figure.of([0.9]))
    drawn = ET.fromstring(svg([half, full], "two cores"))
    lines = drawn.findall("{*}line")
    goal = float(lines[-1].attrib["x1"])
    bars = [LEFT + float(bar.attrib["width"]) for bar in drawn.findall("{*}rect")[1:]]
    assert bars == pytest.approx([(LEFT + goal) / 2, goal], abs=0.1)


def test_every_fact_of_the_journey_is_heard_and_begins_somewhere():
    begun = {fact for begins in BEGINS for facts in begins.values() for fact in facts}
    followed = {fact for facts in FOLLOWS.values() for fact in facts}
    assert begun | followed == set(HEARD_BY)


def test_the_journey_stores_as_many_facts_as_it_tells_to_hearers():
    for nth in range(len(BEGINS)):
        deliveries = Counter(service for fact in told(nth) for service in HEARD_BY[fact])
        assert stored(nth) == deliveries


def test_the_journeys_pathway_asks_what_the_journey_says(tmp_path: Path):
    pathways = Path(__file__).parent / "pathways"
    (tmp_path / "sweden.yaml").write_bytes((ROOT / "deploy/pathways/sweden.yaml").read_bytes())
    (tmp_path / "bench").symlink_to(pathways / "bench")
    score = resolve(tmp_path, "bench/round")
    asked = {f"{task.kind}.requested" for stage in score.stages for step in stage.steps for task in step}
    assert asked == {fact for fact in FOLLOWS["referral.received"] if fact.endswith(".requested")}
