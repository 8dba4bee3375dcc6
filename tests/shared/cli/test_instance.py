"""Which platform a command speaks to, and as whom; what a start says of pathways that it does not publish."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from joserfc import jwt

from shared.cli.instance import NoToken, current, remembered
from shared.demo.owner import owned
from shared.issuer import PRIVATE_FILE, kept_key

SECONDS = 120.0

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]
P11 = "deploy/pathways/bengtsfors/income-support.yaml"


def own_pathways(place: Path) -> Path:
    """Copied, so that they can be changed."""
    source = (place / "deploy/pathways").resolve()
    (place / "deploy/pathways").unlink()
    return Path(shutil.copytree(source, place / "deploy/pathways"))


def ready(place: Path) -> None:
    urls = yaml.safe_load((place / "deploy/parties/bengtsfors.yaml").read_text())["urls"]
    until = time.monotonic() + SECONDS
    for url in urls.values():
        while True:
            try:
                assert httpx.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200
                break
            except httpx.TransportError:
                assert time.monotonic() < until
                time.sleep(0.1)


def said(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    return "".join(process.communicate(timeout=SECONDS))


def test_the_last_that_lives_is_spoken_to(place: Path):
    parties, pathways = place / "deploy/parties", place / "deploy/pathways"

    def described(data: str) -> Any:
        return remembered("bengtsfors", Path(data), parties, pathways, issuer="https://issuer.example")

    for data in ("up", "demo", "killed"):
        Path(data).mkdir()
    with owned(Path("up")), described("up"):
        with described("killed"):
            with owned(Path("demo")), described("demo"):
                assert current(None).shown == "demo"
            assert current(None).shown == "up"
        assert current(Path("killed")).shown == "killed"


def test_a_token_is_of_the_issuer_that_the_platform_believes(place: Path):
    """Also of a demo on real servers, whose services know the key as a file."""
    data = Path("demo")
    data.mkdir()
    described = remembered(
        "bengtsfors", data, place / "deploy/parties", place / "none", issuer="https://issuer.example"
    )
    with owned(data), described:
        with pytest.raises(NoToken):
            current(None).token("booking", "operations")
        assert not (data / PRIVATE_FILE).exists()
        key = kept_key(data / PRIVATE_FILE)
        claims = jwt.decode(current(None).token("booking", "operations"), key).claims
    assert (claims["iss"], claims["aud"], claims["scope"]) == (
        "https://issuer.example",
        "samspar.bengtsfors.booking",
        "samspar.booking samspar.operate",
    )


def test_a_token_is_for_a_party_that_there_is(place: Path, samspar: Run, start: Start):
    up = start("up")
    ready(place)
    refusal = (
        "The organisation has no such party. The parties of bengtsfors are adult_education, kaa_unit, labour_market"
    )
    assert refusal in samspar("token", "nobody").refusal
    assert refusal in samspar("refer", "examples/bengtsfors/referral.json", "--party", "nobody").refusal
    case = json.loads(samspar("refer", "examples/bengtsfors/referral.json", "--json").output)["caseId"]
    until = time.monotonic() + SECONDS
    while not (items := json.loads(samspar("where", case, "--json").output)["referral"]["items"]):
        assert time.monotonic() < until
    shown = samspar("where", case).output
    url = yaml.safe_load((place / "deploy/parties/bengtsfors.yaml").read_text())["urls"]["booking"]
    path = f"{url}/booking/v1/meetings/{items[0]['play']}"
    assert f"investigating-interview booked: POST {path}/bookings\n" in shown
    bearer = samspar("token", "social_services", "--service", "booking").output.strip()
    until = time.monotonic() + SECONDS
    while (answer := _get(path, bearer)).status_code == 404:
        assert time.monotonic() < until
    assert (answer.status_code, answer.json()["caseId"]) == (200, case)
    assert "Not published: bengtsfors" not in said(up)


def _get(url: str, bearer: str) -> httpx.Response:
    return httpx.get(url, headers={"Authorization": f"Bearer {bearer}"}, trust_env=False)


def test_what_is_not_published_is_said_at_the_start(place: Path, samspar: Run, start: Start):
    pathways = own_pathways(place)
    text = (place / P11).read_text()
    other = text.replace("pathway: bengtsfors/", "pathway: norrby/")
    (pathways / "norrby").mkdir()
    area = (pathways / "bengtsfors/area.yaml").read_text().replace("bengtsfors\n", "norrby\n", 1)
    (pathways / "norrby/area.yaml").write_text(area.replace("organisation: bengtsfors  ", "organisation: norrby  "))
    (pathways / "norrby/income-support.yaml").write_text(other)
    broken = text.replace("income-support\n", "broken\n", 1).replace("end returned}", "end sent_back}", 1)
    (pathways / "bengtsfors/broken.yaml").write_text(broken)
    up = start("up")
    ready(place)
    assert samspar("refer", "examples/bengtsfors/referral.json").code == 0
    told = said(up)
    assert "Not published: bengtsfors/broken (1 fault; `samspar pathway check deploy/pathways`).\n" in told
    assert "Not published: norrby/income-support belongs to norrby; run `samspar up --organisation norrby`.\n" in told
    (place / P11).write_text(text.replace("24 hours after booked", "25 hours after booked", 1))
    up = start("up")
    ready(place)
    refused = samspar("refer", "examples/bengtsfors/referral.json", "--key", "another")
    assert "its publisher has yet to raise its version" in refused.refusal
    assert "Not published: bengtsfors/income-support was changed; raise its version above 1." in said(up)
    changed = (place / P11).read_text().replace("version: 1", "version: 2")
    (place / P11).write_text(changed)
    up = start("up")
    ready(place)
    known = samspar("refer", "examples/bengtsfors/referral.json", "--key", "third")
    assert "already" in known.refusal
    assert "was changed" not in said(up)
