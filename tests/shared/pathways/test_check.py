"""Broken definitions are refused, each with its line and what to do; what is deployed is not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.pathways import PathwayError, Score, check, resolve
from shared.pathways.fold import fold
from shared.pathways.resolve import walked

DEPLOYED = Path(__file__).parents[3] / "deploy" / "pathways"
SCENARIOS = Path(__file__).parents[2] / "scenarios" / "pathways"
AREA = (DEPLOYED / "bengtsfors" / "area.yaml").read_text()
INCOME_SUPPORT = (DEPLOYED / "bengtsfors" / "income-support.yaml").read_text()

MAPPING = "finds: {work_capacity: [clear, unclear]}"
BROKEN = {
    "a key that is not in the grammar": (MAPPING, f"{MAPPING}\n        colour: blue", "'colour' is not a key"),
    "a key of another kind": (MAPPING, f"{MAPPING}\n        waiver: true", "not for this kind"),
    "no kind": ("- assessment: mapping", "- survey: mapping", "A task begins with one kind"),
    "two kinds": ("- assessment: mapping", "- assessment: mapping\n        plan: mapping", "begins with one kind"),
    "a missing title": ("title: {sv: Kartläggning, en: Mapping}\n", "\n", "'mapping' has no words"),
    "a title in one language": ("{sv: Kartläggning, en: Mapping}", "{sv: Kartläggning}", "'en' is missing"),
    "a finding without words": ("  unclear: {sv: oklar, en: unclear}\n", "", "'unclear' has no words"),
    "a role that nobody holds": (
        "by: secretary\n        finds",
        "by: clerk\n        finds",
        "no role or party 'clerk'",
    ),
    "a participant who is nobody": (
        "with: [participant, secretary]",
        "with: [participant, friend]",
        "'friend' for 'with'",
    ),
    "a role of an unknown party": ("{party: social_services}", "{party: social_office}", "no party 'social_office'"),
    "a receiver that is no party": ("receiver: labour_market_unit", "receiver: ame", "There is no party 'ame'"),
    "a door for nobody": ("by: [social_services], via", "by: [socialen], via", "no party 'socialen'"),
    "an ending that is not there": ("returned: end returned", "returned: end sent_back", "'sent_back', which is not"),
    "a stage that is not there": ("{held: ~, returned", "{held: back to start, returned", "'start', which is not"),
    "a turn forward": ("{held: ~, returned", "{held: ~, on_it: back to activity, returned", "does not lie before"),
    "every outcome goes round": ("{held: ~, returned: end returned}", "{held: back to interview}", "goes round again"),
    "ask again where nothing failed": ("{held: ~, returned", "{held: ask again, returned", "Nothing has failed"),
    "a value never taken": ("{mapping.work_capacity: unclear}", "{mapping.work_capacity: dim}", "never 'dim'"),
    "a finding never made": ("{mapping.work_capacity: unclear}", "{mapping.strength: unclear}", "not known by then"),
    "a condition on what lies after": (
        "when: {mapping.work_capacity: unclear}",
        "when: {first-activity: started}",
        "'first-activity' is not known by then",
    ),
    "a condition on what nobody is asked": (
        "{mapping.work_capacity: unclear}",
        "{case.colour: blue}",
        "'case.colour' is not known",
    ),
    "a condition on an outcome that ends the case": (
        "{mapping.work_capacity: unclear}",
        "{assessment-meeting: returned}",
        "never 'returned'",
    ),
    "no time at all": (
        "{booked: 1 working day after opened, ended: 24 hours after booked}",
        "{ended: soon}",
        "'soon' is not a time",
    ),
    "nought days": ("{ended: 3 months after opened}", "{ended: 0 months after opened}", "'0 months' is not a length"),
    "a deadline from nowhere": ("ended: 24 hours after booked", "ended: 24 hours after held", "does not come before"),
    "a reach never heard": (
        "{ended: 3 months after opened}",
        "{booked: 3 months after opened}",
        "'booked' is never heard",
    ),
    "an anchor in no task": ("after three-party-meeting.ended", "after the-meeting.ended", "no task 'the-meeting'"),
    "an anchor never heard": ("after three-party-meeting.ended", "after three-party-meeting.signed", "never heard"),
    "an anchor that may be skipped": (
        "{started: 48 hours on working days after three-party-meeting.ended}",
        "{started: 48 hours on working days after capacity-investigation.ended}",
        "may have been skipped",
    ),
    "an anchor that nobody gives": ("after three-party-meeting.ended", "after date.end", "No date 'end'"),
    "a planned end of what has no length": ("after three-party-meeting.ended", "after mapping.planned_end", "how long"),
    "two tasks of one name": ("assessment: capacity-investigation", "assessment: mapping", "2 of task 'mapping'"),
    "two stages of one name": ("stage: three-party\n", "stage: capacity\n", "2 of stage 'capacity'"),
    "after what lies below": ("stage: capacity\n", "stage: capacity\n    after: [activity]\n", "does not lie before"),
    "a stage without tasks": (
        "stages:\n",
        "stages:\n  - {stage: pause, title: {sv: Paus, en: Pause}, tasks: []}\n",
        "never ends",
    ),
    "a last ending with a condition": (
        "title: {sv: Sysselsättningen har börjat, en: Activity started}",
        "title: {sv: Sysselsättningen har börjat, en: Activity started}\n    when: {first-activity: started}",
        "The last ending has a condition",
    ),
    "an ending nothing leads to": ("    when: {capacity-investigation: completed}\n", "", "Nothing leads to"),
    "an outcome of being late that is none": (MAPPING, f"{MAPPING}\n        if_late: lost", "'lost' is not an outcome"),
    "a rule that is not there": ("rows: [P11]", "rows: [P11]\nuses: [kindness]", "no rule 'kindness'"),
    "the wrong name": ("pathway: bengtsfors/income-support", "pathway: bengtsfors/support", "not that of its file"),
    "the same key twice": ("version: 1", "version: 1\nversion: 2", "'version' stands twice"),
    "a bare no": (
        "unclear: {sv: oklar, en: unclear}",
        "unclear: {sv: no, en: unclear}",
        "'no' is read as true or false",
    ),
    "no YAML": ("stages:\n", "stages: [\n", "not YAML"),
    "a private party in an exercise of authority": (
        "with: [participant, social_worker]",
        "with: [participant, provider]",
        "private party 'provider'",
    ),
    "an unbound party": (
        "with: [participant, secretary]",
        "with: [participant, unbound]",
        "belongs to no organisation",
    ),
    "a series that is none": (MAPPING, f"{MAPPING}\n        every: 1 week", "A series stands under 'meanwhile'"),
    "a role that some answers leave empty": (
        "secretary: {party: labour_market_unit}",
        "secretary: {chosen_by: form, table: {a: af}}",
        "Nobody holds 'secretary'",
    ),
    "nobody to order the interpreter": (
        "stages:\n",
        "interpreter: somebody\nstages:\n",
        "Nobody orders the interpreter",
    ),
}


def definition(folder: Path, text: str) -> Path:
    where = folder / "bengtsfors"
    where.mkdir()
    (where / "area.yaml").write_text(AREA + "  unbound: {title: {sv: Lös, en: Loose}}\n")
    (where / "income-support.yaml").write_text(text)
    return folder


def test_what_is_deployed_is_sound() -> None:
    assert check(DEPLOYED) == []
    assert check(SCENARIOS, DEPLOYED) == []


@pytest.mark.parametrize(("old", "new", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_definition_is_refused_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in INCOME_SUPPORT
    text = INCOME_SUPPORT.replace(old, new, 1)
    root = definition(tmp_path, text)
    with pytest.raises(PathwayError) as refused:
        resolve([root, DEPLOYED], "bengtsfors/income-support")
    finding = next((each for each in refused.value.findings if told in each.message), None)
    assert finding, refused.value.findings
    assert finding.remedy
    assert _is_near(text, finding.line, finding.message)
    assert check(root, DEPLOYED) == refused.value.findings


def test_a_finding_is_a_sentence_with_file_line_and_remedy(tmp_path: Path) -> None:
    root = definition(tmp_path, INCOME_SUPPORT.replace("returned: end returned", "returned: end sent_back"))
    with pytest.raises(PathwayError) as refused:
        resolve([root, DEPLOYED], "bengtsfors/income-support")
    line = INCOME_SUPPORT[: INCOME_SUPPORT.index("outcomes: {held")].count("\n") + 1
    assert str(refused.value) == (
        f"income-support.yaml:{line}: 'returned' leads to ending 'sent_back', which is not there. "
        "Name endings that are."
    )


def test_a_file_or_area_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PathwayError, match=re.escape("nowhere/area.yaml:1: There is no such file.")):
        resolve(DEPLOYED, "nowhere/at-all")
    assert [each.file for each in check(tmp_path)] == ["sweden.yaml"]


@pytest.mark.parametrize(
    "due",
    ["{ended: 24 hours after booked}", "{booked: 1 working day after opened}", "{}"],
    ids=["end", "start", "none"],
)
def test_no_waiting_state_is_without_a_deadline(tmp_path: Path, due: str) -> None:
    text = INCOME_SUPPORT.replace("{booked: 1 working day after opened, ended: 24 hours after booked}", due, 1)
    root = definition(tmp_path, text)
    common = (DEPLOYED / "sweden.yaml").read_text()
    meeting = "  meeting:    {booked: 5 working days after opened, ended: 4 weeks after opened}\n"
    assert meeting in common
    (root / "sweden.yaml").write_text(common.replace(meeting, ""))
    with pytest.raises(PathwayError, match="There is a time when it waits and nothing is due"):
        resolve(root, "bengtsfors/income-support")


def test_the_walk_finds_what_reading_does_not(write: Callable[..., Path]) -> None:
    body = """
