"""The keys of issuers: from a file, or from an address that may be away."""

from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from shared.clock import StoppedClock
from shared.testing.key_sets import (
    BOOKING,
    HEADER,
    KEY,
    NOW,
    T,
    key_server,
    key_set,
    published,
    refused,
    token,
    trusting,
)
from shared.tokens import KeysUnavailable, Reason, Verifier


@pytest.mark.parametrize("content", [None, "", "[]", '{"keys": 7}', "[" * 50_000])
async def test_a_missing_or_broken_key_file_is_our_own_fault(tmp_path: Path, content: str | None):
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(KeysUnavailable) as refusal:
        await Verifier(BOOKING, trusting(path)).verify(token())
    assert refusal.value.code == "platform/keys-unavailable"
    assert refusal.value.status == 503


async def test_keys_that_may_not_sign_tokens_are_left_out(tmp_path: Path, clock: StoppedClock):
    other = ECKey.generate_key("P-384", parameters={"kid": "curve"})
    wrong_use = ECKey.generate_key("P-256", parameters={"kid": "use", "use": "enc"})
    wrong_alg = RSAKey.generate_key(2048, parameters={"kid": "alg", "alg": "PS256"})
    verifier = Verifier(BOOKING, trusting(key_set(tmp_path / "jwks.json", other, wrong_use, wrong_alg)), clock)
    for kid in ("curve", "use"):
        assert await refused(verifier, token(header={**HEADER, "kid": kid})) is Reason.KEY
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "alg"}
    assert await refused(verifier, token(RSAKey.import_key(wrong_alg.as_pem(private=True)), header)) is Reason.KEY


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_a_short_rsa_key_is_left_out(tmp_path: Path, clock: StoppedClock):
    short = RSAKey.generate_key(1024, parameters={"kid": "rsa"})
    verifier = Verifier(BOOKING, trusting(key_set(tmp_path / "jwks.json", short)), clock)
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "rsa"}
    assert await refused(verifier, token(short, header)) is Reason.KEY


async def test_keys_at_an_address_are_asked_for_once(clock: StoppedClock):
    with key_server([(200, published(KEY))]) as (url, asked):
        verifier = Verifier(BOOKING, trusting(url), clock)
        for n in range(3):
            await verifier.verify(token(jti=f"j{n}"))
        assert len(asked) == 1


async def test_an_unknown_key_id_asks_again_but_not_often(clock: StoppedClock):
    new = ECKey.generate_key("P-256", parameters={"kid": "two"})
    with key_server([(200, published(KEY)), (200, published(KEY, new))]) as (url, asked):
        verifier = Verifier(BOOKING, trusting(url), clock)
        bearer = token(new, {**HEADER, "kid": "two"})
        for _ in range(5):
            assert await refused(verifier, bearer) is Reason.KEY
        assert len(asked) == 1
        clock.set(NOW + timedelta(seconds=31))
        assert await verifier.verify(bearer)
        assert len(asked) == 2


async def test_known_keys_outlive_a_short_outage(clock: StoppedClock):
    with key_server([(200, published(KEY)), (500, b"")]) as (url, asked):
        verifier = Verifier(BOOKING, trusting(url), clock)
        await verifier.verify(token())
        clock.set(NOW + timedelta(minutes=59))
        later = T + 59 * 60
        await verifier.verify(token(iat=later, exp=later + 300))
        assert len(asked) == 2
        clock.set(NOW + timedelta(minutes=61))
        later = T + 61 * 60
        with pytest.raises(KeysUnavailable):
            await verifier.verify(token(iat=later, exp=later + 300))


@pytest.mark.parametrize("answer", [(302, b""), (200, b"<html>"), (200, b" " * 70_000 + b'{"keys": []}')])
async def test_an_address_that_gives_no_keys_is_unavailable(clock: StoppedClock, answer: tuple[int, bytes]):
    with key_server([answer]) as (url, asked):
        with pytest.raises(KeysUnavailable):
            await Verifier(BOOKING, trusting(url), clock).verify(token())
        assert asked == ["/jwks"]
