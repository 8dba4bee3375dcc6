"""A referrer that may not refer, or does not vouch for what the pathway asks."""

import pytest

from .case import Case, assert_refused
from .town import AWAY, PATHWAY, RECEIVER, SENDER, Town, referral_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CASES = [
    Case(
        what="the wrong referrer",
        status=403,
        code="sender/wrong-referrer",
        remedy="By this door refer: social_services, school.",
        send=lambda town: town.refer(referral_of(PATHWAY), party=RECEIVER),
    ),
    Case(
        what="a fact that is not attested",
        status=422,
        code="sender/not-attested",
        remedy="Vouch for: entitled_to_income_support.",
        send=lambda town: town.refer(referral_of(PATHWAY, attests=["no_other_activity"])),
    ),
    Case(
        what="an answer that was not asked for",
        status=422,
        code="sender/ask-wrong",
        remedy="Answer as the pathway says: language.",
        send=lambda town: town.refer(referral_of(PATHWAY, asks={"language": "english"})),
    ),
    Case(
        what="a date that was not asked for",
        status=422,
        code="sender/ask-wrong",
        remedy="Answer as the pathway says: start.",
        send=lambda town: town.refer(referral_of(PATHWAY, dates={"start": "2026-11-02"})),
    ),
    Case(
        what="the right referrer's name at another organisation",
        status=403,
        code="sender/wrong-referrer",
        remedy="By this door refer: social_services, school.",
        send=lambda town: town.send(
            town.apps["referral"].as_party(SENDER, organisation=AWAY), "POST", "/referrals", referral_of(PATHWAY)
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
async def test_it_is_a_clear_problem(town: Town, case: Case):
    await assert_refused(town, case)
