"""Every error is a problem that says who failed, and nothing of what was sent or of how the platform is made."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from shared.errors import Fault, Refused
from shared.testing.apps import Platform
from shared.testing.servers import Postgres
from shared.testing.things import Row, Things

JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    said = answer.json()
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"https://samspar.example/problems/{code}"
    assert said["title"].endswith(".")
    return said


BODIES = {
    "not json": b"word=lamp",
    "half": b'{"word": "la',
    "two": b'{"word": "lamp"} {"word": "lamp"}',
    "not utf-8": b'{"word": "l\xe5mp"}',
    "utf-16": '{"word": "lamp"}'.encode("utf-16"),
    "deep": b'{"word":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep objects": b'{"word":' * 10_000 + b"1" + b"}" * 10_000,
    "NaN": b'{"word": NaN}',
    "infinite": b'{"word": -Infinity}',
    "a name twice": b'{"word": "lamp", "word": "chair"}',
    "a number without end": b'{"word": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_readers_would_understand_differently(things: Things, body: bytes):
    answer = await things.app.as_party("clinic").post("/things", content=body, headers=JSON)
    assert_problem(answer, 400, "sender/not-json")
    assert await things.count() == 0


WRONG = {
    "nothing": (b"", "/body"),
    "null": (b"null", "/body"),
    "a list": (b"[]", "/body"),
    "an unknown field": (b'{"word": "lamp", "remark": "x"}', "/body/?"),
    "our own name for it": (b'{"word": "lamp", "thing_id": "x"}', "/body/?"),
    "a missing field": (b"{}", "/body/word"),
    "another type": (b'{"word": {}}', "/body/word"),
    "half a character": (b'{"word": "\\ud800"}', "/body/word"),
    "no uuid": (b'{"word": "lamp", "beside": "anna"}', "/body/beside"),
}


@pytest.mark.parametrize(("body", "pointer"), WRONG.values(), ids=WRONG)
async def test_a_body_that_says_what_cannot_be(things: Things, body: bytes, pointer: str):
    answer = await things.app.as_party("clinic").post("/things", content=body, headers=JSON)
    said = assert_problem(answer, 422, "sender/invalid")
    assert [each["pointer"] for each in said["errors"]] == [pointer]


async def test_what_was_expected_is_said_in_the_words_of_the_contract(things: Things):
    """The library's own words for a wrong UUID quote a part of it."""
    answer = await things.app.as_party("clinic").post("/things", json={"word": "A", "beside": "anna"})
    word, beside = answer.json()["errors"]
    assert word["expected"] == "String should match pattern '^[a-z]{1,20}$'"
    assert beside == {"pointer": "/body/beside", "expected": "uuid parsing"}


@pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", "text/json", "json", ""])
async def test_another_content_type(things: Things, type_: str):
    headers = {"Content-Type": type_} if type_ else {}
    answer = await things.app.as_party("clinic").post("/things", content=b'{"word": "lamp"}', headers=headers)
    assert_problem(answer, 415, "sender/http-415")


