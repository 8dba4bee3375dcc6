"""Common mistakes: each is said once, at its line, in words that help; whatever stands in a file, nothing breaks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from shared.pathways import Finding, PathwayError, check
from shared.pathways.fold import fold
from shared.pathways.resolve import findings

DEPLOYED = Path(__file__).parents[3] / "deploy" / "pathways"

AREA = """area: norrby
title: {sv: Norrby, en: Norrby}
organisation: norrby
parties: {social_services: {organisation: norrby}, labour_market_unit: {organisation: norrby}}
"""
YOUTH = """pathway: norrby/youth-16
version: 1
title: {sv: Unga till arbete, en: Youth towards work}
roles:
  social_worker: {from: referrer}
  coach: {party: labour_market_unit}
entry:
  age: 16-24
  receiver: labour_market_unit
  doors: [{door: social-work, by: [social_services], via: referral}]
  needs:
    - {consent: waiver, waiver: true, obtained_by: referrer, between: [social_services, labour_market_unit],
       outcomes: {given: ~, refused: end not_admitted}, if_withdrawn: end not_admitted}
  answer: {within: 2 working days}
stages:
  - stage: meeting
    tasks:
      - meeting: first-meeting
        by: coach
        with: [participant, social_worker, coach]
        due: {booked: 5 working days after opened, ended: 2 weeks after booked}
  - stage: assessment
    tasks:
      - assessment: individual-assessment
        by: coach
        finds: {nearness: [far, under_way, near]}
  - stage: activity
    when: {individual-assessment.nearness: [near, far]}
    tasks:
      - activity: practice
        by: coach
        lasts: 3 months
        due: {started: 2 weeks after opened, ended: 3 months after started}
        outcomes: {work: end work, finished: end finished}
endings: [{ending: not_admitted}, {ending: work}, {ending: finished}, {ending: assessed}]
words:
  youth: {sv: Unga, en: Youth}
