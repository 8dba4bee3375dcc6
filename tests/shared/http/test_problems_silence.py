"""What is sent about a person comes out nowhere: in no answer, log line, span, event or database, whatever is wrong."""

import json
import logging
from collections.abc import Iterator
from itertools import cycle
from typing import Any, cast

import httpx
import pytest

from shared import tables
from shared.http.policies import FEED, policy_of, routes_of
from shared.logs import JsonLines
from shared.testing.apps import FIVE, App, Platform
from shared.testing.spans import Spans

NUMBER, NAME = "189001019802", "Kanarina"
CANARY = f"{NAME} {NUMBER}"
SIGNS = (NUMBER, "18900101-9802", NAME.lower(), "kanar")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OWN = {"Idempotency-Key": NUMBER, "Traceparent": f"00-{NUMBER}", "If-Match": CANARY, "X-Person": CANARY}


def whole(example: Any) -> Iterator[Any]:
    """The body with the canary in the place of each part of it, beside it, and as a name."""
    yield from (CANARY, NUMBER, int(NUMBER), [CANARY], {CANARY: CANARY})
    if isinstance(example, dict):
        known = cast(dict[str, Any], example)
        yield known | {CANARY: 1, NUMBER: {NAME: CANARY}}
        for name, part in known.items():
            for other in whole(part):
                yield known | {name: other}
    elif isinstance(example, list) and example:
        for other in whole(cast(list[Any], example)[0]):
            yield [other]


def requests(schema: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Method, address as described, address with the canary in it, and what is sent there."""
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            names = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            for value in (CANARY, NUMBER, "0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10"):
                address = path
                for name in names:
                    address = address.replace(f"{{{name}}}", value)
                asked = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
                for query in ({name: CANARY} for name in [*asked, CANARY, "fields"]):
                    yield method, path, address, {"params": query}
                content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
                described = content.get("application/json")
                for sent in whole(described["examples"]["example"]["value"] if described else {}):
                    yield method, path, address, {"json": sent}
                for kind in content.keys() - {"application/json"}:
                    yield method, path, address, {"content": CANARY.encode(), "headers": {"Content-Type": kind}}


def assert_silent(text: str, where: object) -> None:
    found = [sign for sign in SIGNS if sign in text.lower()]
    assert not found, (where, found, text[:500])


def said(answer: httpx.Response) -> str:
    return answer.text + json.dumps(dict(answer.headers))


@pytest.mark.parametrize("service", FIVE)
async def test_nothing_of_a_person_comes_out(platform: Platform, service: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    spans, app = Spans(), await platform.start("norrby", service)
    schema = app.app.openapi()
    sent = 0
    callers = {"party": app.as_party("clinic"), "operator": app.as_operator()}
    callers |= {"peer": app.as_service("norrby", "consent"), "integration": app.as_party("reader", scopes=[FEED])}
    for client in callers.values():
        client.base_url = httpx.URL("http://samspar")
    policies = {path: policy_of(route.endpoint) for path, _, route in routes_of(app.app)}
    for (method, path, address, content), headers in zip(requests(schema), cycle(({"Traceparent": TRACE}, OWN))):
        policy = policies[path]
        client = callers.get(policy.name if policy else "", callers["party"])
        answer = await client.request(method, address, **content | {"headers": headers | content.get("headers", {})})
        assert answer.status_code < 500 or answer.status_code == 503, (method, address, content, answer.text)
        assert_silent(said(answer), (method, address, content))
        sent += 1
    assert sent > 100
    assert spans.ended
    assert_silent(spans.text(), "spans")
    for record in caplog.records:
        assert_silent(JsonLines().format(record), record.name)
    await assert_silent_database(app)


async def assert_silent_database(app: App) -> None:
    async with app.here.database.reading() as connection:
        for table in (tables.event, tables.parked, tables.idempotency, tables.resolution):
            for row in await connection.execute(table.select()):
                assert_silent(repr(tuple(row)), table.name)
    for file in app.here.settings.data.rglob(f"{app.here.whoami.service}.db*"):
        assert_silent(file.read_bytes().decode("latin-1"), file.name)


@pytest.mark.parametrize("header", ["Authorization", "Content-Type", "Accept", "Cookie", "Range", "User-Agent"])
async def test_nor_what_stands_in_a_header(platform: Platform, header: str, caplog: pytest.LogCaptureFixture):
    spans, app = Spans(), await platform.start("norrby", "referral")
    value = f"Bearer {NUMBER}" if header == "Authorization" else CANARY
    client = app.as_nobody() if header == "Authorization" else app.as_party("clinic")
    client.base_url = httpx.URL("http://samspar")
    answer = await client.post("/referral/v1/referrals", content=b"{}", headers={header: value})
    assert answer.status_code >= 400
    assert_silent(said(answer) + spans.text() + caplog.text, header)
