"""Where bad input is sent: a town's five services with things under way, and a person whom nobody may hear of."""

import json
import logging
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any, Self

import httpx
import yaml
from sqlalchemy import func, inspect, select, table

from shared.caller import audience_of
from shared.clock import StoppedClock
from shared.ids import uuid7
from shared.issuer import Signer
from shared.logs import JsonLines
from shared.tasks import Participant, TaskRequest
from shared.testing.apps import FIVE, App, Platform
from shared.testing.asking import requested
from shared.testing.callers import Bearer
from shared.testing.referring import CONTACT, NUMBER, referral_of

DEPLOY = Path(__file__).parents[2] / "deploy"
HOME, AWAY = "bengtsfors", "agency"
PATHWAY = "bengtsfors/income-support"
LATE, STRANGE = "https://login.late.example", "https://login.strange.example"
SENDER, OTHER_SENDER, RECEIVER = "social_services", "school", "labour_market_unit"
KNOWN = "198001012387"
"""A test number of the Tax Agency's; that person is referred already."""
TEXT = "Kanarina Fågelsson bor numera hos sin syster på Burgatan 1"
DIGITS = re.compile(r"(?<![0-9a-fA-F-])(?:[0-9]{2})?[0-9]{6}[-+]?[0-9]{4}(?![0-9a-fA-F-])")


def numbers(value: str) -> set[str]:
    """A number as it may be written: with the century or without, with the sign or without."""
    digits = re.sub(r"[^0-9A-Za-z]", "", value)
    if not re.fullmatch(r"[0-9]{12}", digits):
        return {value, digits}
    short = digits[2:]
    return {digits, short, f"{digits[:8]}-{digits[8:]}", f"{short[:6]}-{short[6:]}", f"{short[:6]}+{short[6:]}"}


SIGNS = {*numbers(NUMBER), *numbers(KNOWN), *CONTACT.values(), TEXT, "Kanarina", "Burgatan"} - {CONTACT["language"]}


def silent(said: str, where: str, *more: str) -> None:
    """Fails where anything of the person of these tests stands there, however it is written."""
    low = said.lower()
    found = sorted(sign for sign in (*SIGNS, *more) if len(sign) > 3 and sign.lower() in low)
    assert not found, f"{where}: {found}"


