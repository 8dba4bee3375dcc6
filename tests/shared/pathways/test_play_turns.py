"""Turns and joins: what is carried, what is taken back, and what last round's facts may not do."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.calendar import STOCKHOLM
from shared.pathways import Ask, CaseFile, Decision, Ignored, Reason, Recall, Score, Skip, Told, Turn, waits
from shared.pathways.simulate import Playing

Scored = Callable[..., Score]
Began = Callable[..., Playing]
START = datetime(2026, 3, 2, 9, tzinfo=STOCKHOLM)
HOUR = timedelta(hours=1)


def kinds(decisions: list[Decision]) -> list[type]:
    return [type(each) for each in decisions]


def open_tasks(case: Playing) -> list[tuple[str, int]]:
    return [(wait.task, wait.round) for wait in waits(case.score, case.file)]


def test_a_task_in_a_skipped_stage_counts_as_settled(scored: Scored, began: Began) -> None:
    score = scored("""
stages:
  - {stage: one, tasks: [{meeting: a, by: coach}]}
  - {stage: two, when: {case.want: studies}, tasks: [{meeting: b, by: coach}]}
  - {stage: three, after: [one, two], tasks: [{meeting: c, by: coach, starts: 1 day after b.ended}]}
endings: [{ending: finished}]
""")
    case = began(score, want="work")
    assert Skip in kinds(case.settle("a", START + HOUR))
    assert open_tasks(case) == [("c", 1)]


LOOP = """
stages:
  - {stage: plan, tasks: [{plan: plan, by: coach, signed_by: [participant]}]}
  - stage: work
    tasks:
      - together:
          - {assessment: long, by: coach, outcomes: {fine: ~, anew: back to plan}}
          - {meeting: talk, by: coach, outcomes: {goes_on: ~, revise: back to plan}}
  - {stage: last, tasks: [{meeting: goodbye, by: coach}]}
endings: [{ending: finished}]
"""


def test_an_outcome_that_turns_the_case_settles_nothing(scored: Scored, began: Began) -> None:
    case = began(scored(LOOP))
    case.settle("plan", START + HOUR)
    case.settle("long", START + 2 * HOUR, "fine")
    assert Turn in kinds(case.settle("talk", START + 3 * HOUR, "revise"))
    assert open_tasks(case) == [("plan", 2)]
    assert case.file.of("talk")[0].state == "turned"
    case.settle("plan", START + 4 * HOUR)
    assert sorted(open_tasks(case)) == [("long", 2), ("talk", 2)]  # last round's fact does not settle this one
    case.settle("talk", START + 5 * HOUR, "goes_on")
    assert ("goodbye", 2) not in open_tasks(case)
    assert ("goodbye", 1) not in open_tasks(case)


def test_what_has_begun_is_carried_over_a_turn_and_belongs_to_the_new_round(scored: Scored, began: Began) -> None:
    case = began(scored(LOOP))
    case.settle("plan", START + HOUR)
    case.hear(case.told("long", "opened", START + 2 * HOUR))
    first = case.file.of("long")[0]
    decisions = case.hear(case.told("talk", "held", START + 3 * HOUR, outcome="revise"))
    assert not any(isinstance(each, Recall) for each in decisions)
    decisions = case.hear(case.told("plan", "agreed", START + 4 * HOUR))
    assert [each.task for each in decisions if isinstance(each, Ask)] == ["talk"]  # long is not asked again
    case.hear(Told(at=START + 5 * HOUR, play=first.play, moment="completed", outcome="fine"))
    case.settle("talk", START + 6 * HOUR, "goes_on")
    assert open_tasks(case) == [("goodbye", 1)]


def test_of_two_turns_in_one_hour_the_first_wins(scored: Scored, began: Began) -> None:
    case = began(scored(LOOP))
    case.settle("plan", START + HOUR)
    case.hear(case.told("long", "opened", START + 2 * HOUR))
    talk, long = case.file.of("talk")[0], case.file.of("long")[0]
    case.hear(Told(at=START + 3 * HOUR, play=talk.play, moment="held", outcome="revise"))
    second = case.hear(Told(at=START + 3 * HOUR, play=long.play, moment="completed", outcome="anew"))
    assert Ignored(Reason.TURNED_ALREADY) in second
    assert not any(isinstance(each, Turn) for each in second)
    assert case.file.round_of("plan") == 2
    case.settle("plan", START + 5 * HOUR)
    assert sorted(open_tasks(case)) == [("long", 2), ("talk", 2)]


def test_a_late_fact_of_an_old_round_harms_nothing(scored: Scored, began: Began) -> None:
    case = began(scored(LOOP))
    case.settle("plan", START + HOUR)
    case.hear(case.told("talk", "booked", START + 2 * HOUR))
    talk = case.file.of("talk")[0]
    decisions = case.hear(case.told("long", "completed", START + 3 * HOUR, outcome="anew"))
    assert [each.task for each in decisions if isinstance(each, Recall)] == ["talk"]
    late = Told(at=START + 4 * HOUR, play=talk.play, moment="held", outcome="revise")
    assert case.hear(late) == [Ignored(Reason.OLD_ROUND)]


def test_a_join_inside_a_loop_does_not_meet_last_rounds_fact(scored: Scored, began: Began) -> None:
    score = scored("""
stages:
  - {stage: root, tasks: [{meeting: start, by: coach}]}
  - {stage: left, tasks: [{meeting: l, by: coach}]}
  - {stage: right, after: [root], tasks: [{meeting: r, by: coach}]}
  - stage: join
    after: [left, right]
    tasks: [{meeting: j, by: coach, outcomes: {onwards: ~, left_again: back to left}}]
endings: [{ending: finished}]
""")
    case = began(score)
    case.settle("start", START + HOUR)
    case.settle("r", START + 2 * HOUR)
    case.settle("l", START + 3 * HOUR)
    case.settle("j", START + 4 * HOUR, "left_again")
    assert open_tasks(case) == [("l", 2)]  # the other track stands, and the join waits
    case.settle("l", START + 5 * HOUR)
    assert open_tasks(case) == [("j", 2)]
    case.settle("j", START + 6 * HOUR, "onwards")
    assert case.file.ending == "finished"


def test_the_file_is_the_same_after_a_round_trip_at_every_step(scored: Scored, began: Began) -> None:
    case = began(scored(LOOP))
    case.settle("plan", START + HOUR)
    case.settle("talk", START + 3 * HOUR, "revise")
    assert CaseFile.from_text(case.file.to_text()) == case.file