async def test_json_by_its_other_names(things: Things):
    for type_ in ("application/json; charset=utf-8", "application/merge-patch+json"):
        answer = await things.app.as_party("clinic").post(
            "/things", content=b'{"word": "lamp"}', headers={"Content-Type": type_}
        )
        assert answer.status_code == 201


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    """Without a content-length."""
    yield b'{"word": "'
    for _ in range(size // 1024):
        yield b"x" * 1024


@pytest.mark.parametrize("length", ["said", "unsaid", "a lie"])
async def test_more_than_a_mebibyte(things: Things, length: str):
    content = in_pieces(MIB) if length == "unsaid" else b" " * (MIB + 1) if length == "said" else b"{}"
    headers = JSON | ({"Content-Length": "9" * 30} if length == "a lie" else {})
    answer = await things.app.as_party("clinic").post("/things", content=content, headers=headers)
    assert_problem(answer, 413, "sender/too-large")


async def test_a_length_that_is_no_number_is_not_believed(things: Things):
    for length in ("-1", "²", "ten"):
        headers: Any = {"Content-Length": length.encode(), "Content-Type": b"application/json"}
        answer = await things.app.as_party("clinic").post("/things", content=b"{", headers=headers)
        assert_problem(answer, 400, "sender/not-json")


async def test_addresses_and_methods_that_are_not_used(things: Things):
    clinic = things.app.as_party("clinic")
    assert_problem(await clinic.get("/nowhere"), 404, "sender/http-404")
    assert_problem(await clinic.get("/things/"), 404, "sender/http-404")
    answer = await clinic.put("/things", json={})
    assert_problem(answer, 405, "sender/http-405")
    assert answer.headers["allow"]


async def test_an_unexpected_error_says_nothing_and_leaves_its_place_in_the_log(
    things: Things, caplog: pytest.LogCaptureFixture
):
    things.fault = ValueError("Anna Andersson 189001019802")
    answer = await things.app.as_party("clinic").post("/things/0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10/faults")
    said = assert_problem(answer, 500, "platform/bug")
    assert said.keys() == {"type", "title", "status", "detail", "code"}
    assert "Anna" not in answer.text + caplog.messages[-1]
    assert caplog.messages[-1] == "unexpected: ValueError"


class NotToday(Refused):
    """It is closed today."""

    fault = Fault.WAITING


async def test_a_refusal_says_who_failed_and_what_to_do(things: Things):
    things.fault = NotToday("Come tomorrow.", task="lamp")
    answer = await things.app.as_party("clinic").get("/things/0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10/faults")
    said = assert_problem(answer, 409, "waiting/not-today")
    assert (said["title"], said["detail"], said["task"]) == ("It is closed today.", "Come tomorrow.", "lamp")
    assert answer.headers["retry-after"] == "2"


class Sqlstate(Exception):
    """What a driver raises."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("Anna Andersson")
        self.sqlstate = sqlstate


FAULTS = [
    (DBAPIError("x", None, Sqlstate("57P01")), 503, "platform/unavailable"),
    (DBAPIError("x", None, Sqlstate("55P03")), 503, "platform/unavailable"),
    (DBAPIError("x", None, Sqlstate("42P01")), 500, "platform/bug"),
    (ConnectionRefusedError("Anna"), 503, "platform/unavailable"),
    (TimeoutError("Anna"), 503, "platform/unavailable"),
    (RecursionError("Anna"), 500, "platform/bug"),
]


@pytest.mark.parametrize(("fault", "status", "code"), FAULTS, ids=[f"{f[1]}-{n}" for n, f in enumerate(FAULTS)])
async def test_a_bug_is_not_called_an_outage_nor_the_other_way(
    things: Things, fault: Exception, status: int, code: str
):
    things.fault = fault
    answer = await things.app.as_party("clinic").get("/things/0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10/faults")
    assert_problem(answer, status, code)
    assert "Anna" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_while_the_database_is_down_callers_are_asked_to_come_again(platform: Platform, postgres: Postgres):
    postgres.start()
    things = Things()
    url = SecretStr(postgres.create_database())
    things.app = await platform.start("norrby", "booking", create=things.create, database_url=url)
    async with things.app.here.database.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    clinic = things.app.as_party("clinic")
    headers = {"Idempotency-Key": "k1"}
    postgres.kill()
    try:
        for answer in (
            await clinic.post("/things", json={"word": "lamp"}, headers=headers),
            await clinic.get("/things"),
            await things.app.as_nobody().get("/readyz"),
        ):
            said = assert_problem(answer, 503, "platform/unavailable")
            assert answer.headers["retry-after"] == "2"
            assert "postgres" not in json.dumps(said)
        assert (await things.app.as_nobody().get("/livez")).status_code == 200
    finally:
        postgres.start()
    assert (await clinic.post("/things", json={"word": "lamp"}, headers=headers)).status_code == 201
    assert await things.count() == 1
