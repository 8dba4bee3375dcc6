"""A body that is not JSON, or whose fields are wrong, missing, extra, oversized or deeply nested: at each API."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from .case import Case, Send, assert_refused
from .town import PATHWAY, TEXT, Town, referral_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024 * 1024
GOOD: dict[str, Any] = referral_of(PATHWAY)
CORRECT = "Correct the fields named."


def referred(**changes: Any) -> Send:
    """A referral that is good but for that."""
    return lambda town: town.refer(GOOD | changes)


def of_contact(**changes: Any) -> Send:
    person = GOOD["person"]
    return referred(person=person | {"contact": person["contact"] | changes})


def without(field: str) -> Send:
    return lambda town: town.refer({name: value for name, value in GOOD.items() if name != field})


def whole(content: bytes) -> Send:
    return lambda town: town.refer(content)


def nested(depth: int) -> bytes:
    inner = json.dumps(GOOD["person"]).encode()
    return b'{"person": ' + b"[" * depth + inner + b"]" * depth + b"}"


NOT_JSON = Case(
    what="a body that is not JSON",
    status=400,
    code="sender/not-json",
    remedy="Send one JSON document in UTF-8, each name once in its object.",
    send=whole(f"givenName={TEXT}&number={GOOD['person']['identity']['value']}".encode()),
)
WRONG = Case(
    what="a wrong field",
    status=422,
    code="sender/invalid",
    remedy=CORRECT,
    send=of_contact(language=TEXT),
    pointers=("/body/person/contact/language",),
)
EXTRA = replace(WRONG, what="an extra field", send=referred(remark=TEXT), pointers=("/body/?",))
TOO_DEEP = replace(NOT_JSON, what="a body that is nested too deeply to be read", send=whole(nested(10_000)))
CASES = [
    NOT_JSON,
    WRONG,
    replace(WRONG, what="a missing field", send=without("door"), pointers=("/body/door",)),
    EXTRA,
    replace(
        WRONG, what="an oversized field", send=of_contact(address=TEXT * 9), pointers=("/body/person/contact/address",)
    ),
    Case(
        what="an oversized body",
        status=413,
        code="sender/too-large",
        remedy="Send at most 1 MiB at a time.",
        send=whole(json.dumps(GOOD | {"note": TEXT * (MIB // len(TEXT))}).encode()),
    ),
    TOO_DEEP,
    replace(
        WRONG,
        what="a deeply nested field",
        send=of_contact(givenName=[[[[[[{TEXT: [TEXT]}]]]]]]),
        pointers=("/body/person/contact/givenName",),
    ),
]
MORE = [
    replace(NOT_JSON, what="half a document", send=whole(json.dumps(GOOD).encode()[:-40])),
    replace(NOT_JSON, what="a name twice", send=whole(b'{"door": "a", ' + json.dumps(GOOD).encode()[1:])),
    replace(NOT_JSON, what="another encoding", send=whole(json.dumps(GOOD, ensure_ascii=False).encode("latin-1"))),
    replace(WRONG, what="no object", send=whole(json.dumps([GOOD]).encode()), pointers=("/body",)),
    replace(WRONG, what="another type", send=of_contact(phone=701740605), pointers=("/body/person/contact/phone",)),
    replace(WRONG, what="half a character", send=of_contact(phone="\ud800"), pointers=("/body/person/contact/phone",)),
    replace(WRONG, what="a name as a field", send=referred(**{TEXT: 1}), pointers=("/body/?",)),
    replace(
        WRONG, what="a day that is none", send=referred(dates={"start": "2026-02-30"}), pointers=("/body/dates/?",)
    ),
]
"""As those above, in other ways."""
ELSEWHERE = {
    "assessment": "/assessments/{completed}/completions",
    "booking": "/meetings/{open}/bookings",
    "consent": "/bases/{granted}/withdrawals",
    "reporting": "/dead-letters/1/skips",
}


@pytest.mark.parametrize("case", [*CASES, *MORE], ids=lambda case: case.what)
async def test_it_is_a_clear_problem(town: Town, case: Case):
    await assert_refused(town, case)


@pytest.mark.parametrize("service", ELSEWHERE)
@pytest.mark.parametrize("case", [NOT_JSON, EXTRA, TOO_DEEP], ids=lambda case: case.what)
async def test_so_it_is_at_every_other_api(town: Town, service: str, case: Case):
    """What else the body lacks is said too."""
    plays = {name.replace(" ", "_"): request.play for name, request in town.asked.items()}
    body = {EXTRA.what: json.dumps({"note": TEXT}).encode(), TOO_DEEP.what: nested(10_000)}.get(
        case.what, f"note={TEXT}".encode()
    )
    app = town.apps[service]
    client = app.as_operator() if service == "reporting" else app.as_party("social_services")
    path = ELSEWHERE[service].format(**plays)

    async def send(town: Town) -> httpx.Response:
        return await town.send(client, "POST", path, body)

    await assert_refused(town, replace(case, pointers=None, send=send))
