"""The grammar beyond one process: needs, answers, starts, what comes again, what is late."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.calendar import STOCKHOLM
from shared.pathways import (
    LEAVES,
    Ask,
    Close,
    Decision,
    Early,
    Ignored,
    Missed,
    Opened,
    Otherwise,
    Raised,
    Rang,
    Reason,
    Recall,
    Returned,
    Score,
    Settle,
    Told,
    audience,
    returnable,
    waits,
)
from shared.pathways.simulate import Playing

Scored = Callable[..., Score]
Began = Callable[..., Playing]
START = datetime(2026, 3, 2, 9, tzinfo=STOCKHOLM)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def kinds(decisions: list[Decision]) -> list[type]:
    return [type(each) for each in decisions]


SERIES = """
stages:
  - stage: support
    tasks: [{activity: support, by: coach, lasts: 3 months}]
    meanwhile: [{meeting: follow-up, by: coach, every: 1 month}]
    by_need: [{meeting: extra, by: coach}]
endings: [{ending: finished}]
"""


def test_an_outcome_may_come_again_later_and_not_for_ever(scored: Scored, began: Began) -> None:
    score = scored("""
stages:
  - stage: visit
    tasks: [{meeting: visit, by: coach, outcomes: [idea, no_idea], again: {no_idea: 1 week}, at_most: 2}]
endings: [{ending: finished}]
""")
    case = began(score)
    case.settle("visit", START + HOUR, "no_idea")
    assert [(w.reach, w.due) for w in waits(score, case.file)] == [("again", START + HOUR + 7 * DAY)]
    case.ring(START + 8 * DAY)
    assert case.file.of("visit")[-1].n == 2
    assert Otherwise in kinds(case.settle("visit", START + 9 * DAY, "no_idea"))


def test_passing_the_last_deadline_may_be_an_outcome(scored: Scored, began: Began) -> None:
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


def test_a_task_does_not_start_before_its_time(scored: Scored, began: Began) -> None:
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
    case.settle("a", START + HOUR)
    monday = datetime(2026, 3, 9, tzinfo=STOCKHOLM)
    assert [(w.task, w.reach, w.due) for w in waits(score, case.file)] == [("b", "starts", monday)]
    case.ring(monday + HOUR)
    (b,) = case.file.of("b")
    assert b.at == monday
    assert {d.due for d in b.deadlines if d.reach == "ended"} == {datetime(2026, 3, 14, tzinfo=STOCKHOLM)}


def test_too_old_ends_the_case(scored: Scored, began: Began) -> None:
    entry = """
entry:
  receiver: labour_market_unit
  leaves: {at_age: 20, end: turned_20}
  doors: [{door: referral, by: [social_services], via: referral}]
"""
    body = SERIES.replace("endings: [", "endings: [{ending: turned_20}, ")
    case = began(scored(body, entry=entry))
    assert case.hear(Rang(START + DAY, LEAVES))[-1] == Close("turned_20", START + DAY)


def test_a_receiver_who_must_answer_first_may_accept_or_return(scored: Scored, began: Began) -> None:
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
    assert Opened in kinds(case.settle("answer", START + HOUR, "accepted"))
    other = began(score)
    assert other.hear(Returned(START + HOUR, "no_capacity"))[-1] == Close("returned", START + HOUR)


def test_nobody_else_hears_before_the_waiver_is_given(with_waiver: Score, began: Began) -> None:
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


def test_a_refused_waiver_ends_it_and_only_the_referrer_ever_knew(with_waiver: Score, began: Began) -> None:
    case = began(with_waiver)
    case.settle("waiver", START + HOUR)
    refused = began(with_waiver)
    refused.hear(refused.told("waiver", "refused", START + HOUR))
    assert (refused.file.ending, refused.file.opened) == ("not_admitted", None)
    assert audience(with_waiver, refused.file) == {"social_services"}


def test_a_private_party_hears_nothing_of_an_exercise_of_authority(scored: Scored, began: Began) -> None:
    score = scored("""
stages: [{stage: one, tasks: [{meeting: a, by: coach, with: [participant, provider]}]}]
endings: [{ending: finished}]
""")
    case = began(score)
    assert "provider" in audience(score, case.file)
    assert "provider" not in audience(score, case.file, authority=True)


def test_a_rebooking_moves_nothing_that_counts_from_the_booking(scored: Scored, began: Began) -> None:
    score = scored("""
stages:
  - {stage: one, tasks: [{meeting: a, by: coach}]}
  - {stage: two, tasks: [{meeting: b, by: coach, due: {ended: 2 weeks after a.booked}}]}
endings: [{ending: finished}]
""")
    case = began(score)
    for n in (1, 2):
        case.hear(case.told("a", "booked", START + n * DAY))
    case.settle("a", START + 3 * DAY)
    assert START + 15 * DAY in {each.due for asking, each in case.file.deadlines if asking.task == "b"}


def test_an_activity_that_is_extended_has_not_therefore_started(scored: Scored, began: Began) -> None:
    case = began(scored(SERIES))
    case.hear(case.told("support", "extended", START + HOUR))
    assert [(wait.task, wait.reach) for wait in waits(case.score, case.file)] == [("support", "started")]


def test_a_timer_of_what_has_since_been_met_decides_nothing(scored: Scored, began: Began) -> None:
    case = began(scored(SERIES))
    key = "due/support/1/1/started"
    case.hear(case.told("support", "started", START + HOUR))
    assert case.hear(Rang(START + 60 * DAY, key)) == [Ignored(Reason.STALE_TIMER)]
