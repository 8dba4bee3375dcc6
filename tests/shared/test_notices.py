"""Whoever told an event hears when it dies somewhere, and what became of it; and nobody hears of a notice's death."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from shared import deadletters, tables
from shared.clock import SystemClock
from shared.envelope import Envelope, to_message
from shared.errors import Fault, Refused
from shared.ids import uuid7
from shared.resolutions import ReplayReason, SkipReason
from shared.testing.numbers import TYPE, Broken, Numbers, number, until, working
from shared.testing.world import World
from shared.uow import UnitOfWork

DIED, REPLAYED, SKIPPED = (f"se.samspar.message.{fate}.v1" for fate in ("died", "replayed", "skipped"))


class Later(Refused):
    """Not now."""

    fault = Fault.RECEIVER


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def later(_: UnitOfWork) -> None:
    raise Later


async def told(hearer: Numbers) -> list[Any]:
    """All that it has told, once it has looked at what died."""
    await hearer.retries.try_due()
    return await hearer.rows(tables.event)


async def letters(hearer: Numbers) -> list[int]:
    return [row.seq for row in await hearer.rows(tables.parked, tables.parked.c.state == "dead")]


async def replayed(hearer: Numbers, letter: int) -> None:
    async with hearer.database.transaction() as uow:
        await deadletters.replay_one(uow, hearer.retries, letter, ReplayReason.TRY_AGAIN)
    await hearer.retries.try_due()


async def test_the_teller_of_an_event_that_dies_is_told_and_nobody_else(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers(organisation=world.there)
    hearer.breaks[1] = bug
    event = number(world.here, case, 1)
    await hearer.inbox.take([event])
    (notice,) = await told(hearer)
    assert (notice.type, notice.case_id, notice.home) == (DIED, None, world.there)
    assert notice.audience == {world.here, world.there}
    assert json.loads(notice.body) == {
        "toldBy": f"/{world.here}/teller",
        "cause": "platform",
        "eventId": event.id,
        "eventType": TYPE,
    }
    assert notice.stream not in (case, UUID(event.id))


async def test_it_is_told_once_for_a_letter_and_again_when_it_is_taken_in(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, case, 1)])
    (letter,) = await letters(hearer)
    await replayed(hearer, letter)
    assert [each.type for each in await told(hearer)] == [DIED], "it is dead as before"
    hearer.breaks.clear()
    await replayed(hearer, letter)
    died, again = await told(hearer)
    assert (died.type, again.type, again.sequence) == (DIED, REPLAYED, 2)
    assert (again.stream, json.loads(again.body)["eventId"]) == (died.stream, json.loads(died.body)["eventId"])


async def test_it_is_told_when_it_is_skipped(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, case, 1)])
    (letter,) = await letters(hearer)
    assert len(await told(hearer)) == 1
    async with hearer.database.transaction() as uow:
        await deadletters.skip(uow, hearer.retries, letter, SkipReason.DUPLICATE, "told twice")
    died, skipped = await told(hearer)
    assert (skipped.type, skipped.stream) == (SKIPPED, died.stream)
    assert b"twice" not in skipped.body


async def test_what_fails_and_is_tried_again_is_nobody_s_news_until_it_is_dead(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = later
    await hearer.inbox.take([number(world.here, case, 1), number(world.here, uuid7(), 2, needs=9)])
    assert await told(hearer) == []
    hearer.breaks[1] = bug
    (row, _) = await hearer.rows(tables.parked)
    await hearer.retries.attempt([row])
    assert [each.type for each in await told(hearer)] == [DIED]
    hearer.breaks.clear()
    await hearer.inbox.take([number(world.here, uuid7(), 3)])
    assert [each.type for each in await told(hearer)] == [DIED]


async def test_whoever_sent_what_nobody_can_read_is_told_by_the_broker_s_word(world_of_databases: World):
    world = world_of_databases
    hearer = await world.numbers(organisation=world.there)
    forged = replace(number(world.there, uuid7(), 1, teller="hearer"), user_id=f"{world.here}.teller")
    nobody = replace(number(world.here, uuid7(), 2), user_id="stranger")
    await hearer.inbox.take([forged, forged, nobody])
    (notice,) = await told(hearer)
    assert json.loads(notice.body) == {"toldBy": f"/{world.here}/teller", "cause": "sender"}
    assert notice.audience == {world.here, world.there}


def notice_of(world: World, body: dict[str, Any], *, user: str | None = None, type_: str = DIED) -> Any:
    """What the hearer over there says."""
    envelope = Envelope(
        id=uuid7(),
        source=f"/{world.there}/hearer",
        type=type_,
        stream=uuid7(),
        sequence=1,
        time=SystemClock().now(),
        case_id=None,
        home=world.there,
        addressee=None,
        causation=None,
        traceparent=None,
    )
    return to_message(envelope, json.dumps(body).encode(), user_id=user or f"{world.there}.hearer")


async def test_a_notice_that_dies_makes_no_notice(world_of_databases: World):
    """Neither one that is not understood, nor one whose sender is not believed, nor one that cannot be read."""
    world = world_of_databases
    hearer = await world.numbers()
    spoilt = notice_of(world, {"cause": "weather"})
    unbelieved = notice_of(world, {}, user=f"{world.here}.teller")
    unread = notice_of(world, {})
    unread = replace(unread, headers={k: v for k, v in unread.headers.items() if k != "ce-home"})
    newer = notice_of(world, {}, type_=DIED.replace(".v1", ".v2"))
    await hearer.inbox.take([spoilt, unbelieved, unread, newer])
    assert await hearer.states() == ["dead"] * 4
    assert await told(hearer) == []
    for letter in await letters(hearer):
        await replayed(hearer, letter)
    for letter in await letters(hearer):
        async with hearer.database.transaction() as uow:
            await deadletters.skip(uow, hearer.retries, letter, SkipReason.UNREADABLE)
    assert await told(hearer) == []


async def test_a_service_keeps_what_is_said_of_its_own_events_alone(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.tell(case, 1)
    (own,) = await told(hearer)
    me, other = f"/{world.here}/hearer", f"/{world.here}/teller"
    dead = {"cause": "schema", "eventType": "se.samspar.almkvist.told.v1"}
    mine = notice_of(world, dead | {"toldBy": me, "eventId": str(own.id)})
    unread = notice_of(world, dead | {"toldBy": me})
    await hearer.inbox.take(
        [
            mine,
            unread,
            notice_of(world, dead | {"toldBy": other, "eventId": str(own.id)}),
            notice_of(world, dead | {"toldBy": me, "eventId": str(uuid7())}),
        ]
    )
    kept = [(row.event_id, row.type, row.cause, row.state) for row in await hearer.rows(tables.notice)]
    assert kept == [(own.id, TYPE, "schema", "died"), (None, None, "schema", "died")], "the type is our own word"
    assert {row.receiver for row in await hearer.rows(tables.notice)} == {f"/{world.there}/hearer"}


async def test_it_reaches_another_organisation_by_its_forwarder_and_is_seen_there(world: World):
    """Over each database and broker: told here, dead there, known here, replayed there, known here."""
    case = uuid7()
    teller, beside = await world.numbers("teller"), await world.numbers("hearer")
    hearer = await world.numbers(organisation=world.there)
    hearer.breaks[1] = bug
    await teller.tell(case, 1, to=frozenset({world.there}))
    works = [each.run() for each in (teller.relay, hearer.relay, hearer.retries)]
    works += [each.inbox.run(each.broker) for each in (teller, beside, hearer)]
    works += [forwarder.run() for each in (teller, hearer) for forwarder in each.forwarding.forwarders]

    async def known(state: str) -> bool:
        return [row.state for row in await teller.rows(tables.notice)] == [state]

    async with working(*works):
        await until(lambda: known("died"))
        (letter,) = await letters(hearer)
        hearer.breaks.clear()
        async with hearer.database.transaction() as uow:
            await deadletters.replay_one(uow, hearer.retries, letter, ReplayReason.REPAIRED)
        await until(lambda: known("replayed"))
    (event,) = await teller.rows(tables.event)
    (notice,) = await teller.rows(tables.notice)
    assert (notice.event_id, notice.receiver, notice.cause) == (event.id, f"/{world.there}/hearer", "platform")
    assert await hearer.seen(case) == [1]


async def test_it_reaches_a_service_of_the_same_organisation_by_its_own_queue(world: World):
    case = uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers("hearer")
    hearer.breaks[1] = bug
    await teller.tell(case, 1)
    works = [each.run() for each in (teller.relay, hearer.relay, hearer.retries)]
    works += [each.inbox.run(each.broker) for each in (teller, hearer)]

    async def known() -> bool:
        return [row.state for row in await teller.rows(tables.notice)] == ["died"]

    async with working(*works):
        await until(known)
    assert await hearer.states(case) == ["dead"]
    assert await hearer.rows(tables.notice) == [], "it is for whoever told the event"


async def test_an_event_log_that_refuses_the_notice_hinders_no_parking(postgres_world: World):
    """What cannot be told is told later; what failed is parked, and its queue goes on."""
    world, case, other = postgres_world, uuid7(), uuid7()
    hearer = await world.numbers()
    async with hearer.database.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE event ADD CONSTRAINT nothing CHECK (type LIKE '%number%')")
    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, case, 1), number(world.here, other, 2)])
    assert (await told(hearer), await hearer.states(case), await hearer.seen(other)) == ([], ["dead"], [2])
    async with hearer.database.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE event DROP CONSTRAINT nothing")
    await hearer.tell(other, 3)
    assert [each.type for each in await told(hearer)] == [TYPE, DIED]
