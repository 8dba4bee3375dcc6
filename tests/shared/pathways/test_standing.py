"""What stands in an area and what its pathways make of it: standing groups, interpreters, roles, what is only noted."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.calendar import STOCKHOLM
from shared.pathways import Ask, Moved, PathwayError, Score, Seat, Turn, audience, resolve, say, waits
from shared.pathways.fold import fold
from shared.pathways.simulate import Playing

DEPLOYED = Path(__file__).parents[3] / "deploy" / "pathways"
Write = Callable[..., Path]
Began = Callable[..., Playing]
START = datetime(2026, 3, 2, 9, tzinfo=STOCKHOLM)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

AREA = """
area: try
title: {sv: Prov, en: Trial}
organisation: home
parties:
  social_services: {organisation: home}
  labour_market_unit: {organisation: home}
  interpreter_agency: {organisation: first}
  second_interpreter_agency: {organisation: second}
groups:
  weekly: {title: {sv: Grupp, en: Group}, members: [labour_market_unit, af], every: 1 week}
interpreters: {providers: [second_interpreter_agency, interpreter_agency], lead: 3 working days}
"""
BODY = """
interpreter: booker
stages:
  - {stage: talk, tasks: [{meeting: talk, by: social_services, with: [participant, coach]}]}
  - {stage: plan, tasks: [{together: [{plan: plan, by: coach, signed_by: [participant, coach]}, {role: coach}]}]}
  - stage: work
    tasks: [{activity: work, by: coach}]
    meanwhile: [{agenda: follow-up, group: weekly, by: coach, every: 1 week, outcomes: [goes_on, again]}]
always:
  - {meeting: extra, by: coach, after_each: follow-up, after_outcome: again, outcomes: {held: ~, redo: back to plan}}
