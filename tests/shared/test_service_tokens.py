"""Tokens between services: signed here, or asked of a token endpoint with a signed assertion."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from shared import secret_file
from shared.issuer import Signer
from shared.parties import TrustedIssuer
from shared.secret_file import SecretExposed
from shared.service_tokens import (
    ClientCredentials,
    NoTokens,
    SignedTokens,
    TokenUnavailable,
    read_key,
    token_source,
)
from shared.tokens import Unauthenticated, Verifier

ENDPOINT = "https://login.norrby.example/token"
KEY = ECKey.generate_key("P-256", auto_kid=True)


class Endpoint(httpx.AsyncBaseTransport):
    """A token endpoint that answers by script, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def given(token: str, seconds: int = 300) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "token_type": "Bearer", "expires_in": seconds})


def credentials(endpoint: Endpoint, key: ECKey | RSAKey = KEY) -> ClientCredentials:
    return ClientCredentials(ENDPOINT, key, client_id="norrby.referral", network=endpoint)


async def test_a_signed_token_is_a_service_of_its_organisation(tmp_path: Path):
    signer = Signer("https://login.norrby.example")
    signer.write_public_keys(tmp_path / "keys.json")
    trusted = TrustedIssuer(issuer=signer.name, organisations=frozenset({"norrby"}), keys=tmp_path / "keys.json")
    token = await SignedTokens(signer, organisation="norrby", service="referral").token("norrby", "consent")
    caller = await Verifier("samspar.norrby.consent", {signer.name: trusted}).verify(token)
    assert (caller.organisation, caller.service, caller.client_id) == ("norrby", "referral", "norrby.referral")
    assert caller.scopes == {"samspar.service", "samspar.consent"}


@pytest.mark.parametrize("key", [KEY, RSAKey.generate_key(2048)], ids=["ES256", "RS256"])
async def test_the_endpoint_is_asked_with_an_assertion(key: ECKey | RSAKey):
    endpoint = Endpoint(given("t1"))
    assert await credentials(endpoint, key).token("norrby", "consent") == "t1"
    (asked,) = endpoint.asked
    assertion = jwt.decode(asked.pop("client_assertion"), key, ["ES256", "RS256"])
    claims: dict[str, Any] = dict(assertion.claims)
    assert asked == {
        "grant_type": "client_credentials",
        "scope": "samspar.service samspar.consent",
        "audience": "samspar.norrby.consent",
        "client_id": "norrby.referral",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("norrby.referral", "norrby.referral", ENDPOINT)
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - datetime.now(UTC).timestamp()) < 5
    assert assertion.header["kid"] == key.kid


async def test_a_token_is_used_again_for_its_own_audience():
    """One service of one organisation: what is sent to a partner opens nothing at home, nor at another partner."""
    to = [("norrby", "consent"), ("norrby", "booking"), ("agency", "consent")]
    endpoint = Endpoint(given("1"), given("2"), given("3"))
    tokens = credentials(endpoint)
    assert [await tokens.token(*each) for each in [*to, *to]] == ["1", "2", "3"] * 2
    audiences = ["samspar.norrby.consent", "samspar.norrby.booking", "samspar.agency.consent"]
    assert [asked["audience"] for asked in endpoint.asked] == audiences


async def test_a_token_sent_to_a_partner_opens_nothing_at_home(tmp_path: Path):
    signer = Signer("https://login.norrby.example")
    signer.write_public_keys(tmp_path / "keys.json")
    trusted = TrustedIssuer(issuer=signer.name, organisations=frozenset({"norrby"}), keys=tmp_path / "keys.json")
    token = await SignedTokens(signer, organisation="norrby", service="referral").token("agency", "booking")
    with pytest.raises(Unauthenticated):
        await Verifier("samspar.norrby.booking", {signer.name: trusted}).verify(token)


async def test_a_token_about_to_end_is_renewed():
    endpoint = Endpoint(given("short", seconds=60), given("new"))
    tokens = credentials(endpoint)
    assert [await tokens.token("norrby", "consent") for _ in range(2)] == ["short", "new"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("away"),
        httpx.Response(401, json={"error": "invalid_client"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"access_token": "t"}),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
    ],
    ids=["away", "refused", "no JSON", "no lifetime", "moved"],
)
async def test_no_token_is_said_and_asked_again(answer: httpx.Response | Exception):
    tokens = credentials(Endpoint(answer, given("later")))
    with pytest.raises(TokenUnavailable) as refused:
        await tokens.token("norrby", "consent")
    assert "invalid_client" not in str(refused.value)
    assert await tokens.token("norrby", "consent") == "later"


async def test_the_settings_decide(tmp_path: Path):
    path = tmp_path / "key.json"
    secret_file.write(path, json.dumps(KEY.as_dict(private=True)).encode())
    who = {"organisation": "norrby", "service": "referral"}
    assert isinstance(token_source(**who, issuer="demo", endpoint=None, key=path), SignedTokens)
    assert isinstance(token_source(**who, issuer=None, endpoint=ENDPOINT, key=path), ClientCredentials)
    none = token_source(**who, issuer=None, endpoint=None, key=path)
    assert isinstance(none, NoTokens)
    with pytest.raises(TokenUnavailable):
        await none.token("norrby", "consent")


def test_a_key_that_others_read_or_that_is_none_is_refused(tmp_path: Path):
    path = tmp_path / "key.json"
    path.write_text("{}")
    path.chmod(0o644)
    with pytest.raises(SecretExposed):
        read_key(path)
    path.chmod(0o600)
    with pytest.raises(TokenUnavailable):
        read_key(path)
    with pytest.raises(TokenUnavailable):
        read_key(tmp_path / "none.json")
