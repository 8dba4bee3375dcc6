"""What stands beside the journey: series, tasks by need, deviations, rules that answer bad ends."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.calendar import STOCKHOLM
from shared.pathways import Ask, Ignored, Otherwise, Raised, Rang, Reason, Recall, Score, Told, Turn, waits
from shared.pathways.simulate import Playing

Scored = Callable[..., Score]
Began = Callable[..., Playing]
START = datetime(2026, 3, 2, 9, tzinfo=STOCKHOLM)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def open_tasks(case: Playing) -> list[tuple[str, int]]:
    return [(wait.task, wait.round) for wait in waits(case.score, case.file)]


SERIES = """
stages:
  - stage: support
    tasks: [{activity: support, by: coach, lasts: 3 months}]
    meanwhile: [{meeting: follow-up, by: coach, every: 1 month}]
    by_need: [{meeting: extra, by: coach}]
endings: [{ending: finished}]
"""


def test_a_series_keeps_its_pace_and_ends_with_its_stage(scored: Scored, began: Began) -> None:
    case = began(scored(SERIES))
    case.ring(START + 32 * DAY)
    assert [(a.task, a.n) for a in case.file.of("follow-up")] == [("follow-up", 1)]
    case.ring(START + 62 * DAY)  # the first is still open: none is piled on it
    assert len(case.file.of("follow-up")) == 1
    case.settle("follow-up", START + 62 * DAY)
    case.ring(START + 93 * DAY)
    assert len(case.file.of("follow-up")) == 2
    case.settle("support", START + 94 * DAY)
    assert case.file.ending == "finished"


def test_equal_periods_tie_without_harm(scored: Scored, began: Began) -> None:
    for series_first in (True, False):
        case = began(scored(SERIES))
        case.ring(START + 31 * DAY + HOUR)
        case.settle("follow-up", START + 32 * DAY)
        tie = datetime(2026, 5, 2, 9, tzinfo=STOCKHOLM)
        timer = next(key for key, at in case.file.timers.items() if at == tie)
        ended = case.told("support", "ended", tie)
        both = [Rang(tie, timer), ended] if series_first else [ended, Rang(tie, timer)]
        for happening in both:
            case.hear(happening)
        assert (case.file.ending, case.file.closed) == ("finished", tie)


def test_what_is_raised_by_need_is_asked_while_its_stage_is_open(scored: Scored, began: Began) -> None:
    case = began(scored(SERIES))
    decisions = case.hear(Raised(START + HOUR, "extra", "labour_market_unit"))
    assert [each.task for each in decisions if isinstance(each, Ask)] == ["extra"]
    assert case.hear(Raised(START + HOUR, "follow-up", "labour_market_unit")) == [Ignored(Reason.NOT_OPEN)]
    ended = case.hear(case.told("support", "ended", START + DAY))
    assert [each.task for each in ended if isinstance(each, Recall)] == ["extra"]


DEVIATION = """
uses: [deviation]
settings: {plan_owner: coach}
stages:
  - {stage: plan, tasks: [{plan: plan, by: coach, signed_by: [participant, coach]}]}
  - {stage: work, tasks: [{activity: work, by: coach, outcomes: {done: ~, stop: end finished}}]}