"""
WORDS = """
meeting first-meeting assessment individual-assessment nearness far under_way near activity practice waiver answer
social-work work finished not_admitted assessed social_worker coach
"""
SOUND = YOUTH + "".join(f"  {word}: {{sv: {word}, en: {word}}}\n" for word in WORDS.split())

TIME = "a unit is one of hours, hours on working days, working days, days, weeks, months"
MISTAKES = {
    "a span": ("within: 2 working days", "within: 2 workdays", "'2 workdays' is not a length of time", "working days"),
    "a time": ("5 working days after opened", "5 days from opened", "'5 days from opened' is not a time", TIME),
    "a key": ("        lasts: 3 months", "        last: 3 months", "'last' is not a key", "Did you mean 'lasts'?"),
    "a role": ("with: [participant, social_worker, coach]", "with: [coech]", "'coech' for 'with'", "mean 'coach'?"),
    "who moves": ("        by: coach\n        with", "        by: coech\n        with", "'coech' for 'by'", "'coach'?"),
    "who obtains": ("obtained_by: referrer", "obtained_by: referer", "'referer' for 'obtained_by'", "'referrer'?"),
    "a door's party": ("by: [social_services]", "by: [social_service]", "'social_service'", "mean 'social_services'?"),
    "a task in a condition": (
        "{individual-assessment.n",
        "{individual-assesment.n",
        "There is no task",
        "assessment'?",
    ),
    "a finding": ("assessment.nearness: [near, far]", "assessment.nearnes: near", "does not find it", "'nearness'?"),
    "an outcome of consent": ("refused: end", "denied: end", "'denied' is never told", "given, refused"),
    "an ending": ("refused: end not_admitted", "refused: end not_admited", "'not_admited', which", "'not_admitted'?"),
    "where it leads": ("work: end work", "work: ending work", "'ending work' at 'work' leads nowhere", "`end X`"),
    "no value": ("ended: 3 months after started", "ended:", "'ended' is empty", "Write its value"),
    "ages turned round": ("age: 16-24", "age: 24-16", "'24-16' admits nobody", "16-24"),
    "ages in words": ("age: 16-24", "age: 16 to 24", "'16 to 24' at 'age' is not a span of ages", "18-64"),
    "a way in": ("via: referral", "via: mail", "'mail' at 'via' is not known", "'referral', 'batch'"),
    "a waiver unsaid": ("waiver: true, obtained", "obtained", "whether it is one", "'waiver: true'"),
    "between nobody": ("between: [social_services, labour_market_unit]", "between: []", "between whom", "another"),
    "a number in a name": ("door: social-work", "door: d199001012386", "is not a name", "never six digits"),
    "capitals": ("door: social-work", "door: Social", "'Social' at 'door' is not a name", "small letters"),
    "a kind": ("- meeting: first-meeting", "- meting: first-meeting", "begins with one kind", "mean 'meeting'?"),
    "kind as a key": ("- meeting: first-meeting", "- kind: chat", "'kind' is not a key here", "<kind>: <name>"),
    "outcomes as a list of tables": (
        "outcomes: {work: end work, finished: end finished}",
        "outcomes: [{a: ~}]",
        "words only",
        "table",
    ),
    "a version in words": ("version: 1", "version: one", "'one' at 'version' is not a number", "whole number"),
    "a tab": ("    when: {ind", "\twhen: {ind", "not YAML: found character '\\t'", "spaces, not with tabs"),
    "a colon": ("{sv: Unga, en: Youth}", "{sv: Unga: här, en: Youth}", "not YAML: ", "quotes"),
    "no text": ("{sv: Unga, en: Youth}", "{sv: , en: Youth}", "'sv' is empty", "Write its value"),
    "a word that is none": (
        "when: {individual-assessment.nearness: [near, far]}",
        "when: {a: 3}",
        "not a condition",
        "{task:",
    ),
}


def place(folder: Path, text: str, area: str = AREA) -> Path:
    (folder / "norrby").mkdir()
    (folder / "norrby/area.yaml").write_text(area)
    (folder / "norrby/youth-16.yaml").write_text(text)
    (folder / "sweden.yaml").write_text((DEPLOYED / "sweden.yaml").read_text())
    return folder


def test_without_the_mistakes_it_is_sound(tmp_path: Path) -> None:
    assert check(place(tmp_path, SOUND), walks=40) == []


@pytest.mark.parametrize(("old", "new", "told", "remedy"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_once_at_its_line(tmp_path: Path, old: str, new: str, told: str, remedy: str) -> None:
    assert SOUND.count(old) == 1
    text = SOUND.replace(old, new)
    found = check(place(tmp_path, text), walks=1)
    first = found[0]
    assert [each for each in found if "no words" not in each.message] == [first], found
    assert told in first.message
    assert remedy in first.remedy
    pairs = enumerate(zip(SOUND.splitlines(), text.splitlines(), strict=True), 1)
    assert first.line == next(n for n, (one, two) in pairs if one != two), first


def test_an_area_goes_by_the_name_of_its_folder(tmp_path: Path) -> None:
    (found,) = check(place(tmp_path, SOUND, AREA.replace("area: norrby", "area: nkpg")))
    assert (found.file, found.line) == ("area.yaml", 1)
    assert "'nkpg'" in found.message


def test_what_has_no_words_is_one_finding_to_paste(tmp_path: Path) -> None:
    (found,) = check(place(tmp_path, YOUTH))
    assert found.message.startswith("'meeting', 'assessment', ")
    block = found.remedy.partition("\n")[2]
    assert yaml.safe_load(block)["first-meeting"] == {"sv": "", "en": ""}
    filled = YOUTH + block.replace('sv: ""', "sv: ord").replace('en: ""', "en: word") + "\n"
    (tmp_path / "norrby/youth-16.yaml").write_text(filled)
    assert check(tmp_path, walks=1) == []
    (tmp_path / "norrby/youth-16.yaml").write_text(YOUTH + block + "\n")
    assert {each.message for each in check(tmp_path)} == {"'sv' is empty.", "'en' is empty."}


def test_a_file_that_is_not_utf_8_is_said(tmp_path: Path) -> None:
    place(tmp_path, "")
    (tmp_path / "norrby/youth-16.yaml").write_bytes("title: Norrköping".encode("latin-1"))
    assert [each.message for each in check(tmp_path)] == ["The file is not UTF-8."]


COMMON = """area: sweden
title: {sv: a, en: a}
due: {meeting: {booked: 1 day after opened, ended: 4 weeks after opened}, answer: {ended: 5 days after opened}}
otherwise: {answer: what-now, after_each: otherwise, by: owner, outcomes: {end_it: end withdrawn}}
endings: [{ending: withdrawn}]
"""
ODD: Any = (
    None,
    3,
    True,
    "",
    "24 hours",
    "end",
    "ö",
    [],
    [[]],
    [{}],
    {},
    {"together": 1},
    {"a": {"b": []}},
)


def test_whatever_stands_anywhere_there_are_findings_and_no_crash(tmp_path: Path) -> None:
    root = place(tmp_path, SOUND)
    (root / "sweden.yaml").write_text(COMMON)
    whole = yaml.safe_load(SOUND)
    tried = 0
    for n, path in enumerate(_places(whole)):
        for odd in ODD[n % 5 :: 5]:
            (root / "norrby/youth-16.yaml").write_text(yaml.safe_dump(_with(whole, path, odd), allow_unicode=True))
            tried += 1
            assert all(isinstance(each, Finding) for each in _read(root))
    assert tried > 200


def _read(root: Path) -> list[Finding]:
    try:
        return findings(fold(root, "norrby/youth-16"))
    except PathwayError as wrong:
        return wrong.findings


Place = tuple[str | int, ...]


def _places(data: object, path: Place = ()) -> Iterator[Place]:
    """Everything but the words, of which two stand for all."""
    if path[:1] == ("words",) and len(path) > 1 and path[1] not in ("near", "far"):
        return
    yield path
    if isinstance(data, dict):
        for key, value in cast(dict[str, object], data).items():
            yield from _places(value, (*path, key))
    elif isinstance(data, list):
        for n, value in enumerate(cast(list[object], data)):
            yield from _places(value, (*path, n))


def _with(data: object, path: Place, odd: object) -> object:
    if not path:
        return odd
    first, *rest = path
    if isinstance(data, dict):
        table = cast(dict[str, object], data)
        return table | {str(first): _with(table[str(first)], tuple(rest), odd)}
    items = cast(list[object], data)
    return [_with(each, tuple(rest), odd) if n == first else each for n, each in enumerate(items)]
