"""The resolved text is pinned as it is: canonical, hashed, and the same however it was written."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator, validate
from jsonschema import ValidationError as SchemaError
from pydantic import ValidationError

from shared.pathways import Score, resolve
from shared.pathways.draw import mermaid
from shared.pathways.schema import schema, to_text

DEPLOYED = Path(__file__).parents[3] / "deploy" / "pathways"
SCENARIOS = Path(__file__).parents[2] / "scenarios" / "pathways"
WRITTEN = sorted([*DEPLOYED.glob("*.yaml"), *DEPLOYED.glob("*/*.yaml"), *SCENARIOS.glob("*/*.yaml")])


def test_the_text_gives_the_same_score_the_same_text_and_the_hash_of_its_bytes(income_support: Score) -> None:
    text = income_support.to_text()
    again = Score.from_text(text)
    assert (again, again.to_text()) == (income_support, text)
    assert again.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":")) == text


def test_a_score_is_immutable_and_closed(income_support: Score) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        income_support.version = 2
    data = json.loads(income_support.to_text()) | {"colour": "blue"}
    with pytest.raises(ValidationError, match="colour"):
        Score.model_validate(data)


def test_another_deadline_is_another_hash(income_support: Score) -> None:
    text = income_support.to_text()
    assert text.count("24 hours after booked") == 2
    assert Score.from_text(text.replace("24 hours", "24 days")).sha256 != income_support.sha256


def test_areas_are_folded_in_and_the_nearest_wins(income_support: Score, with_waiver: Score) -> None:
    assert income_support.home == "bengtsfors"
    unit = income_support.parties["labour_market_unit"]
    assert (unit.organisation, unit.unit, unit.title and unit.title.en) == (
        "bengtsfors",
        "labour_market_unit",
        "Work and integration",
    )
    assert income_support.parties["af"].organisation == "af"
    assert income_support.parties["provider"].private
    assert with_waiver.home == "norrby"
    assert {party: with_waiver.parties[party].organisation for party in with_waiver.tasks["waiver"].between} == {
        "social_services": "norrby",
        "labour_market_unit": "granholm",
    }


def test_defaults_stand_where_a_task_says_nothing(scored: Callable[..., Score]) -> None:
    score = scored("""
stages: [{stage: one, tasks: [{meeting: a, by: coach, due: {ended: 2 weeks after opened}}]}]
endings: [{ending: finished}]
""")
    task = score.tasks["a"]
    assert task.due == {"booked": "5 working days after opened", "ended": "2 weeks after opened"}
    assert task.outcomes == {"held": None}


def test_a_rule_is_mixed_in_with_the_pathways_settings(scored: Callable[..., Score]) -> None:
    score = scored("""
uses: [deviation]
settings: {plan_owner: coach, plan_stage: one}
stages: [{stage: one, tasks: [{plan: p, by: coach, signed_by: [coach]}]}]
endings: [{ending: finished}]
""")
    meeting = score.tasks["deviation-meeting"]
    assert (meeting.by, meeting.outcomes["revise_plan"]) == ("coach", "back to one")


def test_who_may_come_in(income_support: Score) -> None:
    entry = income_support.entry
    assert [entry.admits(age) for age in (17, 18, 64, 65)] == [False, True, True, False]
    assert entry.attests == ("entitled_to_income_support", "no_other_activity")
    assert [(door.name, door.by) for door in entry.doors] == [("application", ("social_services",))]
    assert "wrong_receiver" in entry.return_reasons
    assert income_support.word("activity_started", "sv") == "Sysselsättningen har börjat"


def test_the_published_schema_is_current() -> None:
    published = (DEPLOYED / "schema.json").read_text(encoding="utf-8")
    assert published == to_text(), "run python -m shared.pathways.schema > deploy/pathways/schema.json"


def test_the_schema_is_one_and_every_definition_follows_it() -> None:
    Draft202012Validator.check_schema(schema())
    assert len(WRITTEN) >= 5
    for file in WRITTEN:
        validate(yaml.safe_load(file.read_text()), schema(), Draft202012Validator)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("by: secretary", "colour: blue"),
        ("- assessment: mapping", "- survey: mapping"),
        ("finds: {work", "waiver: true\n        finds: {work"),
        ("outcomes: {held: ~, returned: end returned}", "outcomes: {held: return}"),
    ],
)
def test_the_schema_refuses_what_the_grammar_does_not_know(old: str, new: str) -> None:
    text = (DEPLOYED / "bengtsfors" / "income-support.yaml").read_text()
    assert old in text
    with pytest.raises(SchemaError):
        validate(yaml.safe_load(text.replace(old, new, 1)), schema(), Draft202012Validator)


def test_the_drawing_shows_every_step_branch_and_deadline(income_support: Score) -> None:
    drawn = mermaid(income_support, "en")
    for line in (
        "stage_assessment -->|work capacity: unclear| stage_capacity",
        "stage_assessment -->|work capacity: clear| stage_three_party",
        "stage_three_party --> stage_activity",
        "stage_capacity --> end_investigated",
        "task_assessment_meeting -.->|Returned by the receiver| end_returned",
        "stage_activity --> end_activity_started",
    ):
        assert f"  {line}\n" in drawn
    assert drawn.count("-->") == 7 + 1
    assert "started: 48 hours on working days after three-party-meeting.ended" in drawn
    assert resolve(DEPLOYED, income_support.name) == income_support


def test_the_drawing_has_every_way_there_is_and_no_other(scored: Callable[..., Score]) -> None:
    score = scored("""
stages:
  - {stage: assess, tasks: [{assessment: a, by: coach, finds: {near: [far, under_way, close]}}]}
  - {stage: deeper, when: {a.near: far}, tasks: [{assessment: b, by: coach}]}
  - stage: work
    when: {a.near: [close, far]}
    tasks: [{activity: c, by: coach, outcomes: {hired: end hired, studies: end studies}}]
endings: [{ending: hired}, {ending: studies}, {ending: assessed}]
""")
    drawn = [line.strip() for line in mermaid(score).splitlines() if "->" in line]
    assert drawn == [
        "start --> stage_assess",
        "stage_assess -->|near: far| stage_deeper",
        "stage_assess -->|near: close| stage_work",
        "stage_deeper --> stage_work",
        "task_c -.->|hired| end_hired",
        "task_c -.->|studies| end_studies",
        "stage_assess -->|near: under_way| end_assessed",
    ]


def test_a_bad_end_goes_on_only_where_something_answers_it_so(scored: Callable[..., Score]) -> None:
    body = """
stages:
  - {stage: one, tasks: [{meeting: talk, by: coach, outcomes: {held: ~, stop: end stopped}}]}
  - {stage: two, when: {talk: held}, tasks: [{activity: a, by: coach}]}
endings: [{ending: stopped}, {ending: finished}]
"""
    assert "stage_one --> stage_two\n" in mermaid(scored(body))
    rule = "always: [{answer: shrug, after_each: otherwise, by: coach, outcomes: {so_be_it: ~}}]"
    drawn = mermaid(scored(body + rule))
    assert "  stage_one -->|talk: held| stage_two\n" in drawn
    assert "  stage_one -->|talk: did not come / cancelled / declined| end_finished\n" in drawn


def test_a_consent_withdrawn_is_drawn(with_waiver: Score) -> None:
    assert "  task_waiver -.->|withdrawn| end_consent_withdrawn\n" in mermaid(with_waiver, "en")
    assert "  task_waiver -.->|återkallat| end_consent_withdrawn\n" in mermaid(with_waiver, "sv")
