"""A booking document comes in: every row is answered, all or nothing, once, and by its sender alone."""

import asyncio
from typing import Any

import pytest

from shared.testing.apps import App, Platform
from shared.testing.sending import ASKING, CSV, NUMBERS, XLSX, Sender, as_csv, many, row

WRONG = row("199001012386")


def counts(said: dict[str, Any]) -> tuple[str, int, int, int, int, int]:
    """Status, total, received, duplicate, refused, pending."""
    return tuple(said[name] for name in ("status", "total", "received", "duplicate", "refused", "pending"))  # pyright: ignore[reportReturnType] -- six names, six values


async def test_each_row_becomes_a_referral(sender: Sender, platform: Platform):
    answer = await sender.post(as_csv([row(number) for number in NUMBERS]))
    assert (answer.status_code, answer.json()["rows"]) == (202, "all")
    assert answer.headers["location"].endswith(f"/referral/v1/booking-documents/{answer.json()['id']}")
    said = await sender.done(answer.json()["id"])
    assert counts(said) == ("done", 6, 6, 0, 0, 0)
    assert said["doneAt"] is not None
    rows = await sender.rows(said["id"])
    assert [(each["number"], each["status"]) for each in rows] == [(n, "received") for n in range(2, 8)]
    await platform.quiet()
    for each in rows:
        found = await sender.client.get(each["referral"].removeprefix("/referral/v1"))
        assert (found.json()["status"], found.json()["door"]) == ("opened", "booking_document")
    assert len(await sender.app.told("case.opened")) == 6


async def test_one_wrong_row_holds_back_all(sender: Sender):
    said = await sender.sends(as_csv([row(NUMBERS[0]), WRONG, row(NUMBERS[1], Väg="ekby/nothing")]))
    assert counts(said) == ("refused", 3, 0, 0, 3, 0)
    assert [each["code"] for each in await sender.rows(said["id"])] == [
        "sender/other-rows-wrong",
        "sender/identity-wrong",
        "sender/unknown-pathway",
    ]
    assert await sender.app.told() == []
    assert (await sender.client.get("/referrals")).json()["items"] == []


async def test_the_good_rows_where_they_are_asked_for(sender: Sender):
    content = as_csv([row(NUMBERS[0]), WRONG, row(NUMBERS[1])])
    assert await sender.results(content, rows="good") == [
        (2, "received", None),
        (3, "refused", "sender/identity-wrong"),
        (4, "received", None),
    ]
    assert len(await sender.app.told("referral.received")) == 2


async def test_rows_by_what_became_of_them(sender: Sender):
    said = await sender.sends(as_csv([row(NUMBERS[0]), WRONG]), rows="good")
    assert [each["number"] for each in await sender.rows(said["id"], status="refused")] == [3]


async def test_the_same_again_changes_nothing(sender: Sender):
    """The same rows, whatever the file: with another key, coding and delimiter."""
    rows = [row(number) for number in NUMBERS]
    first = await sender.sends(as_csv(rows))
    again = await sender.post(as_csv(rows, delimiter=",", coding="cp1252"))
    assert (again.status_code, again.json()) == (200, first)
    assert again.headers["location"].endswith(first["id"])
    assert len(await sender.app.told("referral.received")) == 6
    assert (await sender.client.get("/booking-documents")).json()["_meta"]["totalRecords"] == 1


