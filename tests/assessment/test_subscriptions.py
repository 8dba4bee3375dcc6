"""What assessment makes of what home asks, and of what home takes back."""

from collections.abc import Awaitable, Callable

import pytest

from shared.tasks import TaskRequest
from shared.testing.apps import App
from shared.testing.asking import recalled
from shared.testing.assessment_plans import write

Ask = Callable[..., Awaitable[TaskRequest]]
BEGIN = {"assessment": "openings", "activity": "starts", "decision": "signatures", "plan": "signatures"}
PATHS = {"assessment": "assessments", "activity": "activities", "decision": "decisions", "plan": "plans"}
END = {"assessment": "completions", "activity": "endings", "decision": "makings", "plan": "signatures"}
BEGUN = ("opened", "started", "signing")


def person(kind: str) -> dict[str, object]:
    """What signing for the participant takes; the others begin with an empty body."""
    said: dict[str, object] = {"signer": "participant", "manner": "paper"} if BEGIN[kind] == "signatures" else {}
    return said | ({"revision": 1} if kind == "plan" else {})


async def began(assessment: App, ask: Ask, kind: str) -> TaskRequest:
    """Asked for and begun; of a plan or a decision, the participant has signed and the unit has not."""
    signed_by = {"signed_by": ["participant", "unit"]} if BEGIN[kind] == "signatures" else {}
    request = await ask(kind, **signed_by)
    if kind == "plan":
        await write(assessment.as_party("unit"), request)
    path = f"/{PATHS[kind]}/{request.play}/{BEGIN[kind]}"
    assert (await assessment.as_party("unit").post(path, json=person(kind))).status_code == 201
    return request


async def status_of(assessment: App, request: TaskRequest) -> str:
    answer = await assessment.as_party("unit").get(f"/{PATHS[request.kind]}/{request.play}")
    return answer.json()["status"] if answer.is_success else "none"


@pytest.mark.parametrize("kind", BEGIN)
async def test_asked_twice_it_is_there_once(assessment: App, ask: Ask, kind: str):
    request = await began(assessment, ask, kind)
    await assessment.hears(request)
    assert len((await assessment.as_party("unit").get(f"/{PATHS[kind]}")).json()["items"]) == 1
    assert await status_of(assessment, request) in BEGUN
    assert await assessment.parked() == []


@pytest.mark.parametrize("kind", BEGIN)
async def test_what_has_not_begun_is_taken_back(assessment: App, ask: Ask, kind: str):
    request = await ask(kind, signed_by=["participant", "unit"])
    await assessment.hears(recalled(request))
    await assessment.hears(recalled(request))
    assert await status_of(assessment, request) == "recalled"
    answer = await assessment.as_party("unit").post(f"/{PATHS[kind]}/{request.play}/{BEGIN[kind]}", json=person(kind))
    assert (answer.status_code, answer.json()["code"]) == (409, "sender/move-not-allowed")
    assert (await assessment.told(), await assessment.parked()) == ([], [])


@pytest.mark.parametrize("kind", BEGIN)
async def test_what_has_begun_is_ended_by_people(assessment: App, ask: Ask, kind: str):
    request = await began(assessment, ask, kind)
    unit, path = assessment.as_party("unit"), f"/{PATHS[kind]}/{request.play}"
    await assessment.hears(recalled(request))
    assert await status_of(assessment, request) in BEGUN
    if kind == "decision":
        await unit.post(f"{path}/signatures", json={})
    ended = await unit.post(f"{path}/{END[kind]}", json={"revision": 1} if kind == "plan" else {})
    assert ended.status_code == 201
    assert await assessment.parked() == []


@pytest.mark.parametrize("kind", BEGIN)
async def test_what_is_asked_of_another_organisation_is_not_taken_up(assessment: App, ask: Ask, kind: str):
    assert await status_of(assessment, await ask(kind, addressee="agency")) == "none"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("assessment", {"contributions": {"psychiatry": "required"}}),
        ("assessment", {"contributions": {"school": "perhaps"}}),
        ("activity", {"lasts": "a while"}),
        ("plan", {"contributions": {"psychiatry": "required"}}),
        ("plan", {"signed_by": ["psychiatry"]}),
        ("plan", {"hours": 0}),
        ("decision", {"signed_by": ["psychiatry"]}),
    ],
)
async def test_a_request_that_cannot_be_carried_out_is_a_dead_letter(
    assessment: App, ask: Ask, kind: str, fields: dict[str, object]
):
    request = await ask(kind, **fields)
    assert await status_of(assessment, request) == "none"
    assert await assessment.parked() == [(f"{kind}.requested.v1", "dead")]
    letter = (await assessment.as_operator().get("/dead-letters")).json()["items"][0]
    assert letter["cause"] == "schema"
