"""Who a person is: checked, normalised, and never echoed. All numbers are the Tax Agency's test numbers."""

import logging
import traceback
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from shared.identity import Identity, IdentityType, IdentityWrong

NUMBER = "189001019802"
CHILD = "201701012393"


def personnummer(value: str) -> Identity:
    return Identity(type=IdentityType.PERSONNUMMER, value=value)


@pytest.mark.parametrize("written", [NUMBER, "18900101-9802", "18900101+9802", "900101+9802", " 1890 0101 9802 "])
def test_a_number_is_kept_as_twelve_digits(written: str):
    assert personnummer(written).value == NUMBER


def test_the_same_number_is_the_same_identity():
    assert {personnummer("18900101-9802"), personnummer(NUMBER)} == {personnummer("900101+9802")}


def test_birth_and_age_are_those_the_number_says():
    child = personnummer(CHILD)
    assert child.born == date(2017, 1, 1)
    assert child.age_on(date(2026, 12, 31)) == 9
    assert child.age_on(date(2027, 1, 1)) == 10


def test_a_samordningsnummer_has_its_birthday_60_days_on():
    coordination = Identity(type=IdentityType.SAMORDNINGSNUMMER, value="701063-2391")
    assert coordination.value == "197010632391"
    assert coordination.born == date(1970, 10, 3)
    assert coordination.age_on(date(2026, 10, 2)) == 55
    assert coordination.age_on(date(2026, 10, 3)) == 56


@pytest.mark.parametrize("kind", [IdentityType.RESERVE, IdentityType.INTERIM])
def test_reserve_and_interim_numbers_are_taken_as_issued(kind: IdentityType):
    identity = Identity(type=kind, value="2017-0101 tf01")
    assert identity.value == "20170101TF01"
    assert identity.born is None
    assert identity.age_on(date(2026, 1, 1)) is None


WRONG: list[Any] = [
    {"type": "personnummer", "value": "189001019803"},
    {"type": "personnummer", "value": "189013019802"},
    {"type": "personnummer", "value": "189001019802\n0"},
    {"type": "personnummer", "value": "١٨٩٠٠١٠١٩٨٠٢"},
    {"type": "personnummer", "value": "209001019802"},
    {"type": "personnummer", "value": "009001019802"},
    {"type": "personnummer", "value": "701063-2391"},
    {"type": "samordningsnummer", "value": NUMBER},
    {"type": "reserve", "value": NUMBER},
    {"type": "interim", "value": "18900101-9802"},
    {"type": "reserve", "value": "<script>9802"},
    {"type": "reserve", "value": NUMBER * 3},
    {"type": "passport", "value": NUMBER},
    {"type": "personnummer", "value": int(NUMBER)},
    {"type": "personnummer", "value": [NUMBER]},
    {"type": "personnummer", "value": NUMBER, "name": NUMBER},
    {"value": NUMBER},
    NUMBER,
]


class Body(BaseModel):
    person: Identity


@pytest.mark.parametrize("data", WRONG)
def test_what_is_wrong_is_refused_without_an_echo(data: Any, caplog: pytest.LogCaptureFixture):
    with pytest.raises(IdentityWrong) as refusal:
        Body.model_validate({"person": data})
    error = refusal.value
    logging.getLogger("test").error("refused", exc_info=error)
    said = f"{error}{error!r}{error.facts}{''.join(traceback.format_exception(error))}{caplog.text}"
    for part in ("9802", "2391", "٩٨٠٢"):
        assert part not in said
    assert error.__context__ is None
    assert error.code == "sender/identity-wrong"


def test_nothing_prints_the_number():
    identity = personnummer(NUMBER)
    assert NUMBER not in f"{identity}{identity!r}{[identity]}{Body(person=identity)!r}{identity:}"


def test_it_survives_its_own_json():
    identity = personnummer(NUMBER)
    assert Identity.model_validate_json(identity.model_dump_json()) == identity


def test_the_schema_has_a_published_test_number_as_example():
    schema = Identity.model_json_schema()
    assert schema["examples"] == [{"type": "personnummer", "value": NUMBER}]
    assert schema["additionalProperties"] is False
