"""Every code that a row can get is said in Swedish and English."""

import importlib
import re
from collections.abc import Iterator

import pytest

from referral.documents.reasons import REASONS, reason
from referral.domain.documents import RowFailed
from shared.errors import Fault, Refused

ON_A_ROW = (
    "referral.documents.columns",
    "referral.documents.rows",
    "referral.domain.documents",
    "referral.domain.referrals",
    "referral.usecases.intake",
    "referral.usecases.repertoire",
    "shared.identity",
)
"""The modules whose refusals a row can meet on its way in."""


def refusals(kind: type[Refused] = Refused) -> Iterator[type[Refused]]:
    for each in kind.__subclasses__():
        yield each
        yield from refusals(each)


def codes() -> set[str]:
    for name in ON_A_ROW:
        importlib.import_module(name)
    return {each().code for each in refusals() if each.__module__ in ON_A_ROW and each.fault is Fault.SENDER} | {
        RowFailed().code
    }


def test_no_code_lacks_a_reason():
    assert codes() == REASONS.keys()


@pytest.mark.parametrize("code", sorted(REASONS))
def test_both_languages_speak_of_the_same(code: str):
    said = REASONS[code]
    assert re.findall(r"{\w+}", said.sv) == re.findall(r"{\w+}", said.en)
    assert said.sv.endswith(".")
    assert said.en.endswith(".")
    assert said.sv != said.en


def test_a_fact_that_is_not_known_does_not_stop_the_answer():
    assert "…" in reason("sender/cell-wrong", {}).sv
    assert reason("sender/something-new", {}).sv == "Raden togs inte emot."
