"""An unknown pathway, party or door."""

import pytest

from shared.testing.assessment_plans import step

from .case import Case, assert_refused
from .town import PATHWAY, Town, referral_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


CASES = [
    Case(
        what="an unknown pathway",
        status=422,
        code="sender/unknown-pathway",
        remedy="Ask the receiver for the name of its pathway.",
        send=lambda town: town.refer(referral_of("bengtsfors/nothing")),
    ),
    Case(
        what="a pathway that another organisation publishes",
        status=422,
        code="sender/unknown-pathway",
        remedy="Send the referral to the organisation that publishes the pathway.",
        send=lambda town: town.refer(referral_of("trollhattan/adults")),
    ),
    Case(
        what="an unknown party, as the one who refers",
        status=403,
        code="sender/wrong-referrer",
        remedy="By this door refer: social_services, school.",
        send=lambda town: town.refer(referral_of(PATHWAY), party="angling_club"),
    ),
    Case(
        what="an unknown party, in a step of a plan",
        status=422,
        code="sender/steps-wrong",
        remedy="Each is for one of: participant, social_services, labour_market_unit.",
        send=lambda town: town.post(
            "assessment",
            f"/plans/{town.asked['planned'].play}/revisions",
            {"steps": [step(party="angling_club")]},
        ),
    ),
    Case(
        what="an unknown door",
        status=422,
        code="sender/door-unknown",
        remedy="The doors are: application.",
        send=lambda town: town.refer(referral_of(PATHWAY, door="window")),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
async def test_it_is_a_clear_problem(town: Town, case: Case):
    await assert_refused(town, case)
