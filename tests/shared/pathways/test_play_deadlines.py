"""Deadlines by the time in the fact: met, missed, learnt late, and never moved."""

from datetime import datetime, timedelta

from shared.calendar import STOCKHOLM
from shared.pathways import (
    Ignored,
    Met,
    Missed,
    Moved,
    Otherwise,
    Rang,
    Reason,
    Received,
    Score,
    StartTimer,
    Told,
    WithdrawnBySender,
    waits,
)
from shared.pathways.simulate import Playing

MONDAY = datetime(2026, 3, 2, 9, tzinfo=STOCKHOLM)
HOUR = timedelta(hours=1)
CASE = {"door": "application", "referrer": "social_services"}


def received(score: Score) -> Playing:
    case = Playing.of(score, MONDAY, CASE)
    case.hear(Received(MONDAY))
    return case


def interviewed(score: Score) -> Playing:
    case = received(score)
    case.hear(case.told("investigating-interview", "booked", MONDAY + HOUR))
    case.hear(case.told("investigating-interview", "held", MONDAY + 2 * HOUR))
    return case


def mapped(score: Score, work_capacity: str) -> Playing:
    case = interviewed(score)
    case.hear(case.told("assessment-meeting", "booked", MONDAY + 3 * HOUR))
    case.hear(case.told("assessment-meeting", "held", MONDAY + 24 * HOUR))
    case.hear(case.told("mapping", "completed", MONDAY + 25 * HOUR, findings={"work_capacity": work_capacity}))
    return case


def test_the_24_hours_count_from_the_first_booking_whatever_is_booked_later(income_support: Score) -> None:
    case = interviewed(income_support)
    booked = MONDAY + 3 * HOUR
    decisions = case.hear(case.told("assessment-meeting", "booked", booked))
    assert StartTimer("due/assessment-meeting/1/1/ended", booked + 24 * HOUR) in decisions
    again = case.hear(case.told("assessment-meeting", "booked", booked + 5 * HOUR))
    assert [type(each) for each in again] == [Moved]
    assert waits(income_support, case.file)[0].due == booked + 24 * HOUR


def test_the_same_fact_twice_is_ignored(income_support: Score) -> None:
    case = received(income_support)
    fact = case.told("investigating-interview", "booked", MONDAY + HOUR)
    case.hear(fact)
    before = case.file
    assert case.hear(fact) == [Ignored(Reason.DUPLICATE)]
    assert case.file == before


def test_a_deadline_that_passes_is_told_once_and_shown(income_support: Score) -> None:
    case = received(income_support)
    key, due = "due/investigating-interview/1/1/booked", datetime(2026, 3, 4, tzinfo=STOCKHOLM)
    decisions = case.hear(Rang(due + HOUR, key))
    assert [each for each in decisions if isinstance(each, Missed)] == [
        Missed(
            task="investigating-interview",
            round=1,
            play=case.file.of("investigating-interview")[0].play,
            reach="booked",
            due=due,
            owner="social_services",
        )
    ]
    assert case.hear(Rang(due + HOUR, key)) == [Ignored(Reason.STALE_TIMER)]
    assert waits(income_support, case.file)[0].missed


def test_a_timer_that_rings_before_its_instant_decides_nothing(income_support: Score) -> None:
    case = received(income_support)
    before = case.file
    early = Rang(MONDAY, "due/investigating-interview/1/1/booked")
    assert case.hear(early) == [Ignored(Reason.STALE_TIMER)]
    assert case.file == before


def test_a_fact_in_time_learnt_after_the_miss_counts_as_met(income_support: Score) -> None:
    case = received(income_support)
    case.ring(datetime(2026, 3, 4, 10, tzinfo=STOCKHOLM))
    decisions = case.hear(case.told("investigating-interview", "booked", MONDAY + HOUR))
    (met,) = [each for each in decisions if isinstance(each, Met)]
    assert (met.reach, met.learnt_late, met.at) == ("booked", True, MONDAY + HOUR)


def test_a_fact_after_its_instant_is_a_miss_though_no_timer_rang(income_support: Score) -> None:
    case = received(income_support)
    late = datetime(2026, 3, 4, 0, 1, tzinfo=STOCKHOLM)
    decisions = case.hear(case.told("investigating-interview", "booked", late))
    assert [each.reach for each in decisions if isinstance(each, Missed)] == ["booked"]
    assert not any(isinstance(each, Met) for each in decisions)


def test_a_meeting_held_was_booked(income_support: Score) -> None:
    case = interviewed(income_support)
    decisions = case.hear(case.told("assessment-meeting", "held", MONDAY + 4 * HOUR))
    assert [each.reach for each in decisions if isinstance(each, Met)] == ["booked"]


def test_a_deadline_met_in_time_but_learnt_after_the_case_moved_on(income_support: Score) -> None:
    case = mapped(income_support, "clear")
    case.ring(MONDAY + 90 * HOUR)
    play_id = case.file.of("three-party-meeting")[0].play
    case.hear(WithdrawnBySender(MONDAY + 91 * HOUR))
    decisions = case.hear(Told(at=MONDAY + 26 * HOUR, play=play_id, moment="booked"))
    assert [type(each) for each in decisions] == [Met, Ignored]
    assert decisions[-1] == Ignored(Reason.CLOSED)


def test_silence_goes_to_a_desk_only_when_nothing_is_within_its_time(income_support: Score) -> None:
    case = mapped(income_support, "unclear")  # three months are given
    decided = case.ring(MONDAY + timedelta(weeks=13))
    assert not any(isinstance(each, Otherwise) for each in decided)
    decided = case.ring(MONDAY + timedelta(weeks=24))
    assert [each.outcome for each in decided if isinstance(each, Otherwise)] == ["silence"]
    assert {wait.task for wait in waits(income_support, case.file)} == {"capacity-investigation", "what-now"}
