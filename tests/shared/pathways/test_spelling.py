"""A name that a definition may use is one that the API takes and every service carries; there is one spelling."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from assessment.domain.planning import Code
from booking.domain.agendas import Group
from referral.api.answers import Reply
from referral.api.cases import Return
from referral.api.referrals import NewReferral
from referral.documents.rows import NAME
from reporting.subscriptions import Path, Word
from shared.pathways.documents import Pathway
from shared.pathways.schema import schema
from shared.pathways.spelling import Id
from shared.testing.referring import referral_of

GOOD = ["social-work", "a", "youth-16", "year2", "d12345", "work_2-b", "a1b2c3d4e5f6", "a" * 60]
BAD = ["", "Social", "16-youth", "two words", "-x", "_x", "d123456", "a" * 61, "närhet", "a/b", "../x"]


def takes(kind: Any, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def defined(pathway: str, door: str) -> bool:
    return takes(
        Pathway,
        {
            "pathway": pathway,
            "version": 1,
            "title": {"sv": "a", "en": "a"},
            "entry": {"receiver": "r", "doors": [{"door": door, "by": ["b"], "via": "referral"}]},
            "stages": [{"stage": "s", "tasks": [{"meeting": "m"}]}],
            "endings": [{"ending": "e"}],
        },
    )


def referred(pathway: str, door: str) -> bool:
    body = referral_of(pathway) | {"door": door, "attests": [door], "asks": {door: door}}
    return takes(NewReferral, body) and takes(Reply, {"outcome": door}) and takes(Return, {"reason": door})


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_what_a_definition_may_say_the_api_takes_and_nothing_else(name: str) -> None:
    good = name in GOOD
    whole = schema()
    key: Any = Draft202012Validator({"$defs": whole["$defs"], "$ref": "#/$defs/Door"})
    assert takes(Id, name) == good
    assert defined("a/b", name) == good
    assert referred("a/b", name) == good
    assert key.is_valid({"door": name, "by": ["b"], "via": "referral"}) == good


@pytest.mark.parametrize("name", GOOD)
def test_every_service_carries_it(name: str) -> None:
    assert all(takes(kind, name) for kind in (Word, Code, Group))
    assert takes(Path, f"{name}/{name}")


@pytest.mark.parametrize("name", [f"{one}/{other}" for one in ("area2", "a-1", "") for other in ("b", "youth-16", "1")])
def test_so_it_is_with_the_name_of_a_pathway(name: str) -> None:
    good = all(part in ("area2", "a-1", "b", "youth-16") for part in name.split("/"))
    assert defined(name, "d") == good
    assert referred(name, "d") == good
    assert (NAME.fullmatch(name) is not None) == good
