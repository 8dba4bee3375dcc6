"""Rows are received beside everything else, and whatever ends the service in between, each once."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from referral.domain.documents import CHUNK
from referral.usecases.documents import Row, go_on, take_in
from referral.usecases.intake import Sent
from shared.caller import Caller
from shared.identity import Identity
from shared.testing.apps import App, Platform
from shared.testing.sending import NUMBERS, Sender, as_csv, many, row
from shared.vault.tables import vault, vault_key

COUNT = 200


async def test_stopped_in_the_middle_it_goes_on(platform: Platform, settings: dict[str, Any]):
    app = await platform.start("norrby", "referral", **settings)
    answer = await Sender.of(app).post(as_csv(many(COUNT)))
    document = answer.json()["id"]
    before = await Sender.of(app).until(document, lambda said: said["received"] > 0)
    await app.stop()
    assert 0 < before["received"] < COUNT
    sender = Sender.of(await platform.start("norrby", "referral", **settings))
    said = await sender.done(document)
    assert (said["received"], said["refused"], said["duplicate"]) == (COUNT, 0, 0)
    persons = Counter(told.said["personId"] for told in await sender.app.told("referral.received"))
    assert (len(persons), set(persons.values())) == (COUNT, {1})
    links = {each["referral"] for each in await sender.rows(document)}
    assert len(links) == COUNT


async def test_what_rows_said_is_forgotten_when_they_are_received(sender: Sender):
    """Two things are kept of each person, under its own key; nothing under the document's."""
    said = await sender.sends(as_csv(many(120)))
    async with sender.app.here.database.reading() as connection:
        keys = await connection.scalar(select(func.count()).select_from(vault_key))
        things = await connection.scalar(select(func.count()).select_from(vault))
        own = select(func.count()).select_from(vault).where(vault.c.person == UUID(said["id"]))
        assert (keys, things, await connection.scalar(own)) == (120, 240, 0)


async def test_a_refused_document_keeps_nothing(sender: Sender):
    await sender.sends(as_csv([row(), row("199001012386")]))
    async with sender.app.here.database.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(vault_key)) == 0


async def test_two_documents_take_turns(sender: Sender):
    """A small one is not kept waiting by a large one before it."""
    large = (await sender.post(as_csv(many(400)))).json()["id"]
    small = await sender.sends(as_csv([row()]))
    assert small["received"] == 1
    assert (await sender.client.get(f"/booking-documents/{large}")).json()["status"] == "working"


async def test_others_have_their_turn_after_each_row(referral: App):
    """On SQLite nothing in a transaction waits by itself: without a turn, all else stands still until its end."""
    here, repertoire = referral.here, referral.app.state.home.repertoire
    sender = Caller("norrby", "social_services", "", "", frozenset())
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    working = asyncio.create_task(other())
    async with here.database.transaction() as uow:
        before = turns
        rows = [Row.of(n, sent_of(n)) for n in range(2, 2 + 4 * CHUNK)]
        document, _ = await take_in(uow, repertoire, here.vault, sender, rows, good=False, key=here.secret)
        taken_in = turns
        for _ in range(4):
            await go_on(uow, repertoire, here.vault, document.id)
        done = turns
    working.cancel()
    assert (document.received, document.pending) == (4 * CHUNK, 0)
    assert taken_in - before >= 3 * 4
    assert done - taken_in >= 4 * CHUNK


def sent_of(number: int) -> Sent:
    """A person who does not exist, to the pathway that asks nothing."""
    identity = Identity.model_validate({"type": "reserve", "value": f"2026R{number:06}"})
    contact = {"given_name": "Kanarina", "family_name": "Fågelsson"}
    return Sent(pathway="ekby/adults", door="booking_document", identity=identity, contact=contact, attests=set())


async def test_the_flow_says_that_it_goes_on(sender: Sender):
    await sender.sends(as_csv([row()]))
    assert sender.app.here.flow.lines["receiving"].fault is None


async def damage(app: App, *conditions: Any) -> None:
    """What the vault holds there is no more what was stored."""
    async with app.here.database.transaction() as uow:
        await uow.session.execute(update(vault).where(*conditions).values(sealed=b"damaged"))


async def test_a_row_that_cannot_be_received_holds_back_no_other(sender: Sender):
    """What is known of one person is damaged; who comes after is received, and nothing that was said is kept."""
    first = await sender.sends(as_csv([row(NUMBERS[0])]))
    await damage(sender.app, vault.c.kind == "identity")
    said = await sender.sends(as_csv([*many(60), row(NUMBERS[0], Telefon="070-1740606"), *many(130)[60:]]))
    assert (said["status"], said["received"], said["refused"]) == ("done", 130, 1)
    (bad,) = await sender.rows(said["id"], status="refused")
    assert (bad["number"], bad["code"], bad["referral"]) == (62, "platform/row-failed", None)
    assert "enskild remiss" in bad["reason"]["sv"]
    async with sender.app.here.database.reading() as connection:
        own = (
            select(func.count())
            .select_from(vault_key)
            .where(vault_key.c.person.in_([UUID(said["id"]), UUID(first["id"])]))
        )
        assert await connection.scalar(own) == 0
    assert sender.app.here.flow.lines["receiving"].fault is None


@pytest.mark.parametrize("damaged", [1, 3])
async def test_rows_whose_texts_are_damaged(sender: Sender, damaged: int):
    """One chunk is passed over; where nothing goes well the document waits, and the flow says so."""
    document = UUID((await sender.post(as_csv(many(400)))).json()["id"])
    kinds = [f"rows/{n:04}" for n in range(5, 5 + damaged)]
    await damage(sender.app, vault.c.person == document, vault.c.kind.in_(kinds))
    said = await sender.until(str(document), lambda said: said["refused"] == 50 and said["received"] >= 250)
    line = sender.app.here.flow.lines["receiving"]
    if damaged == 1:
        said = await sender.done(str(document))
        assert (said["received"], said["refused"], line.fault) == (350, 50, None)
        return
    async with asyncio.timeout(60):
        while line.fault is None:  # noqa: ASYNC110 -- as an operator would look
            await asyncio.sleep(0.02)
    said = (await sender.client.get(f"/booking-documents/{document}")).json()
    assert (said["status"], said["received"], said["refused"], line.fault) == ("working", 250, 50, "VaultDamaged")
    small = await sender.sends(as_csv([row()]))
    assert (small["received"], line.fault) == (1, "VaultDamaged")


async def test_the_last_row_fails_and_nothing_is_kept(sender: Sender):
    await sender.sends(as_csv([row(NUMBERS[0])]))
    await damage(sender.app, vault.c.kind == "identity")
    said = await sender.sends(as_csv([row(NUMBERS[0], Telefon="070-1740606")]))
    assert (said["status"], said["refused"]) == ("done", 1)
    async with sender.app.here.database.reading() as connection:
        own = select(func.count()).select_from(vault_key).where(vault_key.c.person == UUID(said["id"]))
        assert await connection.scalar(own) == 0