endings: [{ending: finished}]
"""


def test_a_deviation_always_leads_to_a_meeting_and_the_case_cannot_close_over_it(scored: Scored, began: Began) -> None:
    for outcome in ("done", "stop"):
        case = began(scored(DEVIATION))
        case.settle("plan", START + HOUR)
        case.hear(Raised(START + 2 * HOUR, "deviation", "social_services"))
        assert ("deviation-meeting", 1) in open_tasks(case)
        case.settle("work", START + 3 * HOUR, outcome)
        assert case.file.closed is None
        case.settle("deviation-meeting", START + 4 * HOUR, "plan_stands")
        assert (case.file.ending, case.file.closed) == ("finished", START + 4 * HOUR)


def test_a_deviation_may_turn_the_case_once(scored: Scored, began: Began) -> None:
    case = began(scored(DEVIATION))
    case.settle("plan", START + HOUR)
    for n in (2, 3):
        case.hear(Raised(START + n * HOUR, "deviation", "social_services"))
    one, two = case.file.of("deviation-meeting")
    first = case.hear(Told(at=START + 4 * HOUR, play=one.play, moment="held", outcome="revise_plan"))
    assert [each.stage for each in first if isinstance(each, Turn)] == ["plan"]
    second = case.hear(Told(at=START + 4 * HOUR, play=two.play, moment="held", outcome="revise_plan"))
    assert Ignored(Reason.TURNED_ALREADY) in second
    assert open_tasks(case) == [("plan", 2)]


def test_a_pathways_own_rule_answers_what_ends_badly_in_place_of_the_areas(scored: Scored, began: Began) -> None:
    case = began(scored(DEVIATION.replace("plan, by: coach, s", "plan, by: coach, when: {case.want: work}, s")))
    assert "what-now" not in case.score.tasks
    case = began(scored(DEVIATION.replace("activity: work", "meeting: work").replace("done: ~, ", "")))
    case.settle("plan", START + HOUR)
    for n in (2, 3, 4):
        decisions = case.hear(case.told("work", "missed", START + n * HOUR))
    assert any(isinstance(each, Otherwise) for each in decisions)
    case.settle("deviation-meeting", START + 5 * HOUR, "revise_plan")
    assert open_tasks(case) == [("plan", 2)]


def test_the_rules_own_failure_is_answered_with_what_it_answers(scored: Scored, began: Began) -> None:
    case = began(scored(DEVIATION.replace("activity: work", "meeting: work").replace("done: ~, ", "onwards: ~, ")))
    case.settle("plan", START + HOUR)
    for n in (2, 3, 4):
        case.hear(case.told("work", "missed", START + n * HOUR))
    for n in (5, 6, 7):
        case.hear(case.told("deviation-meeting", "missed", START + n * HOUR))
    case.settle("deviation-meeting", START + 8 * HOUR, "plan_stands")
    assert case.file.ending == "finished"


SILENT = """
stages:
  - {stage: one, tasks: [{meeting: talk, by: coach, due: {booked: 1 day after opened, ended: 2 days after opened}}]}
  - {stage: two, tasks: [{assessment: look, by: coach}]}
endings: [{ending: finished}]
"""


def test_a_question_about_silence_is_taken_back_when_the_case_lives_on(scored: Scored, began: Began) -> None:
    case = began(scored(SILENT))
    case.ring(START + 70 * DAY)
    assert [task for task, _ in open_tasks(case)] == ["talk", "what-now"]
    decided = case.settle("talk", START + 71 * DAY)
    assert [each.task for each in decided if isinstance(each, Recall)] == ["what-now"]
    assert open_tasks(case) == [("look", 1)]
    stale = case.hear(case.told("what-now", "given", START + 72 * DAY, outcome="give_up"))
    assert (stale, case.file.closed) == ([Ignored(Reason.ENDED)], None)
    case.settle("look", START + 73 * DAY)
    assert case.file.ending == "finished"


def test_a_question_about_silence_does_not_hold_a_case_that_ends(scored: Scored, began: Began) -> None:
    case = began(scored(SILENT.replace("{meeting: talk,", "{meeting: talk, outcomes: {held: ~, stop: end finished},")))
    case.ring(START + 70 * DAY)
    case.settle("talk", START + 71 * DAY, "stop")
    assert (case.file.ending, case.file.closed) == ("finished", START + 71 * DAY)


def test_what_answers_a_silence_or_a_bad_end_is_not_taken_back(scored: Scored, began: Began) -> None:
    case = began(scored(SILENT))
    case.ring(START + 70 * DAY)
    case.hear(case.told("what-now", "given", START + 71 * DAY, outcome="give_up"))
    assert case.file.ending == "given_up"
    case = began(scored(DEVIATION))
    case.ring(START + 90 * DAY)
    case.hear(case.told("deviation-meeting", "booked", START + 91 * DAY))
    assert ("deviation-meeting", 1) in open_tasks(case)
    case = began(scored(SERIES))
    for n in range(3):
        case.ring(START + 32 * DAY)
        case.hear(case.told("follow-up", "missed", START + (32 + n) * DAY))
    assert ("what-now", 1) in open_tasks(case)
    case.hear(case.told("support", "started", START + 40 * DAY))
    assert ("what-now", 1) in open_tasks(case)