stages:
  - {stage: one, tasks: [{meeting: a, by: coach}]}
  - {stage: two, tasks: [{meeting: b, by: coach, due: {booked: 1 day after a.ended, ended: 2 days after a.ended}}]}
endings: [{ending: finished}]
"""
    sound = fold([write(body), DEPLOYED], "try/it")
    assert walked(sound, 40) == []
    task = sound.score.tasks["b"]
    endless = task.model_copy(update={"due": {}})
    stage = sound.score.stages[2].model_copy(update={"steps": ((endless,),)})
    score = sound.score.model_copy(update={"stages": (*sound.score.stages[:2], stage)})
    (finding,) = walked(type(sound)(Score.from_text(score.to_text()), sound.written, sound.source, sound.places), 40)
    assert "waits without a deadline" in finding.message


def _is_near(text: str, line: int, message: str) -> bool:
    """Whether the line named is where the text was broken, or holds what the message quotes."""
    pairs = zip(INCOME_SUPPORT.splitlines(), text.splitlines(), strict=False)
    changed = next((n for n, (one, two) in enumerate(pairs, 1) if one != two), 1)
    if "no words for people" in message:
        return text.splitlines()[line - 1] == "words:"
    quoted = re.findall(r"'([^']+)'", message)
    return abs(line - changed) <= 9 or any(word in text.splitlines()[line - 1] for word in quoted)
