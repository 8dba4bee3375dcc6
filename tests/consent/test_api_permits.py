"""Permits to release: who gets one, for which party, and what a no says."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.ids import uuid7
from shared.tasks import Participant
from shared.testing.asking import MONDAY
from shared.testing.waivers import OURS, THEIRS, Town


async def test_permits_are_numbered(town: Town):
    request, other = await town.given(), await town.given()
    assert [await town.may(request.person_id) for _ in range(3)] == [1, 2, 3]
    assert await town.may(other.person_id) == 1
    assert await town.may(request.person_id) == 4


async def test_a_consent_gives_permits_as_a_waiver_does(town: Town):
    request = await town.asked(waiver=False)
    await town.say(request, "grants", form="oral")
    assert await town.may(request.person_id) == 1


async def test_a_no_is_the_same_whatever_is_known(town: Town):
    refused = await town.asked()
    await town.say(refused, "refusals")
    withdrawn = await town.given()
    await town.say(withdrawn, "withdrawals")
    expired = await town.asked()
    await town.say(expired, "grants", form="written", until=(MONDAY + timedelta(hours=1)).isoformat())
    await town.platform.at(timedelta(hours=1))
    given = await town.given()
    asked = await town.asked()
    clinic = [Participant(party=p, organisation=o) for p, o in [("social_services", "norrby"), ("clinic", "clinic")]]
    between_others = await town.given(between=clinic)
    for person, to in [
        (uuid4(), THEIRS),
        (asked.person_id, THEIRS),
        (refused.person_id, THEIRS),
        (withdrawn.person_id, THEIRS),
        (expired.person_id, THEIRS),
        (between_others.person_id, THEIRS),
        (given.person_id, ("clinic", "clinic")),
        (given.person_id, ("norrby", "social_services")),
        (given.person_id, ("norrby", "employment_service")),
        (given.person_id, ("agency", "payroll")),
        (given.person_id, ("agency", "booking")),
    ]:
        (no,) = (await town.ask(person, to=to)).json()["permits"]
        assert no | {"releaseId": ""} == {
            "releaseId": "",
            "granted": False,
            "basis": None,
            "number": None,
            "lacks": ["waiver", "consent"],
        }
    assert await town.may(given.person_id) == 1


async def test_the_other_side_may_release_too(town: Town):
    request = await town.given()
    assert await town.may(request.person_id, by=("agency", "booking"), to=OURS) == 1


async def test_only_services_that_can_be_called_get_permits(town: Town):
    person = (await town.given()).person_id
    assert (await town.ask(person, by=("agency", "reporting"))).json()["code"] == "platform/not-callable"
    ours: dict[str, Any] = {"from": "norrby"}
    for_another = await town.ask(person, by=("agency", "booking"), **ours)
    assert (for_another.status_code, for_another.json()["code"]) == (403, "sender/forbidden")
    for client in (town.consent.as_party("social_services"), town.consent.as_operator()):
        assert (await client.post("/permits", json={"releases": []})).status_code == 403
    assert await town.may(person) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"categories": []},
        {"categories": ["her diary"]},
        {"purpose": "curiosity"},
        {"name": "Alva"},
        {"releaseId": "1"},
        {"toParty": None},
    ],
)
async def test_permits_know_closed_words_only(town: Town, wrong: dict[str, Any]):
    answer = await town.ask((await town.given()).person_id, **wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/invalid")
    assert not any(word in answer.text for word in ("diary", "curiosity", "Alva"))


async def test_many_releases_are_asked_in_one_call(town: Town):
    request = await town.given()
    ids = [str(uuid4()) for _ in range(3)]
    between = {"from": "norrby", "to": THEIRS[0], "toParty": THEIRS[1]}
    wanted = {"purpose": "plan", "categories": ["plan", "identity"], **between}
    persons = [str(request.person_id), str(uuid4()), str(request.person_id)]
    body = {"releases": [{**wanted, "releaseId": i, "personId": p} for i, p in zip(ids, persons, strict=True)]}
    service = town.consent.as_service("norrby", "booking")
    answers = (await service.post("/permits", json=body)).json()["permits"]
    assert [(a["releaseId"], a["number"]) for a in answers] == [(ids[0], 1), (ids[1], None), (ids[2], 2)]
    again = await service.post("/permits", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "sender/release-known")
    twice = {"releases": [body["releases"][0] | {"releaseId": str(uuid7())}] * 2}
    assert (await service.post("/permits", json=twice)).json()["code"] == "sender/release-known"
    assert await town.may(request.person_id) == 3
