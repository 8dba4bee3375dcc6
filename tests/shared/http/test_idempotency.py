"""The same key and body get the same answer, for ever, and one effect."""

import asyncio
import hashlib
import hmac
from typing import Any

import httpx
import pytest
from fastapi import Response
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shared.db import is_tie
from shared.http.idempotency import Attempt
from shared.tables import idempotency
from shared.testing.things import Things
from shared.uow import UnitOfWork

BODY = {"word": "lamp"}


async def post(client: httpx.AsyncClient, key: str = "k1", body: Any = BODY, path: str = "/things") -> httpx.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": key})


def essence(answer: httpx.Response) -> tuple[Any, ...]:
    kept = ("location", "etag", "content-type")
    return (answer.status_code, answer.content, *(answer.headers[name] for name in kept))


@pytest.mark.parametrize("key", ["", " ", "å", "a b", "x" * 256], ids=["none", "blank", "beyond", "space", "long"])
async def test_a_post_without_a_key_is_not_begun(things: Things, key: str):
    answer = await things.app.as_party("clinic").post("/things", json=BODY, headers={b"Idempotency-Key": key.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "sender/key-missing")
    assert await things.count() == 0


async def test_the_same_request_is_answered_alike_and_done_once(either: Things):
    clinic = either.app.as_party("clinic")
    first = await post(clinic)
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    assert first.headers["location"].endswith(f"/things/{first.json()['id']}")
    assert essence(await post(clinic)) == essence(first)
    assert essence(await post(clinic, key='"k1"')) == essence(first)
    assert (await either.count(), len(await either.app.told())) == (1, 1)


async def test_an_answer_is_kept_over_a_restart_and_a_later_change(things: Things):
    clinic = things.app.as_party("clinic")
    first = await post(clinic)
    path = f"/things/{first.json()['id']}"
    await clinic.put(path, json={"word": "chair"}, headers={"If-Match": "*"})
    assert essence(await post(clinic)) == essence(first)
    assert (await clinic.get(path)).json()["word"] == "chair"


async def test_the_same_key_with_another_body_is_refused(either: Things):
    clinic = either.app.as_party("clinic")
    await post(clinic)
    for body in ({"word": "chair"}, {"word": "lamp", "beside": None}):
        answer = await post(clinic, body=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "sender/key-reused")
    assert await either.count() == 1


async def test_the_same_key_with_another_query_is_refused(things: Things):
    """As an upload for all rows, then for the good ones."""
    clinic = things.app.as_party("clinic")
    await post(clinic)
    answer = await post(clinic, path="/things?only=good")
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/key-reused")


async def test_twenty_at_once_have_one_effect(either: Things):
    clinic = either.app.as_party("clinic")
    answers = await asyncio.gather(*(post(clinic) for _ in range(20)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert {essence(answer) for answer in done} == {essence(done[0])}
    for answer in answers:
        if answer not in done:
            assert (answer.status_code, answer.json()["code"]) == (409, "waiting/still-running")
            assert int(answer.headers["retry-after"]) > 0
    assert (await either.count(), len(await either.app.told()), await either.answers()) == (1, 1, 1)
    assert essence(await post(clinic)) == essence(done[0])


async def test_one_that_ended_between_the_look_and_the_lock_is_met_at_the_end(either: Things):
    """The database breaks the tie, and the whole is run again: then the answer is found."""
    database, answer = either.app.here.database, Response(b"first", 201)
    attempt = Attempt(b"scope", b"body")
    if database.sqlite:
        pytest.skip("SQLite has one writer")

    async def overtaken() -> None:
        async with database.transaction() as late:
            assert await attempt.answered(late) is None
            async with database.transaction() as early:
                attempt.remember(early, answer)
            attempt.remember(late, Response(b"second", 201))

    with pytest.raises(IntegrityError) as met:
        await overtaken()
    assert is_tie(met.value)
    async with database.transaction() as again:
        found = await attempt.answered(again)
    assert found is not None
    assert found.body == b"first"


async def test_one_that_meets_what_its_first_did_is_answered_as_that(things: Things, monkeypatch: pytest.MonkeyPatch):
    """The first ended after this one looked for its answer, and before it looked at what the first changed."""
    clinic = things.app.as_party("clinic")
    (thing,) = await things.make_many(["lamp"])
    headers = {"Idempotency-Key": "k1", "If-Match": '"1"'}
    first = await clinic.post(f"/things/{thing}/words", json={"word": "chair"}, headers=headers)
    looked, look = [0], Attempt.answered

    async def too_early(attempt: Attempt, uow: UnitOfWork) -> Response | None:
        looked[0] += 1
        return None if looked[0] == 1 else await look(attempt, uow)

    monkeypatch.setattr(Attempt, "answered", too_early)
    again = await clinic.post(f"/things/{thing}/words", json={"word": "chair"}, headers=headers)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert looked == [2]


async def test_others_keys_are_their_own(things: Things):
    """Of another organisation, another client, and another party that the same client speaks for."""
    app = things.app
    clients = [app.as_party("clinic"), app.as_party("school"), app.as_party("clinic", organisation="agency")]
    shared = app.as_party("shelter")
    assert shared.auth is not None
    shared.auth.client_id = "norrby-clinic"  # pyright: ignore[reportAttributeAccessIssue] -- it is the test kit's Bearer
    answers = [await post(client) for client in [*clients, shared]]
    assert len({answer.json()["id"] for answer in answers}) == len(answers) == await things.count()
    again = await post(shared)
    assert again.json() == answers[-1].json()


async def test_the_key_belongs_to_one_address(things: Things):
    clinic = things.app.as_party("clinic")
    one, other = [(await post(clinic, key)).json()["id"] for key in ("k1", "k2")]
    for thing in (one, other):
        answer = await post(clinic, "k3", {"word": "chair"}, f"/things/{thing}/words")
        assert answer.json()["id"] == thing


async def test_a_refusal_is_not_remembered(things: Things):
    clinic = things.app.as_party("clinic")
    assert (await post(clinic, body={"word": "NOT A WORD"})).status_code == 422
    assert await things.answers() == 0
    assert (await post(clinic)).status_code == 201


async def test_without_a_commit_there_is_no_answer_and_no_effect(either: Things):
    clinic = either.app.as_party("clinic")
    nowhere = {"word": "lamp", "beside": "0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10"}
    answer = await post(clinic, body=nowhere)
    assert (answer.status_code, answer.json()["code"]) == (500, "platform/bug")
    assert "location" not in answer.headers
    assert (await either.count(), len(await either.app.told()), await either.answers()) == (0, 0, 0)
    assert (await post(clinic)).status_code == 201


async def test_without_a_stored_answer_nothing_is_done(things: Things):
    """Else the same request, sent again, would do it again."""
    clinic, engine = things.app.as_party("clinic"), things.app.here.database.engine
    refuses = "CREATE TRIGGER refuses BEFORE INSERT ON idempotency BEGIN SELECT RAISE(ABORT, 'no'); END"
    async with engine.begin() as connection:
        await connection.exec_driver_sql(refuses)
    assert (await post(clinic)).status_code == 500
    assert (await things.count(), len(await things.app.told())) == (0, 0)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DROP TRIGGER refuses")
    assert (await post(clinic)).status_code == 201
    assert await things.count() == 1


async def test_what_was_answered_is_there(either: Things):
    clinic = either.app.as_party("clinic")
    for n in range(5):
        made = await post(clinic, f"k{n}")
        assert (await clinic.get(made.headers["location"])).json() == made.json()


async def test_what_is_kept_of_a_body_says_nothing_without_the_key_of_the_service(things: Things):
    """All personal numbers can be hashed in seconds."""
    await post(things.app.as_party("clinic"))
    async with things.app.here.database.reading() as connection:
        kept = (await connection.execute(select(idempotency.c.body_hash))).scalar_one()
    sent = httpx.Request("POST", "http://samspar", json=BODY).content
    plain = {hashlib.new(name, before + sent).digest() for name in ("sha256", "sha3_256") for before in (b"", b"\n")}
    assert kept not in plain
    assert kept == hmac.digest(things.app.here.secret, b"\n" + sent, "sha256")