@dataclass
class Town:
    """The services, what is under way in them, and all that they log."""

    platform: Platform
    apps: Mapping[str, App]
    logged: list[logging.LogRecord]
    signers: Mapping[str, Signer]
    referral: dict[str, Any] = field(default_factory=dict[str, Any])
    over: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: dict[str, TaskRequest] = field(default_factory=dict[str, TaskRequest])
    sent: set[str] = field(default_factory=set[str])

    @classmethod
    async def founded(cls, platform: Platform, logged: list[logging.LogRecord]) -> Self:
        """Under way: one referral that is open, one that was withdrawn, and of each kind of task one done."""
        signers = _issuers(platform.directory / "parties")
        apps = {name: await platform.start(HOME, name) for name in FIVE}
        town = cls(platform, apps, logged, {**signers, HOME: _signer(apps, HOME), AWAY: _signer(apps, AWAY)})
        town.referral = (await town.refer(referral_of(PATHWAY, KNOWN), idempotency_key="first")).json()
        town.over = (await town.refer(referral_of(PATHWAY, "198501012382"))).json()
        await town.post("referral", f"/referrals/{town.over['id']}/withdrawals", None)
        for name, (service, request) in _asked().items():
            town.asked[name] = request
            await town.apps[service].hears(request)
        await town._begin()
        await platform.quiet()
        town.sent.clear()
        return town

    async def _begin(self) -> None:
        soon = await self.platform.at(timedelta())
        times = {"starts": (soon + timedelta(hours=1)).isoformat(), "ends": (soon + timedelta(hours=2)).isoformat()}
        for move, path, body in (
            ("booked", "booking/meetings/{}/bookings", times),
            ("called off", "booking/meetings/{}/cancellations", {"reason": "illness"}),
            ("granted", "consent/bases/{}/grants", {"form": "written"}),
            ("completed", "assessment/assessments/{}/completions", {}),
            ("ended", "assessment/activities/{}/starts", {}),
            ("ended", "assessment/activities/{}/endings", {}),
            ("replied", "referral/answers/{}/replies", {"outcome": "done"}),
        ):
            service, _, rest = path.format(self.asked[move].play).partition("/")
            answer = await self.post(service, f"/{rest}", body)
            assert answer.status_code == 201, (path, answer.text)

    async def refer(self, body: Any, *, party: str = SENDER, **headers: str) -> httpx.Response:
        return await self.post("referral", "/referrals", body, party=party, **headers)

    async def post(self, service: str, path: str, body: Any, *, party: str = SENDER, **headers: str) -> httpx.Response:
        """As that party of the town. What is sent is remembered, so that it can be looked for."""
        return await self.send(self.apps[service].as_party(party), "POST", path, body, **headers)

    async def send(
        self, client: httpx.AsyncClient, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """`body` as it is where it is bytes, else as JSON; `idempotency_key` names a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if not isinstance(body, bytes):
            return await self._send(client, method, path, json.dumps(body).encode() if body is not None else b"", named)
        return await self._send(client, method, path, body, named)

    async def _send(
        self, client: httpx.AsyncClient, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        written = content.decode(errors="replace")
        self.sent |= {form for number in DIGITS.findall(written[:5000]) for form in numbers(number)}
        kind = {"Content-Type": "application/json"} if content else {}
        return await client.request(method, path, content=content or None, headers=kind | headers)

    def token(self, service: str = "referral", *, issuer: str = HOME, **changes: Any) -> dict[str, str]:
        """The header with a token of social services' for that service; what is changed makes it another."""
        given = {"organisation": HOME, "party": SENDER, "audience": audience_of(HOME, service)} | changes
        signed = Bearer(self.signers[issuer], scopes=[f"samspar.{service}"], **given).token()
        return {"Authorization": f"Bearer {signed}"}

    async def counts(self) -> dict[str, int]:
        """How many rows each table of each service holds."""
        found: dict[str, int] = {}
        for name, app in self.apps.items():
            async with app.here.database.reading() as connection:
                for each in await connection.run_sync(lambda sync: inspect(sync).get_table_names()):
                    found[f"{name}.{each}"] = (
                        await connection.scalar(select(func.count()).select_from(table(each))) or 0
                    )
        return found

    def assert_silent(self, said: str, where: str) -> None:
        """Nothing of a person stands there, nor any number that was sent."""
        silent(said, where, *self.sent)

    def assert_nowhere(self) -> None:
        """Nor in a log line, nor in a file: the vault's rows are encrypted."""
        for record in self.logged:
            self.assert_silent(JsonLines().format(record), f"the log of {record.name}")
        self.logged.clear()
        for file in self.platform.directory.rglob("*.db*"):
            self.assert_silent(file.read_bytes().decode("latin-1"), file.name)


@asynccontextmanager
async def town_in(directory: Path, logged: list[logging.LogRecord]) -> AsyncGenerator[Town]:
    """The deployed files, but that a school may refer too."""
    deploy = copytree(DEPLOY, directory / "deploy")
    pathway = deploy / "pathways" / f"{PATHWAY}.yaml"
    text = pathway.read_text(encoding="utf-8")
    pathway.write_text(text.replace("by: [social_services], via", "by: [social_services, school], via"), "utf-8")
    organisations = {HOME: FIVE, AWAY: ("referral", "booking")}
    async with Platform(directory / "data", deploy=deploy, organisations=organisations) as platform:
        yield await Town.founded(platform, logged)


def _asked() -> dict[str, tuple[str, TaskRequest]]:
    """What home asks of social services, by what becomes of it before a test begins, with the service that is asked."""
    given: dict[str, Any] = {"home": HOME, "party": SENDER, "sees": [(HOME, RECEIVER)]}
    to = [Participant(party=SENDER, organisation=HOME), Participant(party="officer", organisation=AWAY)]
    return {
        "open": ("booking", requested("meeting", uuid7(), **given)),
        "booked": ("booking", requested("meeting", uuid7(), **given)),
        "called off": ("booking", requested("meeting", uuid7(), **given)),
        "granted": ("consent", requested("consent", uuid7(), **given, waiver=True, between=to)),
        "completed": ("assessment", requested("assessment", uuid7(), **given)),
        "planned": ("assessment", requested("plan", uuid7(), **given, signed_by=[SENDER])),
        "ended": ("assessment", requested("activity", uuid7(), **given)),
        "replied": ("referral", requested("answer", uuid7(), **given)),
    }


def _signer(apps: Mapping[str, App], organisation: str) -> Signer:
    auth = apps["referral"].as_party("anybody", organisation=organisation).auth
    assert isinstance(auth, Bearer)
    return auth.signer


def _issuers(parties: Path) -> dict[str, Signer]:
    """Two more that the town believes, besides its own: one whose clock stopped, and the other organisation's."""
    hour_ago = StoppedClock(datetime.now(UTC) - timedelta(hours=1))
    late = Signer(LATE, clock=hour_ago)
    late.write_public_keys(parties / "late.jwks.json")
    file = parties / f"{HOME}.yaml"
    described = yaml.safe_load(file.read_text(encoding="utf-8"))
    described["issuers"].append({"issuer": LATE, "keys": "late.jwks.json"})
    file.write_text(yaml.safe_dump(described), encoding="utf-8")
    return {"late": late, "strange": Signer(STRANGE)}
