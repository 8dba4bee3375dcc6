"""Permits as the releaser asks for them: yes, no, and whatever is not clearly yes."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from shared.releases import permits
from shared.releases.tables import receipt
from shared.service_tokens import NoTokens
from shared.testing.releasing import BASIS, PHONE, Said, Side, no, receipts, said, yes


async def test_what_is_released_has_a_receipt(side: Side):
    answer = await side.release()
    assert (answer.status_code, answer.json()) == (201, {"contact": {"phone": PHONE}})
    assert side.asked == [
        {
            "releaseId": str(side.release_id),
            "personId": str(side.person),
            "purpose": "meeting",
            "from": "norrby",
            "to": "agency",
            "toParty": "employment_service",
            "categories": ["contact"],
        }
    ]
    async with side.app.here.database.reading() as connection:
        (row,) = await connection.execute(select(receipt))
    assert row.release_id == side.release_id
    assert (row.void, row.home, row.basis, row.permit, row.person) == (False, "norrby", BASIS, 7, side.person)
    assert (row.purpose, row.categories, row.recipient) == ("meeting", "contact", "agency")


async def test_a_service_names_the_party_it_asks_for_and_a_party_is_its_own(side: Side):
    service = side.app.as_service("agency", "assessment")
    body = {"home": "norrby", "personId": str(side.person)}
    answer = await service.post("/releases", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/party-missing")
    assert side.asked == []
    unit = side.app.as_party("unit", organisation="agency")
    for client in (service, unit):
        assert (await client.post("/releases", json=body | {"party": "employment_service"})).status_code == 201
    assert [asked["toParty"] for asked in side.asked] == ["employment_service", "unit"]


async def test_a_no_says_what_lacks_and_releases_nothing(side: Side):
    side.says = no
    answer = await side.release()
    assert (answer.status_code, answer.json()["code"], answer.json()["lacks"]) == (
        403,
        "consent/no-basis",
        "waiver, consent",
    )
    assert await receipts(side.app) == {}


async def never(_: dict[str, Any]) -> httpx.Response:
    await asyncio.sleep(30)
    raise AssertionError


async def gone(_: dict[str, Any]) -> httpx.Response:
    raise httpx.ReadError("cut")


def always(response: httpx.Response) -> Said:
    async def say(_: dict[str, Any]) -> httpx.Response:
        return response

    return say


async def another(_: dict[str, Any]) -> httpx.Response:
    return said({"releaseId": str(uuid4()), "granted": True, "basis": str(BASIS), "number": 7})


async def twice(asked: dict[str, Any]) -> httpx.Response:
    one = {"releaseId": asked["releaseId"], "granted": True, "basis": str(BASIS), "number": 7}
    return said(one, one)


UNKNOWN: dict[str, Said] = {
    "silence": never,
    "cut": gone,
    "fault": always(httpx.Response(500, json={})),
    "refused": always(httpx.Response(403, json={"code": "sender/forbidden"})),
    "no JSON": always(httpx.Response(201, text="<html>yes</html>")),
    "other JSON": always(httpx.Response(201, json=["yes"])),
    "nothing": always(said()),
    "another release": another,
    "two answers": twice,
}


@pytest.mark.parametrize("case", UNKNOWN)
async def test_unknown_is_no(side: Side, case: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(permits, "PATIENCE", 0.2)
    side.says = UNKNOWN[case]
    await _is_unknown(side)


async def test_a_redirect_is_not_followed(side: Side):
    moved = httpx.Response(307, json={}, headers={"location": "https://consent.norrby.example/consent/v1/elsewhere"})

    async def say(asked: dict[str, Any]) -> httpx.Response:
        return moved if len(side.asked) == 1 else await yes(asked)

    side.says = say
    await _is_unknown(side)


async def test_a_yes_without_a_number_is_no_yes(side: Side):
    async def say(asked: dict[str, Any]) -> httpx.Response:
        return said({"releaseId": asked["releaseId"], "granted": True, "basis": str(BASIS)})

    side.says = say
    assert (await side.release()).status_code == 403
    assert await receipts(side.app) == {}


async def test_the_consent_service_is_down(side: Side):
    side.platform.network.away.add("consent.norrby.example")
    await _is_unknown(side)


async def test_no_token_no_release(side: Side):
    side.app.here.partners.tokens = NoTokens()
    await _is_unknown(side)


async def _is_unknown(side: Side) -> None:
    answer = await side.release()
    assert (answer.status_code, answer.json()["code"]) == (503, "platform/permit-unknown")
    assert "consent service" in answer.json()["title"]
    assert answer.headers["retry-after"]
    assert PHONE not in answer.text
    assert str(side.person) not in answer.text
    assert await receipts(side.app) == {}
