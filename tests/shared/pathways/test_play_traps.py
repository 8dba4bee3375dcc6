"""Traps that random play once found, and the grammar beyond one process: turns, joins, series, needs, rules."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.calendar import STOCKHOLM
from shared.pathways import (
    LEAVES,
    Ask,
    CaseFile,
    Close,
    Early,
    Ignored,
    Missed,
    Opened,
    Otherwise,
    Raised,
    Rang,
    Reason,
    Recall,
    Received,
    Returned,
    Score,
    Settle,
    Skip,
    Told,
    Turn,
    audience,
    returnable,
    waits,
)
from shared.pathways.simulate import Playing

Scored = Callable[..., Score]
START = datetime(2026, 3, 2, 9, tzinfo=STOCKHOLM)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def began(score: Score, **answers: str) -> Playing:
    case = Playing.of(
        score,
        START,
        {"referrer": "social_services", "door": "referral", **answers},
        {"programme_end": START + 400 * DAY},
    )
    case.hear(Received(START))
    return case


def done(case: Playing, task: str, at: datetime, outcome: str | None = None) -> list[type]:
    """Settles a task in the way of its kind; gives the kinds of decision that followed."""
    moment = next(iter(case.score.tasks[task].settling))
    return [type(each) for each in case.hear(case.told(task, moment, at, outcome=outcome))]


def open_tasks(case: Playing) -> list[tuple[str, int]]:
    return [(wait.task, wait.round) for wait in waits(case.score, case.file)]


def test_a_task_in_a_skipped_stage_counts_as_settled(scored: Scored) -> None:
    score = scored("""
stages:
  - {stage: one, tasks: [{meeting: a, by: coach}]}
  - {stage: two, when: {case.want: studies}, tasks: [{meeting: b, by: coach}]}
  - {stage: three, after: [one, two], tasks: [{meeting: c, by: coach, starts: 1 day after b.ended}]}
endings: [{ending: finished}]
""")
    case = began(score, want="work")
    assert Skip in done(case, "a", START + HOUR)
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


def test_an_outcome_that_turns_the_case_settles_nothing(scored: Scored) -> None:
    case = began(scored(LOOP))
    done(case, "plan", START + HOUR)
    done(case, "long", START + 2 * HOUR, "fine")
    assert Turn in done(case, "talk", START + 3 * HOUR, "revise")
    assert open_tasks(case) == [("plan", 2)]
    done(case, "plan", START + 4 * HOUR)
    assert sorted(open_tasks(case)) == [("long", 2), ("talk", 2)]  # last round's fact does not settle this one
    done(case, "talk", START + 5 * HOUR, "goes_on")
    assert ("goodbye", 2) not in open_tasks(case)
    assert ("goodbye", 1) not in open_tasks(case)


def test_what_has_begun_is_carried_over_a_turn_and_belongs_to_the_new_round(scored: Scored) -> None:
    case = began(scored(LOOP))
    done(case, "plan", START + HOUR)
    case.hear(case.told("long", "opened", START + 2 * HOUR))
    first = case.file.of("long")[0]
    decisions = case.hear(case.told("talk", "held", START + 3 * HOUR, outcome="revise"))
    assert not any(isinstance(each, Recall) for each in decisions)
    decisions = case.hear(case.told("plan", "agreed", START + 4 * HOUR))
    assert [each.task for each in decisions if isinstance(each, Ask)] == ["talk"]  # long is not asked again
    case.hear(Told(at=START + 5 * HOUR, play=first.play, moment="completed", outcome="fine"))
    done(case, "talk", START + 6 * HOUR, "goes_on")
    assert open_tasks(case) == [("goodbye", 1)]


def test_of_two_turns_in_one_hour_the_first_wins(scored: Scored) -> None:
    case = began(scored(LOOP))
    done(case, "plan", START + HOUR)
    case.hear(case.told("long", "opened", START + 2 * HOUR))
    talk, long = case.file.of("talk")[0], case.file.of("long")[0]
    case.hear(Told(at=START + 3 * HOUR, play=talk.play, moment="held", outcome="revise"))
    second = case.hear(Told(at=START + 3 * HOUR, play=long.play, moment="completed", outcome="anew"))
    assert Ignored(Reason.TURNED_ALREADY) in second
    assert not any(isinstance(each, Turn) for each in second)
    assert case.file.round_of("plan") == 2
    done(case, "plan", START + 5 * HOUR)
    assert sorted(open_tasks(case)) == [("long", 2), ("talk", 2)]


def test_a_late_fact_of_an_old_round_harms_nothing(scored: Scored) -> None:
    case = began(scored(LOOP))
    done(case, "plan", START + HOUR)
    case.hear(case.told("talk", "booked", START + 2 * HOUR))
    talk = case.file.of("talk")[0]
    decisions = case.hear(case.told("long", "completed", START + 3 * HOUR, outcome="anew"))
    assert [each.task for each in decisions if isinstance(each, Recall)] == ["talk"]
    late = Told(at=START + 4 * HOUR, play=talk.play, moment="held", outcome="revise")
    assert case.hear(late) == [Ignored(Reason.OLD_ROUND)]


def test_a_join_inside_a_loop_does_not_meet_last_rounds_fact(scored: Scored) -> None:
    score = scored("""
