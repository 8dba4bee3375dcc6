"""Access tokens: what is believed, for how long, and why the rest is not."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from shared.clock import StoppedClock
from shared.issuer import Signer
from shared.testing.key_sets import (
    BOOKING,
    CLAIMS,
    HEADER,
    ISSUER,
    KEY,
    NOW,
    RSA,
    T,
    key_set,
    refused,
    token,
    trusting,
)
from shared.tokens import Caller, Reason, Unauthenticated, Verifier
from shared.tokens.verifier import REMEMBERED


async def test_a_token_says_whose_it_is(verifier: Verifier):
    assert await verifier.verify(token()) == Caller(
        organisation="af",
        party="employment_service",
        subject="officer-7",
        client_id="af-desk",
        scopes=frozenset({"booking:read", "booking:write"}),
    )


async def test_a_token_signed_with_rsa_and_the_long_type_is_believed(verifier: Verifier):
    header = {"alg": "RS256", "typ": "application/at+jwt", "kid": "rsa"}
    assert (await verifier.verify(token(RSA, header))).organisation == "af"


@pytest.mark.parametrize("claim", sorted(CLAIMS))
async def test_every_claim_is_required(verifier: Verifier, claim: str):
    without: dict[str, Any] = {claim: None}
    reason = await refused(verifier, token(**without))
    assert reason is (Reason.ISSUER if claim == "iss" else Reason.CLAIMS)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "samspar.consent"}, Reason.AUDIENCE),
        ({"aud": [BOOKING, "samspar.consent"]}, Reason.AUDIENCE),
        ({"iat": T - 331, "exp": T - 31}, Reason.EXPIRED),
        ({"iat": T + 31, "exp": T + 200}, Reason.EARLY),
        ({"nbf": T + 31}, Reason.EARLY),
        ({"exp": T + 301}, Reason.LIFETIME),
        ({"exp": T}, Reason.LIFETIME),
        ({"exp": str(T + 300)}, Reason.CLAIMS),
        ({"exp": True}, Reason.CLAIMS),
        ({"exp": float("inf")}, Reason.CLAIMS),
        ({"exp": 10**30}, Reason.CLAIMS),
        ({"sub": ""}, Reason.CLAIMS),
        ({"scope": ["booking:read"]}, Reason.CLAIMS),
        ({"org": "bengtsfors"}, Reason.ORGANISATION),
        ({"org": ["af"]}, Reason.CLAIMS),
        ({"iss": "https://login.other.example"}, Reason.ISSUER),
        ({"iss": [ISSUER]}, Reason.ISSUER),
    ],
)
async def test_a_wrong_claim_is_named(verifier: Verifier, claims: dict[str, Any], reason: Reason):
    assert await refused(verifier, token(**claims)) is reason


@pytest.mark.parametrize(
    "change",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"kid": None},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MII"]},
        {"jwk": KEY.as_dict(private=False)},
        {"crit": ["typ"]},
    ],
)
async def test_a_wrong_header_is_refused(verifier: Verifier, change: dict[str, Any]):
    header = {name: value for name, value in {**HEADER, **change}.items() if value is not None}
    assert await refused(verifier, token(header=header)) is Reason.HEADER


async def test_another_key_under_the_same_id_is_refused(verifier: Verifier):
    stranger = ECKey.generate_key("P-256", parameters={"kid": "one"})
    assert await refused(verifier, token(stranger)) is Reason.SIGNATURE


async def test_changed_claims_are_refused(verifier: Verifier):
    head, _, signature = token().split(".")
    _, body, _ = token(party="administrator").split(".")
    assert await refused(verifier, f"{head}.{body}.{signature}") is Reason.SIGNATURE


async def test_the_public_key_is_no_shared_secret(verifier: Verifier):
    confused = OctKey.import_key(KEY.as_pem(private=False).replace(b"-----", b"====="), {"kid": "one"})
    assert await refused(verifier, token(confused, {**HEADER, "alg": "HS256"})) is Reason.KEY


@pytest.mark.parametrize("algorithm", ["none", "ES384", "PS256", "RS256"])
async def test_a_key_has_one_algorithm(verifier: Verifier, algorithm: str):
    other = json.dumps({**HEADER, "alg": algorithm}).encode()
    _, body, signature = token().split(".")
    forged = f"{_base64(other)}.{body}.{signature}"
    assert await refused(verifier, forged) is Reason.KEY


@pytest.mark.parametrize("bearer", ["", "x", "a.b", "a.b.c.d", "é.b.c", "x" * 9000, "..", "\ud800"])
async def test_what_is_no_token_is_malformed(verifier: Verifier, bearer: str):
    assert await refused(verifier, bearer) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("head", "body"), [(HEADER, b"[" * 4000), ("alg", b"{}"), (["alg", "b64"], b"{}"), (HEADER, b"\xff"), (7, b"{}")]
)
async def test_what_only_looks_like_a_token_is_malformed(verifier: Verifier, head: Any, body: bytes):
    bearer = f"{_base64(json.dumps(head).encode())}.{_base64(body)}.AAAA"
    assert await refused(verifier, bearer) is Reason.MALFORMED


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.recursive(
        st.none() | st.integers() | st.text() | st.lists(st.sampled_from(["alg", "b64", "crit", "kid"])),
        lambda inner: st.dictionaries(st.sampled_from(["alg", "typ", "kid", "b64", "crit", "x"]), inner),
    ),
    body=st.one_of(st.none(), st.integers(), st.dictionaries(st.sampled_from(sorted(CLAIMS)), st.text())),
)
async def test_no_text_makes_it_fall_over(verifier: Verifier, head: Any, body: Any):
    bearer = f"{_base64(json.dumps(head).encode())}.{_base64(json.dumps(body).encode())}.AAAA"
    assert await refused(verifier, bearer) in {Reason.MALFORMED, Reason.HEADER, Reason.ISSUER}


async def test_no_refusal_echoes_the_token(verifier: Verifier):
    bearer = token(sub="canary-person", org="bengtsfors")
    with pytest.raises(Unauthenticated) as refusal:
        await verifier.verify(bearer)
    said = f"{refusal.value!r}{refusal.value}{refusal.value.facts}"
    assert bearer not in said
    assert "canary" not in said


async def test_a_verdict_ends_with_its_token(verifier: Verifier, clock: StoppedClock):
    bearer = token(iat=T - 250, exp=T + 50)
    await verifier.verify(bearer)
    clock.set(NOW + timedelta(seconds=81))
    assert await refused(verifier, bearer) is Reason.EXPIRED


async def test_a_withdrawn_key_is_believed_for_a_minute_at_most(tmp_path: Path, clock: StoppedClock):
    path = key_set(tmp_path / "jwks.json", KEY)
    verifier = Verifier(BOOKING, trusting(path), clock)
    bearer = token()
    await verifier.verify(bearer)
    key_set(path, RSA)
    assert await verifier.verify(bearer)
    assert await refused(verifier, token(jti="j2")) is Reason.KEY
    clock.set(NOW + timedelta(seconds=60))
    assert await refused(verifier, bearer) is Reason.KEY


async def test_the_memory_of_verdicts_is_bounded(verifier: Verifier, monkeypatch: pytest.MonkeyPatch):
    assert REMEMBERED == 10_000
    monkeypatch.setattr("shared.tokens.verifier.REMEMBERED", 3)
    for n in range(5):
        await verifier.verify(token(jti=f"j{n}"))
    assert len(verifier._believed) == 3  # pyright: ignore[reportPrivateUsage] -- the bound is what is tested


async def test_what_the_signer_signs_is_believed(tmp_path: Path):
    signer = Signer(ISSUER)
    signer.write_public_keys(tmp_path / "jwks.json")
    bearer = signer.issue(
        organisation="af",
        party="employment_service",
        subject="s",
        client_id="c",
        audience=BOOKING,
        scopes={"booking:read"},
    )
    caller = await Verifier(BOOKING, trusting(tmp_path / "jwks.json")).verify(bearer)
    assert caller.scopes == {"booking:read"}


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
