"""No token, or one that says nothing here: expired, for another audience, of another organisation."""

from typing import Any

import httpx
import pytest

from .case import Case, Send, assert_problem, assert_refused
from .town import AWAY, HOME, LATE, PATHWAY, Town, referral_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


def bearing(**changes: Any) -> Send:
    """A good referral under such a token."""

    async def send(town: Town) -> httpx.Response:
        headers = town.token(**changes) if changes else {}
        nobody = town.apps["referral"].as_nobody()
        return await town.send(nobody, "POST", "/referral/v1/referrals", referral_of(PATHWAY), **headers)

    return send


async def forged(town: Town) -> httpx.Response:
    """The town's own token with another signature."""
    head, claims, signature = town.token()["Authorization"].split(".")
    nobody, body = town.apps["referral"].as_nobody(), referral_of(PATHWAY)
    headers = {"Authorization": ".".join((head, claims, signature[::-1]))}
    return await town.send(nobody, "POST", "/referral/v1/referrals", body, **headers)


def unknown(what: str, remedy: str, send: Send) -> Case:
    return Case(what=what, status=401, code="sender/unauthenticated", remedy=remedy, send=send)


CASES = [
    unknown("no token", "Send the access token as you got it: a signed JWT in compact form.", bearing()),
    unknown("an expired token", "Ask your issuer for a new token.", bearing(issuer="late")),
    unknown(
        "a token for another audience",
        "Ask for a token whose only audience is this service.",
        bearing(audience=f"samspar.{HOME}.booking"),
    ),
    unknown(
        "a token of an organisation that its issuer does not speak for",
        "Ask the issuer of your own organisation; this one does not speak for it.",
        bearing(organisation=AWAY),
    ),
    unknown(
        "a token of an issuer that nobody knows",
        "Ask the administrator to add your token issuer to the parties.",
        bearing(issuer="strange"),
    ),
    unknown("a forged token", "Ask your issuer for a new token; the signature does not match its key.", forged),
    Case(
        what="a token of another organisation, for what is not its own",
        status=404,
        code="sender/not-found",
        remedy="Check the id of the referral.",
        send=lambda town: town.send(
            town.apps["referral"].as_party("social_services", organisation=AWAY),
            "POST",
            f"/referrals/{town.referral['id']}/withdrawals",
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
async def test_it_is_a_clear_problem(town: Town, case: Case):
    await assert_refused(town, case)


async def test_whoever_is_not_believed_is_told_how_to_ask(town: Town):
    """RFC 6750, 3: a challenge; and the reason as a closed word. The issuer whose clock stopped is one of ours."""
    answer = await CASES[1].send(town)
    said = assert_problem(answer, 401, "sender/unauthenticated")
    assert said["reason"] == "expired"
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert town.signers["late"].name == LATE