stages:
  - {stage: root, tasks: [{meeting: start, by: coach}]}
  - {stage: left, tasks: [{meeting: l, by: coach}]}
  - {stage: right, after: [root], tasks: [{meeting: r, by: coach}]}
  - {stage: join, after: [left, right], tasks: [{meeting: j, by: coach, outcomes: {on: ~, left_again: back to left}}]}
endings: [{ending: finished}]
""")
    case = began(score)
    done(case, "start", START + HOUR)
    done(case, "r", START + 2 * HOUR)
    done(case, "l", START + 3 * HOUR)
    done(case, "j", START + 4 * HOUR, "left_again")
    assert open_tasks(case) == [("l", 2)]  # the other track stands, and the join waits
    done(case, "l", START + 5 * HOUR)
    assert open_tasks(case) == [("j", 2)]
    done(case, "j", START + 6 * HOUR, "on")
    assert case.file.ending == "finished"


SERIES = """
stages:
  - stage: support
    tasks: [{activity: support, by: coach, lasts: 3 months}]
    meanwhile: [{meeting: follow-up, by: coach, every: 1 month}]
    by_need: [{meeting: extra, by: coach}]
endings: [{ending: finished}]
"""


def test_a_series_keeps_its_pace_and_ends_with_its_stage(scored: Scored) -> None:
    case = began(scored(SERIES))
    case.ring(START + 32 * DAY)
    assert [(a.task, a.n) for a in case.file.of("follow-up")] == [("follow-up", 1)]
    case.ring(START + 62 * DAY)  # the first is still open: none is piled on it
    assert len(case.file.of("follow-up")) == 1
    done(case, "follow-up", START + 62 * DAY)
    case.ring(START + 93 * DAY)
    assert len(case.file.of("follow-up")) == 2
    done(case, "support", START + 94 * DAY)
    assert case.file.ending == "finished"


def test_equal_periods_tie_without_harm(scored: Scored) -> None:
    for series_first in (True, False):
        case = began(scored(SERIES))
        case.ring(START + 31 * DAY + HOUR)
        done(case, "follow-up", START + 32 * DAY)
        tie = datetime(2026, 5, 2, 9, tzinfo=STOCKHOLM)
        timer = next(key for key, at in case.file.timers.items() if at == tie)
        ended = case.told("support", "ended", tie)
        both = [Rang(tie, timer), ended] if series_first else [ended, Rang(tie, timer)]
        for happening in both:
            case.hear(happening)
        assert (case.file.ending, case.file.closed) == ("finished", tie)


def test_what_is_raised_by_need_is_asked_while_its_stage_is_open(scored: Scored) -> None:
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


def test_a_deviation_always_leads_to_a_meeting_and_the_case_cannot_close_over_it(scored: Scored) -> None:
    for outcome in ("done", "stop"):
        case = began(scored(DEVIATION))
        done(case, "plan", START + HOUR)
        case.hear(Raised(START + 2 * HOUR, "deviation", "social_services"))
        assert ("deviation-meeting", 1) in open_tasks(case)
        done(case, "work", START + 3 * HOUR, outcome)
        assert case.file.closed is None
        done(case, "deviation-meeting", START + 4 * HOUR, "plan_stands")
        assert (case.file.ending, case.file.closed) == ("finished", START + 4 * HOUR)


def test_a_deviation_may_turn_the_case_once(scored: Scored) -> None:
    case = began(scored(DEVIATION))
    done(case, "plan", START + HOUR)
    for n in (2, 3):
        case.hear(Raised(START + n * HOUR, "deviation", "social_services"))
    one, two = case.file.of("deviation-meeting")
    first = case.hear(Told(at=START + 4 * HOUR, play=one.play, moment="held", outcome="revise_plan"))
    assert [each.stage for each in first if isinstance(each, Turn)] == ["plan"]
    second = case.hear(Told(at=START + 4 * HOUR, play=two.play, moment="held", outcome="revise_plan"))
    assert Ignored(Reason.TURNED_ALREADY) in second
    assert open_tasks(case) == [("plan", 2)]


def test_a_pathways_own_rule_answers_what_ends_badly_in_place_of_the_areas(scored: Scored) -> None:
    case = began(scored(DEVIATION.replace("plan, by: coach, s", "plan, by: coach, when: {case.want: work}, s")))
    assert "what-now" not in case.score.tasks
    case = began(scored(DEVIATION.replace("activity: work", "meeting: work").replace("done: ~, ", "")))
    done(case, "plan", START + HOUR)
    for n in (2, 3, 4):
        decisions = case.hear(case.told("work", "missed", START + n * HOUR))
    assert any(isinstance(each, Otherwise) for each in decisions)
    done(case, "deviation-meeting", START + 5 * HOUR, "revise_plan")
    assert open_tasks(case) == [("plan", 2)]


def test_the_rules_own_failure_is_answered_with_what_it_answers(scored: Scored) -> None:
    case = began(scored(DEVIATION.replace("activity: work", "meeting: work").replace("done: ~, ", "on: ~, ")))
    done(case, "plan", START + HOUR)
    for n in (2, 3, 4):
        case.hear(case.told("work", "missed", START + n * HOUR))
    for n in (5, 6, 7):
        case.hear(case.told("deviation-meeting", "missed", START + n * HOUR))
    done(case, "deviation-meeting", START + 8 * HOUR, "plan_stands")
    assert case.file.ending == "finished"


def test_an_outcome_may_come_again_later_and_not_for_ever(scored: Scored) -> None:
    score = scored("""
