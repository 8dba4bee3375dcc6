"""A number that cannot be, and a person who is too young or too old for the pathway."""

from typing import Any

import pytest

from .case import Case, Send, assert_refused
from .town import PATHWAY, Town, referral_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


def of_person(value: Any, kind: str = "personnummer") -> Send:
    """A referral that is good but for the number."""
    body = referral_of(PATHWAY)
    body["person"] = {**body["person"], "identity": {"type": kind, "value": value}}
    return lambda town: town.refer(body)


def wrong(what: str, remedy: str, value: Any, kind: str = "personnummer") -> Case:
    return Case(what=what, status=422, code="sender/identity-wrong", remedy=remedy, send=of_person(value, kind))


def outside(what: str, value: str) -> Case:
    remedy = "The pathway is for 18-64 years."
    return Case(what=what, status=422, code="sender/age-outside", remedy=remedy, send=of_person(value))


DIGITS = "Check the digits; the last one is a check digit."
OTHER_KIND = "Its day of birth is that of the other kind: check type."
AS_ISSUED = "Give 8 to 16 digits and letters, as issued."
FORM = "Give type (one of personnummer, samordningsnummer, reserve, interim) and value, a text of 8 to 24 signs."

CASES = [
    wrong("a personnummer whose check digit is wrong", DIGITS, "199001012386"),
    wrong("a personnummer of a day that there is not", DIGITS, "199013012385"),
    wrong("a personnummer of a day to come", "Give all 12 digits; the year of birth cannot be right.", "209001019802"),
    wrong("a samordningsnummer whose check digit is wrong", DIGITS, "197010632392", "samordningsnummer"),
    wrong("a samordningsnummer called a personnummer", OTHER_KIND, "197010632391"),
    wrong("a personnummer called a samordningsnummer", OTHER_KIND, "199001012385", "samordningsnummer"),
    wrong("a reserve number that is none", AS_ISSUED, "Kanarina Fågelsson", "reserve"),
    wrong(
        "a personnummer called a reserve number",
        "It is a personnummer or samordningsnummer: say so in type.",
        "19900101-2385",
        "reserve",
    ),
    wrong("a kind of number that there is not", FORM, "199001012385", "passport"),
    outside("too young", "201701012393"),
    outside("too old", "189001019802"),
]
MORE = [
    wrong("digits of another script", DIGITS, "١٩٩٠٠١٠١٢٣٨٥"),
    wrong("a number as a number", FORM, 199001012385),
    wrong("a list of numbers", FORM, ["199001012385"]),
    wrong("a number that is too long", FORM, "199001012385" * 3),
]
"""As those above, in other ways."""


@pytest.mark.parametrize("case", [*CASES, *MORE], ids=lambda case: case.what)
async def test_it_is_a_clear_problem(town: Town, case: Case):
    await assert_refused(town, case)
