"""The same person twice: by the same sender, and by another."""

import pytest

from .case import Case, assert_refused
from .town import KNOWN, OTHER_SENDER, PATHWAY, RECEIVER, SENDER, Town, referral_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = f"{KNOWN[2:8]}-{KNOWN[8:]}"
CASES = [
    Case(
        what="the same person twice by the same sender",
        status=409,
        code="sender/already-referred",
        remedy="See what became of it there.",
        send=lambda town: town.refer(referral_of(PATHWAY, KNOWN)),
    ),
    Case(
        what="the same person, written otherwise",
        status=409,
        code="sender/already-referred",
        remedy="See what became of it there.",
        send=lambda town: town.refer(referral_of(PATHWAY, SHORT)),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
async def test_it_is_a_clear_problem_that_leads_to_the_sender_s_own_first(town: Town, case: Case):
    said = await assert_refused(town, case)
    assert said["first"] == f"/referral/v1/referrals/{town.referral['id']}"
    first = await town.apps["referral"].as_party(SENDER).get(said["first"].removeprefix("/referral/v1"))
    assert first.json()["id"] == town.referral["id"]


async def test_by_another_sender_it_is_accepted_and_only_the_receiver_sees_that_the_two_belong_together(town: Town):
    """Last in this file, since from here on there is one referral more."""
    app = town.apps["referral"]
    answer = await town.refer(referral_of(PATHWAY, KNOWN), party=OTHER_SENDER)
    assert answer.status_code == 201, answer.text
    other = answer.json()
    assert {other[name] for name in ("id", "caseId", "personId")}.isdisjoint(town.referral.values())
    town.assert_silent(answer.text, "the answer")
    await town.platform.quiet()
    pair = [town.referral["caseId"], other["caseId"]]
    receiver = app.as_party(RECEIVER)
    assert [(await receiver.get(f"/cases/{case}")).json()["samePerson"] for case in pair] == [pair[1:], pair[:1]]
    for party in (SENDER, OTHER_SENDER):
        for case in pair:
            seen = await app.as_party(party).get(f"/cases/{case}")
            assert seen.status_code == 404 or seen.json()["samePerson"] == []
    assert (await app.as_party(OTHER_SENDER).get(f"/referrals/{town.referral['id']}")).status_code == 404
    again = await town.refer(referral_of(PATHWAY, KNOWN), party=OTHER_SENDER)
    assert again.json()["first"] == f"/referral/v1/referrals/{other['id']}"
    town.assert_nowhere()
