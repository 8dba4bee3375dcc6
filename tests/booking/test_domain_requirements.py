"""What may be asked of an interpreter: codes and closed words, and no place for anything else."""

from typing import Any

import pytest
from pydantic import ValidationError

from booking.domain.requirements import LanguageUnknown, Level, NamedAndBlocked, Requirements
from shared.testing.booking_interpreters import WANTED


def wanted(**changes: Any) -> Requirements:
    return Requirements.model_validate(WANTED | changes)


@pytest.mark.parametrize("language", ["som", "kmr", "ara", "arb", "prs", "swl", "rmy", "tir"])
def test_a_language_in_use_is_asked_for(language: str):
    wanted(language=language, secondLanguage=None).check()


@pytest.mark.parametrize("language", ["und", "mul", "mis", "zxx", "qaa", "qtz", "xxx", "zzz"])
def test_what_is_no_language_in_use_is_refused(language: str):
    for changes in ({"language": language}, {"secondLanguage": language}):
        with pytest.raises(LanguageUnknown) as refusal:
            wanted(**changes).check()
        assert language not in str(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"language": "kurmanji"},
        {"language": "so"},
        {"language": "SOM"},
        {"dialect": "som man talar i Kismayo"},
        {"dialect": "so"},
        {"mode": "sign"},
        {"level": "OT"},
        {"gender": "any"},
        {"named": ["Anna Berg"]},
        {"named": ["anna"]},
        {"blocked": ["198501012382"]},
        {"blocked": ["8501012382"]},
        {"blocked": ["850101-2382"]},
        {"blocked": ["19850101"]},
        {"named": [f"T-{n}" for n in range(11)]},
        {"signing": ["lip_reading"]},
        {"note": "har bytt namn"},
        {"second_language": "arb"},
    ],
)
def test_there_is_no_place_for_a_free_text_or_a_person(changes: dict[str, Any]):
    with pytest.raises(ValidationError):
        wanted(**changes)


def test_the_levels_are_those_of_kammarkollegiet():
    assert {wanted(level=level).level for level in ("RT", "ST", "AT", "UT", "ÖT")} == set(Level)


def test_nobody_is_both_wished_for_and_blocked():
    with pytest.raises(NamedAndBlocked):
        wanted(named=["T-1", "T-2"], blocked=["T-2"]).check()


def test_every_field_but_two_may_be_left_out():
    least = Requirements.model_validate({"language": "swl", "mode": "video", "signing": ["tactile", "deafblind"]})
    least.check()
    for missing in ("language", "mode"):
        with pytest.raises(ValidationError):
            Requirements.model_validate({k: v for k, v in WANTED.items() if k != missing})
