"""Lists by pages: what is on them, what beside them, and what is outside of them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import insert

from shared import tables
from shared.ids import uuid7
from shared.testing.things import Thing, Things


async def page(client: httpx.AsyncClient, address: str = "/things", **query: Any) -> dict[str, Any]:
    answer = await client.get(address, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def words(found: dict[str, Any]) -> list[str]:
    return [item["word"] for item in found["items"]]


def query_of(link: dict[str, str]) -> dict[str, list[str]]:
    return parse_qs(urlsplit(link["href"]).query)


async def test_a_list_begins_with_the_newest_twenty(either: Things):
    await either.make_many([f"{chr(97 + n)}" for n in range(25)])
    found = await page(either.app.as_party("clinic"))
    assert words(found) == [chr(97 + n) for n in range(24, 4, -1)]
    assert found["_meta"] == {"totalRecords": 25, "page": 1, "limit": 20, "count": 20, "more": False}
    assert found["_links"].keys() == {"self", "first", "last", "next"}
    assert all(link["method"] == "GET" and link["href"].startswith("http") for link in found["_links"].values())
    assert query_of(found["_links"]["last"]) == {"page": ["2"]}


async def test_next_leads_over_everything_once_and_prev_back(either: Things):
    await either.make_many([chr(97 + n) for n in range(10)])
    clinic = either.app.as_party("clinic")
    found = await page(clinic, limit=4)
    seen = words(found)
    while "next" in found["_links"]:
        await either.make_many(["new"])
        found = await page(clinic, found["_links"]["next"]["href"])
        seen += words(found)
    assert seen == [chr(97 + n) for n in range(9, -1, -1)]
    assert found["_meta"]["page"] == 3
    assert query_of(found["_links"]["prev"]) == {"page": ["2"], "limit": ["4"]}


async def test_a_list_that_ends_with_its_page_has_no_next(things: Things):
    await things.make_many(["a", "b"])
    assert "next" not in (await page(things.app.as_party("clinic"), limit=2))["_links"]


@pytest.mark.parametrize("number", [0, -1, 3, 99, 501, 10**6, 10**30])
async def test_a_page_outside_of_the_list_is_empty(things: Things, number: int):
    await things.make_many(["a", "b"])
    found = await page(things.app.as_party("clinic"), page=number)
    assert found["items"] == []
    assert (found["_meta"]["totalRecords"], found["_meta"]["count"]) == (2, 0)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "AZCgslsdfMOdXi9PmhwfEA==AA", "å", "%00"])
async def test_a_cursor_that_was_not_given_here_is_refused(things: Things, cursor: str):
    answer = await things.app.as_party("clinic").get("/things", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/not-a-cursor")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"page": "one"}, {"cursor": "x" * 65}])
async def test_what_cannot_be_asked_is_refused(things: Things, query: dict[str, Any]):
    answer = await things.app.as_party("clinic").get("/things", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/query/{next(iter(query))}")


async def test_links_repeat_what_was_asked_and_nothing_else(things: Things):
    await things.make_many(["lamp", "lamp", "chair"])
    found = await page(things.app.as_party("clinic"), word="lamp", limit=1, page=1, anna="189001019802")
    assert words(found) == ["lamp"]
    for link in found["_links"].values():
        asked = query_of(link)
        assert (asked["word"], asked["limit"]) == (["lamp"], ["1"])
        assert asked.keys() <= {"word", "limit", "page", "cursor"}


async def test_what_others_have_is_neither_shown_nor_counted(either: Things):
    await either.make_many(["a", "b"], party="clinic")
    await either.make_many(["c"], party="school")
    for client, expected in (
        (either.app.as_party("clinic"), ["b", "a"]),
        (either.app.as_party("school"), ["c"]),
        (either.app.as_party("onlooker"), ["c", "b", "a"]),
        (either.app.as_party("clinic", organisation="agency"), []),
    ):
        found = await page(client)
        assert (words(found), found["_meta"]["totalRecords"]) == (expected, len(expected))


async def test_beyond_ten_thousand_the_total_is_a_minimum_and_the_cursor_goes_on(things: Things):
    """`page` works to row 10,000; the cursor to the end."""
    now = things.app.here.clock.now()
    ids = [uuid7() for _ in range(10_050)]
    rows = [{"id": i, "case_id": i, "home": "norrby", "version": 1, "changed_at": now, "word": "lamp"} for i in ids]
    parts = [{"thing": i, "organisation": "norrby", "party": "clinic", "acts": True} for i in ids]
    async with things.app.here.database.engine.begin() as connection:
        await connection.execute(insert(Thing), rows)
        await connection.execute(insert(tables.part), parts)
    clinic = things.app.as_party("clinic")
    last = await page(clinic, limit=100, page=100)
    assert last["_meta"] == {"totalRecords": 10_000, "page": 100, "limit": 100, "count": 100, "more": True}
    assert query_of(last["_links"]["last"])["page"] == ["100"]
    assert last["items"][-1]["id"] == str(ids[50])
    rest = await page(clinic, last["_links"]["next"]["href"])
    assert [item["id"] for item in rest["items"]] == [str(i) for i in reversed(ids[:50])]
    assert "next" not in rest["_links"]