endings: [{ending: finished}]
"""


@pytest.fixture
def score(write: Write) -> Score:
    return fold([write(BODY, area=AREA), DEPLOYED], "try/it").score


@pytest.fixture
def working(score: Score, began: Began) -> Playing:
    """The talk is held, the plan agreed, the coach assigned, the work begun; a week has gone."""
    case = began(score)
    case.settle("talk", START + HOUR)
    case.settle("plan", START + 2 * HOUR)
    case.settle("coach", START + 3 * HOUR)
    case.ring(START + 8 * DAY)
    return case


def asks(decisions: Sequence[object]) -> list[Ask]:
    return [each for each in decisions if isinstance(each, Ask)]


def test_a_score_holds_what_stands_in_its_area_and_nothing_without_providers(write: Write, score: Score) -> None:
    found = score.interpreters
    assert (found.providers, found.lead) == (("second_interpreter_agency", "interpreter_agency"), "3 working days")
    assert found.answer_within == "4 hours on working days"
    assert score.word("weekly", "sv") == "Grupp"
    without = fold([write(BODY, area=AREA.partition("interpreters:")[0]), DEPLOYED], "try/it")
    assert "interpreters" not in without.score.to_text()


def test_who_books_orders_the_interpreter_and_no_agency_is_told_of_the_case(score: Score, began: Began) -> None:
    case = began(score)
    (talk,) = asks([each for _, decisions in case.story for each in decisions])
    assert (talk.party, talk.interpreter) == ("social_services", "social_services")
    by_receiver = score.model_copy(update={"interpreter": "receiver"})
    (talk,) = asks([each for _, decisions in began(by_receiver).story for each in decisions])
    assert talk.interpreter == "labour_market_unit"
    assert not audience(score, case.file) & {"interpreter_agency", "second_interpreter_agency"}
    alone = score.model_copy(update={"interpreters": type(score.interpreters)()})
    (talk,) = asks([each for _, decisions in began(alone).story for each in decisions])
    assert talk.interpreter is None


def test_what_is_noted_moves_no_deadline_and_stands_until_the_next_word(score: Score, began: Began) -> None:
    case = began(score)
    case.hear(case.told("talk", "booked", START + HOUR))
    before = [deadline for _, deadline in case.file.deadlines]
    decided = case.hear(case.told("talk", "unready", START + DAY))
    assert [type(each) for each in decided] == [Moved]
    assert [deadline for _, deadline in case.file.deadlines] == before
    (wait,) = waits(score, case.file)
    assert (wait.reach, wait.noted) == ("ended", "unready")
    assert say(score, case.file, "sv").endswith(" Senast: tolk är inte bekräftad.")
    case.hear(case.told("talk", "booked", START + DAY + HOUR))
    (wait,) = waits(score, case.file)
    assert wait.noted is None
    assert case.file.of("talk")[0].moments["booked"] == START + HOUR


def test_a_case_stands_on_the_agenda_each_week_and_the_members_have_a_seat(score: Score, working: Playing) -> None:
    (item,) = [each for each in asks([d for _, told in working.story for d in told]) if each.kind == "agenda"]
    assert (item.group, item.every, item.outcomes) == ("weekly", "1 week", ("goes_on", "again"))
    assert item.seats == (Seat("labour_market_unit", "labour_market_unit"), Seat("af", "af"))
    assert "af" in audience(score, working.file)
    working.hear(working.told("follow-up", "listed", START + 8 * DAY))
    working.hear(working.told("follow-up", "carried_over", START + 9 * DAY))
    assert working.file.of("follow-up")[0].state == "open"
    assert asks(working.settle("follow-up", START + 10 * DAY, "goes_on")) == []
    working.ring(START + 15 * DAY)
    assert len(working.file.of("follow-up")) == 2
    (extra,) = asks(working.settle("follow-up", START + 16 * DAY, "again"))
    assert extra.task == "extra"


def test_a_stage_that_is_gone_back_to_begins_when_it_is(working: Playing) -> None:
    working.settle("follow-up", START + 9 * DAY, "again")
    decided = working.settle("extra", START + 10 * DAY, "redo")
    assert [each.stage for each in decided if isinstance(each, Turn)] == ["plan"]
    assert {each.task: each.at for each in asks(decided)} == dict.fromkeys(("plan", "coach"), START + 10 * DAY)


def test_the_stage_after_waits_for_the_role_too(score: Score, began: Began) -> None:
    case = began(score)
    case.settle("talk", START + HOUR)
    case.settle("plan", START + 2 * HOUR)
    assert [wait.task for wait in waits(score, case.file)] == ["coach"]
    assert [each.task for each in asks(case.settle("coach", START + 3 * HOUR))] == ["work"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("group: weekly", "group: weakly", "There is no standing group 'weakly'. Did you mean 'weekly'?"),
        ("group: weekly, ", "", "It is not said whose agenda it is."),
        ("{role: coach}", "{role: coatch}", "There is no role 'coatch'. Did you mean 'coach'?"),
    ],
)
def test_a_group_or_role_that_is_not_there_is_refused(write: Write, old: str, new: str, told: str) -> None:
    root = write(BODY.replace(old, new, 1), area=AREA)
    with pytest.raises(PathwayError) as refused:
        resolve([root, DEPLOYED], "try/it")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "unit, af]",
            "unit, aff]",
            "area.yaml:11: There is no party 'aff'. Did you mean 'af'? Name one of the area's.",
        ),
        ("unit, af]", "unit, kaa_unit]", "area.yaml:11: The party 'kaa_unit' belongs to no organisation. Bind it"),
        ("[second_", "[third_", "area.yaml:12: There is no party 'third_interpreter_agency'. Did you mean"),
        ("  interpreter_agency: {organisation: first}\n", "", "The party 'interpreter_agency' belongs to no organis"),
    ],
)
def test_members_and_providers_are_parties_that_belong_somewhere(write: Write, old: str, new: str, told: str) -> None:
    assert AREA.count(old) == 1
    root = write(BODY, area=AREA.replace(old, new))
    with pytest.raises(PathwayError) as refused:
        resolve([root, DEPLOYED], "try/it")
    assert told in str(refused.value)