stages:
  - stage: visit
    tasks: [{meeting: visit, by: coach, outcomes: [idea, no_idea], again: {no_idea: 1 week}, at_most: 2}]
endings: [{ending: finished}]
""")
    case = began(score)
    done(case, "visit", START + HOUR, "no_idea")
    assert [(w.reach, w.due) for w in waits(score, case.file)] == [("again", START + HOUR + 7 * DAY)]
    case.ring(START + 8 * DAY)
    assert case.file.of("visit")[-1].n == 2
    assert Otherwise in done(case, "visit", START + 9 * DAY, "no_idea")


def test_passing_the_last_deadline_may_be_an_outcome(scored: Scored) -> None:
    score = scored("""
stages:
  - stage: offer
    tasks: [{answer: offer, by: coach, outcomes: {takes: ~, declines: end declined}, if_late: declines}]
endings: [{ending: declined}, {ending: finished}]
""")
    case = began(score)
    decided = case.ring(START + 30 * DAY)
    assert [type(each) for each in decided if isinstance(each, Missed | Recall | Settle | Close)] == [
        Missed,
        Recall,
        Settle,
        Close,
    ]
    assert case.file.ending == "declined"
    late = case.hear(case.told("offer", "given", START + HOUR, outcome="takes"))
    assert late[-1] == Ignored(Reason.CLOSED)


def test_a_task_does_not_start_before_its_time(scored: Scored) -> None:
    score = scored("""
stages:
  - {stage: one, tasks: [{meeting: a, by: coach}]}
  - stage: two
    tasks:
      - {meeting: b, by: coach, starts: the week after a.ended, due: {ended: the week after a.ended}}
      - {meeting: c, by: coach, starts: 6 months before date.programme_end}
