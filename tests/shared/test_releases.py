"""The kit's side of a disclosure: permit, receipt, bytes; and the fence. The consent service answers by script."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from booking.domain import Meeting
from shared.caller import Caller
from shared.errors import NotFound
from shared.http.idempotency import Attempt
from shared.ids import uuid7
from shared.releases import permits, release
from shared.releases.permits import Wanted
from shared.releases.release import Release
from shared.releases.tables import receipt
from shared.releases.words import Category, Purpose
from shared.service_tokens import NoTokens
from shared.testing.apps import App, Platform
from shared.testing.asking import MONDAY
from shared.testing.releasing import PHONE, Releaser, knows, receipts
from shared.uow import UnitOfWork

BASIS = uuid4()
Said = Callable[[dict[str, Any]], Awaitable[httpx.Response]]


async def yes(asked: dict[str, Any]) -> httpx.Response:
    return said({"releaseId": asked["releaseId"], "granted": True, "basis": str(BASIS), "number": 7})


async def no(asked: dict[str, Any]) -> httpx.Response:
    return said({"releaseId": asked["releaseId"], "granted": False, "lacks": ["waiver", "consent"]})


def said(*permits: dict[str, Any], status: int = 201) -> httpx.Response:
    return httpx.Response(status, json={"permits": list(permits)})


@dataclass
class Side:
    """A releaser of `norrby` whose consent service says what the test wants."""

    platform: Platform
    app: App
    releaser: Releaser
    person: UUID
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    says: Said = yes

    async def consent(self, request: httpx.Request, _: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        (wanted,) = json.loads(request.content)["releases"]
        self.asked.append(wanted)
        return await self.says(wanted)

    async def release(self, person: UUID | None = None, *, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        client = self.app.as_party("employment_service", organisation="agency")
        body = {"home": "norrby", "personId": str(person or self.person)}
        return await client.post("/releases", json=body, headers=headers)

    async def fence(
        self, release_id: UUID | str, *, organisation: str = "norrby", service: str = "consent"
    ) -> httpx.Response:
        return await self.app.as_service(organisation, service).post(f"/releases/{release_id}/fence")

    @property
    def release_id(self) -> UUID:
        return UUID(self.asked[-1]["releaseId"])


@pytest.fixture(params=["sqlite", "postgresql"])
async def side(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Side]:
    settings: dict[str, Any] = {}
    if request.param == "postgresql":
        settings["database_url"] = SecretStr(request.getfixturevalue("new_database")())
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy") as platform:
        releaser = Releaser()
        app = await platform.start("norrby", "booking", create=releaser.create, **settings)
        await platform.start("norrby", "consent", create=Releaser().create)
        side = Side(platform, app, releaser, await knows(app.here))
        platform.network.delivery = side.consent
        yield side


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
            "categories": ["contact"],
        }
    ]
    async with side.app.here.database.reading() as connection:
        (row,) = await connection.execute(select(receipt))
    assert row.release_id == side.release_id
    assert (row.void, row.home, row.basis, row.permit, row.person) == (False, "norrby", BASIS, 7, side.person)
    assert (row.purpose, row.categories, row.recipient) == ("meeting", "contact", "agency")


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
    "moved": always(httpx.Response(307, json={}, headers={"location": "https://elsewhere.example"})),
}


@pytest.mark.parametrize("case", UNKNOWN)
async def test_unknown_is_no(side: Side, case: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(permits, "PATIENCE", 0.2)
    side.says = UNKNOWN[case]
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


async def test_fenced_before_the_receipt_nothing_is_released(side: Side):
    async def say(asked: dict[str, Any]) -> httpx.Response:
        fenced = await side.fence(asked["releaseId"])
        assert fenced.json() == {"releaseId": asked["releaseId"], "void": True, "permit": None}
        return await yes(asked)

    side.says = say
    answer = await side.release()
    assert (answer.status_code, answer.json()["code"]) == (409, "consent/fenced")
    assert PHONE not in answer.text
    assert await receipts(side.app) == {side.release_id: None}


async def test_a_fence_waits_for_the_release_in_flight_and_finds_it(side: Side):
    fencing: list[asyncio.Task[httpx.Response]] = []

    async def inside() -> None:
        fencing.append(asyncio.create_task(side.fence(side.release_id)))
        await asyncio.sleep(0.3)
        assert not fencing[0].done()

    side.releaser.inside = inside
    assert (await side.release()).status_code == 201
    assert (await fencing[0]).json() == {"releaseId": str(side.release_id), "void": False, "permit": 7}


async def test_a_release_that_fails_leaves_its_id_to_the_fence(side: Side):
    fencing: list[asyncio.Task[httpx.Response]] = []

    async def inside() -> None:
        fencing.append(asyncio.create_task(side.fence(side.release_id)))
        await asyncio.sleep(0.3)
        raise TimeoutError

    side.releaser.inside = inside
    assert (await side.release()).status_code == 503
    assert (await fencing[0]).json()["void"] is True
    assert await receipts(side.app) == {side.release_id: None}


async def test_asked_again_the_fence_says_the_same(side: Side):
    void = uuid7()
    assert [(await side.fence(void)).json()["void"] for _ in range(2)] == [True, True]
    await side.release()
    assert [(await side.fence(side.release_id)).json()["permit"] for _ in range(2)] == [7, 7]
    assert await receipts(side.app) == {void: None, side.release_id: 7}


async def test_more_than_ten_seconds_is_no(side: Side, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(release, "LONGEST", 0.3)
    side.releaser.inside = lambda: asyncio.sleep(5)
    answer = await side.release()
    assert (answer.status_code, answer.json()["code"]) == (503, "platform/too-slow")
    assert (await side.fence(side.release_id)).json()["void"] is True


async def test_a_commit_that_cannot_be_confirmed_releases_nothing(side: Side):
    if side.app.here.database.sqlite:
        pytest.skip("SQLite has no connection to lose")
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'"
    )

    async def inside() -> None:
        async with side.app.here.database.reading() as connection:
            await connection.execute(others)

    side.releaser.inside = inside
    answer = await side.release()
    assert answer.status_code == 503
    assert PHONE not in answer.text
    side.releaser.inside = Releaser().inside
    assert (await side.fence(side.release_id)).json()["void"] is True


async def test_a_release_is_never_sent_twice(side: Side):
    assert (await side.release(key="once")).status_code == 201
    again = await side.release(key="once")
    assert (again.status_code, again.json()["code"]) == (409, "sender/released-before")
    assert PHONE not in again.text
    assert len(await receipts(side.app)) == 1
    assert (await side.release(uuid7(), key="once")).status_code == 422


async def test_a_release_needs_a_key_and_a_token(side: Side):
    assert (await side.release(key="no key")).json()["code"] == "sender/key-missing"
    nobody = await side.app.as_nobody().post("/booking/v1/releases", json={})
    assert nobody.status_code == 401
    assert side.asked == []


async def test_only_the_consent_service_of_that_home_fences(side: Side):
    await side.release()
    assert (await side.fence(side.release_id, organisation="agency")).status_code == 404
    assert (await side.fence(side.release_id, service="booking")).status_code == 403
    as_person = side.app.as_party("consent", scopes=["samspar.service", "samspar.booking"])
    for client in (as_person, side.app.as_party("social_services"), side.app.as_operator()):
        assert (await client.post(f"/releases/{uuid7()}/fence")).status_code == 403
    assert (await side.fence("x")).status_code == 422
    assert await receipts(side.app) == {side.release_id: 7}


async def test_a_key_may_not_be_forged_by_the_fence_of_another_home(side: Side):
    """What `agency` fences for itself is void for good too: an id is never released once anybody has fenced it."""

    async def say(asked: dict[str, Any]) -> httpx.Response:
        await side.fence(asked["releaseId"], organisation="agency")
        return await yes(asked)

    side.says = say
    assert (await side.release()).json()["code"] == "consent/fenced"


def a_meeting(person: UUID) -> Meeting:
    return Meeting(
        id=uuid7(),
        case_id=uuid7(),
        home="norrby",
        task="talk",
        round=1,
        kind="meeting",
        outcomes=["held"],
        person_id=person,
        opened_at=MONDAY,
        changed_at=MONDAY,
    )


async def test_a_part_in_the_thing_is_needed_and_enough(side: Side):
    """What is disclosed is read with the caller's eyes; no right to change it is asked for."""
    here, meeting = side.app.here, a_meeting(side.person)
    async with here.database.transaction() as uow:
        await uow.lock(meeting.case_id)
        uow.add(meeting)
        await uow.grant(meeting.id, [("agency", "employment_service")], acts=[])
    wanted = Wanted(
        home="norrby", person_id=side.person, purpose=Purpose.MEETING, categories=frozenset({Category.CONTACT})
    )

    async def read(uow: UnitOfWork) -> UUID:
        return (await uow.get(Meeting, meeting.id)).id

    for party in ("employment_service", "stranger"):
        caller = Caller("agency", party, "officer", "desk", frozenset())
        asked = Release(here, caller, Attempt(scope=party.encode(), body_hash=b""))
        if party == "stranger":
            with pytest.raises(NotFound):
                await asked(wanted, read)
            with pytest.raises(NotFound):
                async with asked.looking() as uow:
                    await read(uow)
        else:
            async with asked.looking() as uow:
                assert await read(uow) == meeting.id
            assert await asked(wanted, read) == meeting.id
    assert len(await receipts(side.app)) == 1
