"""The order of a release: nothing is sent that is late, unconfirmed or sent before."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from booking.domain import Meeting
from shared.caller import Caller
from shared.errors import NotFound
from shared.http.idempotency import Attempt
from shared.ids import uuid7
from shared.releases import release
from shared.releases.permits import Wanted
from shared.releases.release import Release
from shared.releases.words import Category, Purpose
from shared.testing.asking import MONDAY
from shared.testing.releasing import PHONE, Releaser, Side, receipts
from shared.uow import UnitOfWork


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
        uow.grant(meeting.id, [("agency", "employment_service")], acts=[])

    async def read(uow: UnitOfWork) -> UUID:
        return (await uow.get(Meeting, meeting.id)).id

    for party in ("employment_service", "stranger"):
        caller = Caller("agency", party, "officer", "desk", frozenset())
        asked = Release(here, caller, Attempt(scope=party.encode(), body_hash=b""))
        wanted = Wanted(
            home="norrby",
            person_id=side.person,
            party=asked.party(None),
            purpose=Purpose.MEETING,
            categories=frozenset({Category.CONTACT}),
        )
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
