"""Five real services with much to be told of: things asked in each, and tokens for whoever asks."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from shared.caller import SERVICE, audience_of, service_client
from shared.http.policies import FEED, OPERATE
from shared.ids import uuid7
from shared.issuer import Signer
from shared.tasks import Participant, TaskRequest
from shared.testing.apps import FIVE, App, Platform
from shared.testing.asking import MONDAY, requested
from shared.testing.booking_interpreters import WANTED
from shared.testing.booking_requests import of_group, with_interpreters
from shared.testing.callers import Bearer
from shared.testing.referring import referral_of
from shared.testing.servers import free_port

ROOT = Path(__file__).parents[2]
HOME, AWAY = "bengtsfors", "agency"
SENDER, RECEIVER = "social_services", "labour_market_unit"
PATHWAY = "bengtsfors/income-support"
HOUR = timedelta(hours=1)

ROLES: Mapping[str, tuple[str, str]] = {
    "sender": (HOME, SENDER),
    "receiver": (HOME, RECEIVER),
    "officer": (AWAY, "officer"),
    "service": (HOME, "consent"),
}
"""Who asks: (organisation, party). `sender` operates and reads the feed besides; `service` makes no move of a party."""


@dataclass
class Place:
    """Where the services are, and what they know: (service, list) -> ids."""

    urls: dict[str, str]
    signers: Mapping[str, Signer]
    ids: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def tokens(self) -> dict[str, dict[str, str]]:
        """service -> role -> a token, good for five minutes."""
        return {
            name: {role: self._token(name, role) for role, (of, _) in ROLES.items() if of in self.signers}
            for name in self.urls
        }

    def _token(self, service: str, role: str) -> str:
        organisation, party = ROLES[role]
        scopes, client = [f"samspar.{service}"], f"{organisation}-{party}"
        if role == "sender":
            scopes += [OPERATE, FEED]
        if role == "service":
            scopes, client = [*scopes, SERVICE], service_client(organisation, party)
        audience = audience_of(HOME, service)
        caller = {"organisation": organisation, "party": party, "client_id": client, "audience": audience}
        return Bearer(self.signers[organisation], scopes=scopes, **caller).token()

    async def look(self) -> None:
        """Which ids the lists of the services show to each role."""
        async with httpx.AsyncClient(trust_env=False) as client:
            for service, roles in self.tokens().items():
                described = (await client.get(f"{self.urls[service]}/{service}/v1/openapi.json")).json()
                for path in [p for p, each in described["paths"].items() if "get" in each and "{" not in p]:
                    for token in roles.values():
                        await self._read(client, f"{self.urls[service]}{path}", token)

    async def _read(self, client: httpx.AsyncClient, url: str, token: str) -> None:
        answer = await client.get(f"{url}?limit=100", headers={"Authorization": f"Bearer {token}"})
        items: list[dict[str, Any]] = answer.json().get("items", []) if answer.status_code == 200 else []
        for item in items:
            for name in ("id", "caseId", "personId"):
                kind = url.rpartition("/")[2] if name == "id" else name
                if isinstance(item.get(name), str):
                    known = self.ids.setdefault(kind, [])
                    known += [] if item[name] in known else [item[name]]

    def write(self, file: Path) -> None:
        """For the hooks, which read it again and again: tokens live five minutes."""
        new = file.with_suffix(".new")
        new.write_text(json.dumps({"tokens": self.tokens(), "ids": self.ids}), encoding="utf-8")
        new.replace(file)


@asynccontextmanager
async def embedded(directory: Path, *, many: int) -> AsyncGenerator[Place]:
    """On SQLite and the in-process bus; `many` things of each kind are asked."""
    organisations = {HOME: FIVE, AWAY: ("referral", "booking")}
    async with Platform(directory, deploy=ROOT / "deploy", organisations=organisations) as platform:
        apps = {name: await platform.start(HOME, name) for name in FIVE}
        await _fill(platform, apps, many)
        ports = {name: free_port() for name in FIVE}
        async with AsyncExitStack() as served:
            for name, app in apps.items():
                await served.enter_async_context(_served(app.app, ports[name]))
            urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
            signers = {name: _signer(apps["referral"], name) for name in organisations}
            place = Place(urls, signers)
            await place.look()
            yield place


def _signer(app: App, organisation: str) -> Signer:
    auth = app.as_party("anybody", organisation=organisation).auth
    assert isinstance(auth, Bearer)
    return auth.signer


@asynccontextmanager
async def _served(app: FastAPI, port: int) -> AsyncGenerator[None]:
    """By HTTP, as `samspar up` serves it; its lifespan is the platform's."""
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- the server says it in no other way
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    with suppress(asyncio.CancelledError):
        await task


async def _fill(platform: Platform, apps: Mapping[str, App], many: int) -> None:
    sender = apps["referral"].as_party(SENDER)
    for n in range(many):
        person = {"identity": {"type": "reserve", "value": f"2026X{n:06}"}}
        body = referral_of(PATHWAY)
        body["person"] = {**body["person"], **person}
        assert (await sender.post("/referrals", json=body)).status_code == 201
        for service, request in _asked().items():
            await apps[service.partition(" ")[0]].hears(request)
    await platform.quiet()
    meetings = (await apps["booking"].as_party(SENDER).get("/meetings?limit=100")).json()["items"]
    for n, meeting in enumerate(meetings[::2]):
        starts = MONDAY + timedelta(days=1 + n % 4)
        times = {"starts": starts.isoformat(), "ends": (starts + HOUR).isoformat()}
        client = apps["booking"].as_party(SENDER)
        await client.post(f"/meetings/{meeting['id']}/bookings", json=times)
        await client.post(f"/meetings/{meeting['id']}/interpreter-orders", json=WANTED)
    await platform.quiet()


def _asked() -> dict[str, TaskRequest]:
    """One of each kind that home can ask for; the key begins with the service."""
    given: dict[str, Any] = {"home": HOME, "party": SENDER, "sees": [(HOME, RECEIVER), (AWAY, "officer")]}
    to = [Participant(party=SENDER, organisation=HOME), Participant(party="officer", organisation=AWAY)]
    orders = {"orderedBy": SENDER, "providers": [{"party": SENDER, "organisation": HOME}], "lead": None}
    signed = [SENDER, "participant"]
    finds = {"work_capacity": ["clear", "unclear"]}
    return {
        "booking meeting": with_interpreters(orders, **given),
        "booking agenda": of_group("bengtsfors/weekly", **given),
        "assessment assessment": requested("assessment", uuid7(), **given, finds=finds),
        "assessment decision": requested("decision", uuid7(), **given, signed_by=signed),
        "assessment plan": requested("plan", uuid7(), **given, signed_by=signed, hours=20, finds={}),
        "assessment activity": requested("activity", uuid7(), **given, choose_from=["work_practice", "course"]),
        "consent consent": requested("consent", uuid7(), **given, waiver=True, between=to),
        "referral answer": requested("answer", uuid7(), **given),
        "referral role": requested("role", uuid7(), **given, task="coach"),
    }
