"""Income support, rule by rule: what is asked, where it leads, and what ends it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.calendar import STOCKHOLM
from shared.pathways import (
    Ask,
    CaseFile,
    Close,
    Early,
    Ignored,
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
    StopTimer,
    Told,
    WithdrawnBySender,
    audience,
    play,
    returnable,
    say,
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


def test_a_received_referral_opens_at_once_and_asks_for_the_interview(income_support: Score) -> None:
    case = Playing.of(income_support, MONDAY, CASE)
    decisions = case.hear(Received(MONDAY))
    assert decisions[0] == Opened(MONDAY)
    ask = next(each for each in decisions if isinstance(each, Ask))
    assert (ask.task, ask.round, ask.n, ask.kind, ask.party) == (
        "investigating-interview",
        1,
        1,
        "meeting",
        "social_services",
    )
    assert ask.due == {
        "booked": datetime(2026, 3, 4, tzinfo=STOCKHOLM),
        "ended": datetime(2026, 3, 5, tzinfo=STOCKHOLM),
    }
    assert ask.authority
    assert case.hear(Received(MONDAY)) == []


@pytest.mark.parametrize("moment", ["cancelled", "missed", "declined"])
def test_a_bad_end_is_asked_again_with_deadlines_anew(income_support: Score, moment: str) -> None:
    case = interviewed(income_support)
    case.hear(case.told("assessment-meeting", "booked", MONDAY + 3 * HOUR))
    decisions = case.hear(case.told("assessment-meeting", moment, MONDAY + 20 * HOUR))
    ask = next(each for each in decisions if isinstance(each, Ask))
    assert (ask.task, ask.n, ask.due) == (
        "assessment-meeting",
        2,
        {"booked": datetime(2026, 3, 5, tzinfo=STOCKHOLM)},
    )
    assert len({each.play for each in case.file.of("assessment-meeting")}) == 2
    assert StopTimer("due/assessment-meeting/1/1/ended") in decisions
    old = case.file.of("assessment-meeting")[0]
    late = Told(at=MONDAY + 21 * HOUR, play=old.play, moment="held")
    assert case.hear(late) == [Ignored(Reason.ENDED)]


def test_the_third_bad_end_goes_to_whoever_owned_the_deadline(income_support: Score) -> None:
    case = received(income_support)
    for n in (1, 2):
        case.hear(case.told("investigating-interview", "cancelled", MONDAY + n * HOUR))
    decisions = case.hear(case.told("investigating-interview", "cancelled", MONDAY + 3 * HOUR))
    assert any(isinstance(each, Otherwise) and each.outcome == "cancelled" for each in decisions)
    (wait,) = waits(income_support, case.file)
    assert (wait.task, wait.party, wait.due) == (
        "what-now",
        "social_services",
        datetime(2026, 3, 10, tzinfo=STOCKHOLM),
    )
    again = case.hear(case.told("what-now", "given", MONDAY + 5 * HOUR, outcome="ask_again"))
    assert any(isinstance(each, Ask) and (each.task, each.n) == ("investigating-interview", 4) for each in again)
    assert len(waits(income_support, case.file)) == 1


def test_clear_leads_to_the_three_party_meeting_and_48_hours_on_working_days(income_support: Score) -> None:
    case = mapped(income_support, "clear")
    assert [wait.task for wait in waits(income_support, case.file)] == ["three-party-meeting"]
    thursday = datetime(2026, 3, 5, 10, tzinfo=STOCKHOLM)
    case.hear(case.told("three-party-meeting", "booked", thursday - 20 * HOUR))
    decisions = case.hear(case.told("three-party-meeting", "held", thursday))
    ask = next(each for each in decisions if isinstance(each, Ask))
    assert ask.due == {"started": datetime(2026, 3, 9, 10, tzinfo=STOCKHOLM)}
    end = case.hear(case.told("first-activity", "started", thursday + 90 * HOUR))
    assert end[-1] == Close("activity_started", thursday + 90 * HOUR)
    assert not case.file.timers


def test_unclear_leads_to_the_investigation_instead(income_support: Score) -> None:
    case = mapped(income_support, "unclear")
    assert [wait.task for wait in waits(income_support, case.file)] == ["capacity-investigation"]
    decisions = case.hear(case.told("capacity-investigation", "completed", MONDAY + 500 * HOUR))
    assert [each.stage for each in decisions if isinstance(each, Skip)] == ["three-party", "activity"]
    assert case.file.ending == "investigated"


def test_a_finding_must_be_one_that_is_declared(income_support: Score) -> None:
    for findings in ({}, {"work_capacity": "maybe"}, {"work_capacity": "clear", "other": "clear"}):
        case = interviewed(income_support)
        case.hear(case.told("assessment-meeting", "held", MONDAY + 3 * HOUR))
        fact = case.told("mapping", "completed", MONDAY + 4 * HOUR, findings=findings)
        assert case.hear(fact) == [Ignored(Reason.NOT_DECLARED)]


def test_an_outcome_or_moment_nobody_declared_settles_nothing(income_support: Score) -> None:
    case = received(income_support)
    wrong = case.told("investigating-interview", "held", MONDAY + HOUR, outcome="returned")
    assert case.hear(wrong) == [Ignored(Reason.NOT_DECLARED)]
    assert case.hear(replace(wrong, moment="completed", outcome=None)) == [Ignored(Reason.NOT_DECLARED)]


def test_an_activity_that_ends_before_it_starts_goes_to_a_desk(income_support: Score) -> None:
    case = mapped(income_support, "clear")
    case.hear(case.told("three-party-meeting", "held", MONDAY + 30 * HOUR))
    decisions = case.hear(case.told("first-activity", "ended", MONDAY + 31 * HOUR))
    assert any(isinstance(each, Otherwise) and each.task == "first-activity" for each in decisions)
    assert waits(income_support, case.file)[0].task == "what-now"


def test_the_receiver_may_return_until_the_assessment_meeting_is_booked(income_support: Score) -> None:
    back = Returned(MONDAY + 4 * HOUR, "no_capacity")
    at_once = received(income_support)
    assert returnable(income_support, at_once.file) == "assessment-meeting"
    assert at_once.hear(back)[-1] == Close("returned", back.at)
    asked = interviewed(income_support)
    decisions = asked.hear(back)
    assert [each.task for each in decisions if isinstance(each, Recall | Settle)] == ["assessment-meeting"] * 2
    assert (asked.file.ending, asked.file.returned) == ("returned", "no_capacity")
    booked = interviewed(income_support)
    booked.hear(booked.told("assessment-meeting", "booked", MONDAY + 3 * HOUR))
    assert booked.hear(back) == [Ignored(Reason.BEGUN)]
    booked.hear(booked.told("assessment-meeting", "cancelled", MONDAY + 5 * HOUR))
    assert booked.hear(replace(back, at=MONDAY + 6 * HOUR)) == [Ignored(Reason.BEGUN)]


def test_a_return_gives_a_declared_reason(income_support: Score) -> None:
    case = received(income_support)
    assert case.hear(Returned(MONDAY + HOUR, "because")) == [Ignored(Reason.NOT_DECLARED)]
    assert not case.file.closed


def test_the_sender_may_withdraw_and_what_has_not_begun_is_taken_back(income_support: Score) -> None:
    case = received(income_support)
    decisions = case.hear(WithdrawnBySender(MONDAY + HOUR))
    assert [each.task for each in decisions if isinstance(each, Recall)] == ["investigating-interview"]
    assert decisions[-1] == Close("withdrawn", MONDAY + HOUR)
    assert case.hear(WithdrawnBySender(MONDAY + 2 * HOUR)) == [Ignored(Reason.CLOSED)]


def test_what_has_begun_outlives_the_closing(income_support: Score) -> None:
    case = mapped(income_support, "unclear")
    case.hear(case.told("capacity-investigation", "opened", MONDAY + 30 * HOUR))
    decisions = case.hear(WithdrawnBySender(MONDAY + 40 * HOUR))
    assert not any(isinstance(each, Recall) for each in decisions)
    fact = case.told("capacity-investigation", "completed", MONDAY + 41 * HOUR)
    assert case.hear(fact) == [Ignored(Reason.CLOSED)]


def test_a_fact_of_an_asking_not_yet_here_waits(income_support: Score) -> None:
    case, other = received(income_support), interviewed(income_support)
    fact = other.told("assessment-meeting", "booked", MONDAY + 3 * HOUR)
    assert case.hear(fact) == [Early("asking")]
    assert case.hear(Raised(MONDAY + HOUR, "nothing", "social_services")) == [Ignored(Reason.NOT_OPEN)]


def test_the_sentence_is_true_in_both_languages(income_support: Score) -> None:
    case = interviewed(income_support)
    english, swedish = say(income_support, case.file, "en"), say(income_support, case.file, "sv")
    assert english == "The case waits for Social services: Assessment meeting, booked, due 2026-03-03 24:00."
    assert swedish == "Ärendet väntar på Socialtjänsten: Kartläggningssamtal, bokat, senast 2026-03-03 24:00."
    case.hear(WithdrawnBySender(MONDAY + 3 * HOUR))
    assert say(income_support, case.file, "en") == "The case is closed: Withdrawn by the referrer."


def test_only_who_has_a_part_in_an_opened_stage_hears(income_support: Score) -> None:
    case = Playing.of(income_support, MONDAY, CASE)
    assert audience(income_support, case.file) == {"social_services"}
    case.hear(Received(MONDAY))
    assert audience(income_support, case.file) == {"social_services", "labour_market_unit"}


def test_the_same_story_gives_the_same_decisions_and_survives_as_text(income_support: Score) -> None:
    case = Playing.of(income_support, MONDAY, CASE)
    pinned = Score.from_text(income_support.to_text())
    file = CaseFile.from_text(case.file.to_text())
    for happening in (
        Received(MONDAY),
        Told(at=MONDAY + HOUR, play=interviewed(pinned).file.askings[0].play, moment="booked"),
        Rang(MONDAY + 80 * HOUR, "due/investigating-interview/1/1/ended"),
    ):
        decisions, file = play(pinned, CaseFile.from_text(file.to_text()), happening)
        assert decisions == case.hear(happening)
        assert file == case.file
