"""Who the person is lies in the vault alone: in no event, answer, log line or span, nor readable in the file."""

import json
import logging
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.http.policies import FEED
from shared.identity import Identity
from shared.logs import JsonLines
from shared.testing.apps import App, Platform
from shared.testing.homes import Home
from shared.testing.referring import CONTACT, NUMBER
from shared.testing.spans import Spans

SIGNS = [NUMBER, NUMBER[2:], f"{NUMBER[2:8]}-{NUMBER[8:]}", *CONTACT.values()]
LETTERS = [sign for sign in SIGNS if len(sign) > 3]


def found_in(content: str) -> list[str]:
    return [sign for sign in LETTERS if sign.lower() in content.lower()]


def files(directory: Path) -> dict[str, str]:
    """Everything on the disk, as text, both as it is and as UTF-16."""
    return {str(file): file.read_bytes().decode("latin-1") for file in directory.rglob("*") if file.is_file()}


async def test_a_person_is_nowhere_but_in_the_vault(
    platform: Platform, referral: App, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    others = [await platform.start("bengtsfors", service) for service in ("booking", "reporting", "assessment")]
    spans, home, answers = Spans(), Home(platform, referral, "bengtsfors/income-support"), list[str]()
    said = await home.refer()
    await home.interviewed(said)
    answers.append(json.dumps(said))
    refused = await home.sender.post("/referrals", json={"pathway": "x"} | {"person": {"contact": CONTACT}})
    for path in ("/referrals", f"/referrals/{said['id']}", "/cases", f"/cases/{said['caseId']}"):
        answers.append((await home.sender.get(path)).text)
    answers.append((await referral.as_party("reader", scopes=[FEED]).get("/events")).text)
    answers += [refused.text, (await referral.as_operator().get(f"/cases/{said['caseId']}/waits")).text]
    await home.sender.post(f"/referrals/{said['id']}/withdrawals")
    await platform.quiet()
    for app in (referral, *others):
        for told in await app.told():
            assert found_in(json.dumps(told.said)) == [], told.fact
    assert [found_in(answer) for answer in answers] == [[]] * len(answers)
    assert found_in(spans.text()) == []
    assert [line for line in map(JsonLines().format, caplog.records) if found_in(line)] == []
    for app in (referral, *others):
        await app.stop()
    for name, content in files(platform.directory).items():
        assert found_in(content) == [], name


async def test_and_there_they_are(referral: App, home: Home):
    """Else the scan would find nothing because nothing was kept."""
    said = await home.refer()
    person = UUID(said["personId"])
    async with referral.here.database.transaction(writes=False) as uow:
        identity = await referral.here.vault.identity(uow.session, person)
        contact = await referral.here.vault.get(uow.session, person, "contact")
    assert identity == Identity.model_validate({"type": "personnummer", "value": NUMBER})
    assert contact is not None
    known: dict[str, Any] = {key: value for key, value in CONTACT.items() if key in contact}
    assert len(contact) == len(CONTACT)
    assert known or contact["given_name"] == CONTACT["givenName"]


async def test_the_scan_bites(tmp_path: Path):
    (tmp_path / "x.db").write_bytes(b"\x00\x01" + CONTACT["familyName"].encode("latin-1") + b"\x00")
    assert [found_in(content) for content in files(tmp_path).values()] == [["Fågelsson"]]