async def test_the_same_at_once_is_one_document(platform: Platform, settings: dict[str, Any]):
    sender = Sender.of(await platform.start("norrby", "referral", **settings))
    answers = await asyncio.gather(*(sender.post(as_csv([row(number) for number in NUMBERS])) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1
    await sender.done(answers[0].json()["id"])
    assert len(await sender.app.told("referral.received")) == 6


async def test_with_rows_added_only_those_come_in(sender: Sender, platform: Platform):
    """The sheet grows; also who was taken back in the meantime does not come in anew."""
    old = [row(number) for number in NUMBERS[:3]]
    first = await sender.sends(as_csv(old))
    links = [each["referral"] for each in await sender.rows(first["id"])]
    await sender.client.post(f"{links[0].removeprefix('/referral/v1')}/withdrawals")
    await platform.quiet()
    said = await sender.sends(as_csv([*old, *(row(number) for number in NUMBERS[3:])]))
    assert counts(said) == ("done", 6, 3, 3, 0, 0)
    rows = await sender.rows(said["id"])
    assert [each["status"] for each in rows] == ["duplicate"] * 3 + ["received"] * 3
    assert [each["referral"] for each in rows[:3]] == links
    assert {each["code"] for each in rows[:3]} == {"sender/row-sent-before"}
    assert len(await sender.app.told("referral.received")) == 6


async def test_the_same_person_in_another_row_is_led_to_the_first(sender: Sender):
    said = await sender.sends(as_csv([row(), row(Telefon="070-1740606"), row()]))
    first, second, third = await sender.rows(said["id"])
    assert [each["status"] for each in (first, second, third)] == ["received", "duplicate", "duplicate"]
    assert {second["referral"], third["referral"]} == {first["referral"]}
    assert [second["code"], third["code"]] == ["sender/already-referred", "sender/row-sent-before"]


async def test_the_same_person_to_two_pathways_is_two_referrals(sender: Sender):
    assert await sender.results(as_csv([row(), row(**ASKING)])) == [(2, "received", None), (3, "received", None)]


async def test_a_person_referred_singly_is_a_duplicate(sender: Sender):
    person = {
        "identity": {"type": "personnummer", "value": NUMBERS[0]},
        "contact": {"givenName": "A", "familyName": "B"},
    }
    body = {"pathway": "ekby/adults", "door": "booking_document", "person": person}
    single = (await sender.client.post("/referrals", json=body)).json()
    said = await sender.sends(as_csv([row()]))
    (only,) = await sender.rows(said["id"])
    assert (only["status"], only["code"]) == ("duplicate", "sender/already-referred")
    assert only["referral"] == f"/referral/v1/referrals/{single['id']}"


async def test_a_refused_document_is_looked_at_anew(sender: Sender, platform: Platform):
    """Too young today; the same document on the birthday is another matter."""
    content = as_csv([row("200201012382")])
    first = await sender.sends(content)
    assert counts(first) == ("refused", 1, 0, 0, 1, 0)
    assert (await sender.post(content)).json()["id"] == first["id"]
    (only,) = await sender.rows(first["id"])
    assert (only["code"], "25-65" in only["reason"]["sv"]) == ("sender/age-outside", True)
    await platform.at(platform.apps["norrby", "referral"].here.clock.now().replace(year=2027, month=1, day=2))
    assert counts(await sender.sends(content)) == ("done", 1, 1, 0, 0, 0)


async def test_another_party_sees_nothing_of_it(sender: Sender, referral: App):
    said = await sender.sends(as_csv([row()]))
    for other in (referral.as_party("school"), referral.as_party("labour_market_unit")):
        for path in ("", "/rows"):
            assert (await other.get(f"/booking-documents/{said['id']}{path}")).status_code == 404
        assert (await other.get("/booking-documents")).json()["items"] == []


async def test_another_party_s_same_document_is_its_own(sender: Sender, referral: App):
    content = as_csv([row(**ASKING)])
    said = await sender.sends(content)
    other = Sender.of(referral, "school")
    theirs = await other.sends(content)
    assert theirs["id"] != said["id"]
    assert counts(theirs) == ("done", 1, 1, 0, 0, 0)


async def test_who_may_not_refer_by_the_door(referral: App):
    other = Sender.of(referral, "school")
    (only,) = await other.rows((await other.sends(as_csv([row()])))["id"])
    assert (only["code"], "social_services" in only["reason"]["en"]) == ("sender/wrong-referrer", True)


async def test_the_same_key_gets_the_same_answer(sender: Sender):
    content = as_csv([row()])
    first, again = [await sender.post(content, key="k") for _ in range(2)]
    assert (first.status_code, first.text) == (again.status_code, again.text)
    other = await sender.post(as_csv([row(NUMBERS[1])]), key="k")
    assert (other.status_code, other.json()["code"]) == (422, "sender/key-reused")


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
async def test_a_large_document_with_progress(sender: Sender, count: int):
    answer = await sender.post(as_csv(many(count)))
    assert (answer.status_code, counts(answer.json())) == (202, ("working", count, 0, 0, 0, count))
    document = answer.json()["id"]
    under_way = await sender.until(document, lambda said: said["received"] > 0)
    assert under_way["received"] + under_way["pending"] == count
    assert under_way["pending"] > 0
    assert counts(await sender.done(document, seconds=1100)) == ("done", count, count, 0, 0, 0)
    assert (await sender.client.get(f"/booking-documents/{document}/rows")).json()["_meta"]["totalRecords"] == count


NOT_READ = {
    "JSON": (b"{}", "application/json", 415, "sender/http-415"),
    "no type": (as_csv([row()]), "", 415, "sender/http-415"),
    "an old spreadsheet": (as_csv([row()]), "application/vnd.ms-excel", 415, "sender/http-415"),
    "CSV that says it is XLSX": (as_csv([row()]), XLSX, 422, "sender/not-xlsx"),
    "XLSX that says it is CSV": (b"PK\x03\x04\x00\x00", CSV, 422, "sender/not-text"),
    "nothing": (b"", CSV, 422, "sender/document-empty"),
    "more than 5 MiB": (b"x" * (5 * 1024 * 1024 + 1), CSV, 413, "sender/too-large"),
}


@pytest.mark.parametrize(("content", "kind", "status", "code"), NOT_READ.values(), ids=NOT_READ)
async def test_what_is_not_read(sender: Sender, content: bytes, kind: str, status: int, code: str):
    answer = await sender.post(content, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await sender.client.get("/booking-documents")).json()["items"] == []


async def test_more_than_a_mebibyte_is_read(sender: Sender):
    """A document may be larger than a body of JSON."""
    rows = [row(each["Personnummer"], **{"Typ av nummer": "reservnummer", "Adress": "x" * 450}) for each in many(3_000)]
    answer = await sender.post(as_csv([*rows, WRONG]), f"{CSV}; charset=utf-8")
    assert (answer.status_code, answer.json()["refused"]) == (202, 3_001)
