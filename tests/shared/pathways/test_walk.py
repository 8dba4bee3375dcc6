"""Random play: no case ends nowhere, every waiting case has somebody and an instant, and pinned text is enough."""

from pathlib import Path
from time import perf_counter

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.pathways import CaseFile, Close, Met, Missed, Score, play, resolve
from shared.pathways.simulate import Playing, Script, simulate
from shared.pathways.walk import stuck, walk

DEPLOYED = Path(__file__).parents[3] / "deploy" / "pathways"
SCENARIOS = Path(__file__).parents[2] / "scenarios" / "pathways"
TIMELINES = sorted(DEPLOYED.glob("*/*.timelines/*.yaml"))
SCORES = [
    resolve(DEPLOYED, "bengtsfors/income-support"),
    resolve([SCENARIOS, DEPLOYED], "norrby/with-waiver"),
]


@given(st.sampled_from(SCORES), st.integers(0, 1_000_000))
@settings(max_examples=300, deadline=None)
def test_no_case_ends_nowhere_and_none_is_left_alone(score: Score, seed: int) -> None:
    assert stuck(score, seed) is None


@given(st.sampled_from(SCORES), st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_the_same_story_told_again_from_text_decides_the_same(score: Score, seed: int) -> None:
    story = walk(score, seed)
    pinned = Score.from_text(score.to_text())
    first = story[0][2]
    file = CaseFile.start(case=first.case, received=first.received, attributes=first.attributes)
    for happening, decisions, after in story:
        again, file = play(pinned, CaseFile.from_text(file.to_text()), happening)
        assert (again, file) == (decisions, after)


@given(st.sampled_from(SCORES), st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_a_deadline_is_kept_or_missed_once_and_timers_stop_with_the_case(score: Score, seed: int) -> None:
    story = walk(score, seed)
    told = [each for _, decisions, _ in story for each in decisions]
    missed = [(each.play, each.reach) for each in told if isinstance(each, Missed)]
    met = [(each.play, each.reach) for each in told if isinstance(each, Met) and not each.learnt_late]
    assert len(set(missed)) == len(missed)
    assert len(set(met)) == len(met)
    assert not set(met) & set(missed)
    assert len([each for each in told if isinstance(each, Close)]) == 1
    assert story[-1][2].timers == {}


@pytest.mark.parametrize("file", TIMELINES, ids=[file.stem for file in TIMELINES])
def test_every_branch_gives_the_timeline_that_stands_beside_the_definition(file: Path) -> None:
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    score = resolve(DEPLOYED, f"{file.parent.parent.name}/{file.parent.name.removesuffix('.timelines')}")
    played = Script.model_validate(data)
    assert simulate(score, played) == list(played.timeline)


def test_there_is_a_timeline_for_every_ending_of_income_support() -> None:
    last = {yaml.safe_load(file.read_text())["timeline"][-1].rpartition(": ")[2] for file in TIMELINES}
    assert {ending.name for ending in SCORES[0].endings} - {"returned"} <= last


def test_three_months_play_in_well_under_a_second() -> None:
    file = next(each for each in TIMELINES if each.stem == "investigation")
    played = Script.model_validate(yaml.safe_load(file.read_text()))
    began = perf_counter()
    simulate(SCORES[0], played)
    assert perf_counter() - began < 0.5


def test_a_move_about_what_was_never_asked_is_refused() -> None:
    case = Playing.of(SCORES[0], TIMES := Script.model_validate(yaml.safe_load(TIMELINES[0].read_text())).received, {})
    with pytest.raises(ValueError, match="'mapping' has not been asked"):
        case.told("mapping", "completed", TIMES)
