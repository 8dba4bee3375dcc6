"""Tokens with which a service of the platform calls another: signed here in a demo, else from a token endpoint."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Final, Protocol, cast
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from . import secret_file
from .caller import SERVICE, audience_of, service_client
from .errors import Unavailable
from .issuer import Signer

ASSERTED: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS: Final = 60
RENEW_BEFORE: Final = 60.0
LONGEST: Final = 300.0


class TokenUnavailable(Unavailable):
    """This service cannot get a token for calling another one."""


class TokenSource(Protocol):
    """Where a service gets its tokens for calling others."""

    async def token(self, organisation: str, service: str) -> str:
        """A token for that organisation's service, valid for a while yet. Raises `TokenUnavailable`."""
        ...


class SignedTokens:
    """Signs them itself: in a demo, whose key the services are given, and in tests."""

    def __init__(self, signer: Signer, *, organisation: str, service: str) -> None:
        self._signer = signer
        self._organisation = organisation
        self._service = service

    async def token(self, organisation: str, service: str) -> str:
        client = service_client(self._organisation, self._service)
        return self._signer.issue(
            organisation=self._organisation,
            party=self._service,
            subject=client,
            client_id=client,
            audience=audience_of(organisation, service),
            scopes=_scopes(service),
        )


class ClientCredentials:
    """Asks the organisation's token endpoint (RFC 6749, 4.4) with a signed assertion (RFC 7523: private_key_jwt).

    A token is used again until a minute before it ends.
    """

    def __init__(
        self, endpoint: str, key: ECKey | RSAKey, *, client_id: str, network: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._endpoint = endpoint
        self._key = key
        self._key.ensure_kid()
        self._client_id = client_id
        self._client = httpx.AsyncClient(timeout=2, trust_env=False, follow_redirects=False, transport=network)
        self._asking = asyncio.Lock()
        self._held: dict[tuple[str, str], tuple[str, float]] = {}

    async def token(self, organisation: str, service: str) -> str:
        async with self._asking:
            token, until = self._held.get((organisation, service), ("", 0.0))
            if until <= time.monotonic():
                asked = time.monotonic()
                token, lives = await self._ask(organisation, service)
                self._held[organisation, service] = (token, asked + min(lives, LONGEST) - RENEW_BEFORE)
            return token

    async def _ask(self, organisation: str, service: str) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(_scopes(service)),
            "audience": audience_of(organisation, service),
            "client_id": self._client_id,
            "client_assertion_type": ASSERTED,
            "client_assertion": self._assertion(),
        }
        try:
            answer = await self._client.post(self._endpoint, data=form, headers={"Accept": "application/json"})
            said = cast(dict[str, Any], answer.raise_for_status().json())
            return str(said["access_token"]), float(said["expires_in"])
        except (httpx.HTTPError, ValueError, TypeError, KeyError):
            raise TokenUnavailable("Check the token endpoint and the key this service is registered with.") from None

    def _assertion(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._endpoint,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        algorithm = "RS256" if isinstance(self._key, RSAKey) else "ES256"
        return jwt.encode({"alg": algorithm, "kid": self._key.kid}, claims, self._key, [algorithm])


class NoTokens:
    """A service that was given neither: it calls nobody, and says so when it should."""

    async def token(self, organisation: str, service: str) -> str:
        raise TokenUnavailable("Give this service a token endpoint and a key.", to=f"{organisation}.{service}")


def token_source(
    *, organisation: str, service: str, issuer: str | None, endpoint: str | None, key: Path | None
) -> TokenSource:
    """By the settings: `issuer` and its key sign here (demo), `endpoint` and the client's key ask there.

    Raises `TokenUnavailable` if the key cannot be read, `SecretExposed` if others can read it.
    """
    if key is None or (issuer is None and endpoint is None):
        return NoTokens()
    if issuer is not None:
        return SignedTokens(Signer(issuer, _elliptic(key)), organisation=organisation, service=service)
    return ClientCredentials(endpoint or "", read_key(key), client_id=service_client(organisation, service))


def read_key(path: Path) -> ECKey | RSAKey:
    """A private key as a JWK file (mode 600)."""
    try:
        content = cast(dict[str, Any], json.loads(secret_file.read(path)))
        return RSAKey.import_key(content) if content.get("kty") == "RSA" else ECKey.import_key(content)
    except (JoseError, OSError, ValueError, TypeError, AttributeError):
        raise TokenUnavailable("Put the private key there as a JWK.", file=path.name) from None


def _scopes(service: str) -> list[str]:
    """A service of the platform, and a caller of that API."""
    return [SERVICE, f"samspar.{service}"]


def _elliptic(path: Path) -> ECKey:
    key = read_key(path)
    if not isinstance(key, ECKey):
        raise TokenUnavailable("Sign with an EC key on P-256.", file=path.name)
    return key
