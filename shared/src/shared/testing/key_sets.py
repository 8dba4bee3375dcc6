"""Tokens and key sets of a test: well made, or wrong in the one way that is asked for."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from shared.parties import TrustedIssuer
from shared.tokens import Reason, Unauthenticated, Verifier

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
T = int(NOW.timestamp())
BOOKING = "samspar.booking"
ISSUER = "https://login.af.example"
KEY = ECKey.generate_key("P-256", parameters={"kid": "one"})
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": BOOKING,
    "sub": "officer-7",
    "client_id": "af-desk",
    "jti": "j1",
    "iat": T,
    "exp": T + 300,
    "scope": "booking:read booking:write",
    "org": "af",
    "party": "employment_service",
}
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}


def token(key: ECKey | RSAKey | OctKey = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A signed token; a claim given as None is left out."""
    all_ = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    used = header or HEADER
    return jwt.encode(used, all_, key, [used["alg"]], default_type=None)


def key_set(path: Path, *keys: ECKey | RSAKey | OctKey) -> Path:
    path.write_text(json.dumps(KeySet(list(keys)).as_dict(private=False)), encoding="utf-8")
    return path


def trusting(keys: Path | str, *organisations: str, issuer: str = ISSUER) -> dict[str, TrustedIssuer]:
    speaks_for = frozenset(organisations or ("af",))
    return {issuer: TrustedIssuer(issuer=issuer, organisations=speaks_for, keys=keys)}


@contextmanager
def key_server(answers: list[tuple[int, bytes]]) -> Generator[tuple[str, list[str]]]:
    """A key set at an address: the answers in turn, the last one for ever; and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: ARG002 -- the base's signature
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/jwks", asked
        finally:
            server.shutdown()
            thread.join()


def published(*keys: ECKey | RSAKey) -> bytes:
    return json.dumps(KeySet(list(keys)).as_dict(private=False)).encode()


async def refused(verifier: Verifier, bearer: str) -> Reason:
    """Why it is not believed."""
    refusal: Unauthenticated | None = None
    try:
        await verifier.verify(bearer)
    except Unauthenticated as error:
        refusal = error
    assert refusal is not None, "it was believed"
    assert (refusal.status, refusal.code) == (401, "sender/unauthenticated")
    assert refusal.remedy
    return refusal.reason