endings: [{ending: finished}]
""")
    case = began(score)
    done(case, "a", START + HOUR)
    monday = datetime(2026, 3, 9, tzinfo=STOCKHOLM)
    assert [(w.task, w.reach, w.due) for w in waits(score, case.file)] == [("b", "starts", monday)]
    case.ring(monday + HOUR)
    (b,) = case.file.of("b")
    assert b.at == monday
    assert {d.due for d in b.deadlines if d.reach == "ended"} == {datetime(2026, 3, 14, tzinfo=STOCKHOLM)}


def test_too_old_ends_the_case(scored: Scored) -> None:
    entry = """
entry:
  receiver: labour_market_unit
  leaves: {at_age: 20, end: turned_20}
  doors: [{door: referral, by: [social_services], via: referral}]
"""
    body = SERIES.replace("endings: [", "endings: [{ending: turned_20}, ")
    case = began(scored(body, entry=entry))
    assert case.hear(Rang(START + DAY, LEAVES))[-1] == Close("turned_20", START + DAY)


def test_a_receiver_who_must_answer_first_may_accept_or_return(scored: Scored) -> None:
    entry = """
entry:
  receiver: labour_market_unit
  doors: [{door: referral, by: [social_services], via: referral}]
  answer: {by: labour_market_unit, within: 2 working days}
"""
    score = scored(SERIES, entry=entry)
    case = began(score)
    assert case.file.opened is None
    assert audience(score, case.file) == {"social_services", "labour_market_unit"}
    assert returnable(score, case.file) == "answer"
    assert case.hear(Raised(START, "extra", "labour_market_unit")) == [Early("case.opened")]
    assert Opened in done(case, "answer", START + HOUR, "accepted")
    other = began(score)
    assert other.hear(Returned(START + HOUR, "no_capacity"))[-1] == Close("returned", START + HOUR)


def test_nobody_else_hears_before_the_waiver_is_given(with_waiver: Score) -> None:
    case = began(with_waiver)
    (wait,) = waits(with_waiver, case.file)
    assert (wait.kind, wait.party) == ("consent", "social_services")
    assert audience(with_waiver, case.file) == {"social_services"}
    assert returnable(with_waiver, case.file) is None
    ask = case.file.askings[0]
    decisions = case.hear(Told(at=START + HOUR, play=ask.play, moment="granted"))
    assert [type(each) for each in decisions if isinstance(each, Opened | Ask)] == [Opened, Ask]
    assert audience(with_waiver, case.file) == {"social_services", "labour_market_unit"}
    asked = next(each for each in decisions if isinstance(each, Ask))
    assert with_waiver.parties[asked.party].organisation == "granholm"
    withdrawn = case.hear(Told(at=START + 2 * HOUR, play=ask.play, moment="withdrawn"))
    assert [type(each) for each in withdrawn if isinstance(each, Recall | Close)] == [Recall, Close]
    assert case.file.ending == "consent_withdrawn"


def test_a_refused_waiver_ends_it_and_only_the_referrer_ever_knew(with_waiver: Score) -> None:
    case = began(with_waiver)
    done(case, "waiver", START + HOUR)
    refused = began(with_waiver)
    refused.hear(refused.told("waiver", "refused", START + HOUR))
    assert (refused.file.ending, refused.file.opened) == ("not_admitted", None)
    assert audience(with_waiver, refused.file) == {"social_services"}


def test_a_private_party_hears_nothing_of_an_exercise_of_authority(scored: Scored) -> None:
    score = scored("""
stages: [{stage: one, tasks: [{meeting: a, by: coach, with: [participant, provider]}]}]
endings: [{ending: finished}]
""")
    case = began(score)
    assert "provider" in audience(score, case.file)
    assert "provider" not in audience(score, case.file, authority=True)


def test_the_file_is_the_same_after_a_round_trip_at_every_step(scored: Scored) -> None:
    case = began(scored(LOOP))
    done(case, "plan", START + HOUR)
    done(case, "talk", START + 3 * HOUR, "revise")
    assert CaseFile.from_text(case.file.to_text()) == case.file
