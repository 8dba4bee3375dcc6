"""The development issuer: on one machine alone, with a key nobody else can read."""

import json
import stat
from pathlib import Path

import pytest

from shared.issuer import DevelopmentIssuer, DevelopmentOnly, IssuerKeyUnreadable
from shared.parties import TrustedIssuer
from shared.secret_file import SecretExposed
from shared.tokens import Reason, Unauthenticated, Verifier


def opened(directory: Path) -> DevelopmentIssuer:
    return DevelopmentIssuer.open(directory, broker_url=None, database_url="sqlite:///x.db", host="127.0.0.1")


def bearer(issuer: DevelopmentIssuer, organisation: str = "bengtsfors") -> str:
    return issuer.issue(
        organisation=organisation,
        party="social_services",
        subject="s",
        client_id="c",
        audience="samspar.referral",
    )


def verifier(directory: Path, *organisations: str) -> Verifier:
    name, keys = "https://issuer.development.invalid", directory / "issuer-jwks.json"
    trusted = TrustedIssuer(issuer=name, organisations=frozenset(organisations), keys=keys)
    return Verifier("samspar.referral", {name: trusted})


@pytest.mark.parametrize(
    ("broker_url", "database_url", "host"),
    [
        ("amqp://localhost", None, "127.0.0.1"),
        (None, "postgresql://localhost/x", "127.0.0.1"),
        (None, "postgresql+asyncpg://localhost/x", "127.0.0.1"),
        (None, None, "0.0.0.0"),
        (None, None, "localhost"),
        (None, None, ""),
    ],
)
def test_it_refuses_wherever_there_is_more_than_one_machine(
    tmp_path: Path, broker_url: str | None, database_url: str | None, host: str
):
    with pytest.raises(DevelopmentOnly) as refusal:
        DevelopmentIssuer.open(tmp_path, broker_url=broker_url, database_url=database_url, host=host)
    assert "your organisation's own token issuer" in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_the_key_is_its_owners_alone_and_the_public_half_is_everybodys(tmp_path: Path):
    opened(tmp_path)
    assert stat.S_IMODE((tmp_path / "issuer-key.json").stat().st_mode) == 0o600
    published = json.loads((tmp_path / "issuer-jwks.json").read_text(encoding="utf-8"))
    assert published["keys"][0]["alg"] == "ES256"
    assert "d" not in published["keys"][0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["issuer-jwks.json", "issuer-key.json"]


async def test_a_token_is_believed_after_a_restart(tmp_path: Path):
    token = bearer(opened(tmp_path))
    again = opened(tmp_path)
    for one in (token, bearer(again)):
        assert (await verifier(tmp_path, "bengtsfors").verify(one)).party == "social_services"


async def test_it_speaks_only_for_those_the_service_lets_it(tmp_path: Path):
    token = bearer(opened(tmp_path), organisation="bengtsfors")
    with pytest.raises(Unauthenticated) as refusal:
        await verifier(tmp_path, "af").verify(token)
    assert refusal.value.reason is Reason.ORGANISATION


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path):
    opened(tmp_path)
    (tmp_path / "issuer-key.json").chmod(0o640)
    with pytest.raises(SecretExposed):
        opened(tmp_path)


def test_a_broken_key_says_what_to_do(tmp_path: Path):
    (tmp_path / "issuer-key.json").touch(mode=0o600)
    with pytest.raises(IssuerKeyUnreadable) as refusal:
        opened(tmp_path)
    assert "Delete it" in refusal.value.remedy


def test_no_key_is_printed(tmp_path: Path):
    issuer = opened(tmp_path)
    secret = json.loads((tmp_path / "issuer-key.json").read_text(encoding="utf-8"))["d"]
    assert secret not in f"{issuer}{issuer!r}"
