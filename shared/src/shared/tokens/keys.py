"""The public keys of an issuer: from a file that may be replaced, or from its address."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol, cast

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from shared.clock import Clock
from shared.errors import Unavailable

FRESH_FOR: Final = timedelta(minutes=10)
USABLE_FOR: Final = timedelta(hours=1)
NOT_OFTENER_THAN: Final = timedelta(seconds=30)
LARGEST_SET: Final = 64 * 1024
SMALLEST_RSA: Final = 2048
OK: Final = 200


class KeysUnavailable(Unavailable):
    """The public keys of a token's issuer cannot be read."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key and the one algorithm it is used with."""

    algorithm: str
    key: RSAKey | ECKey


KeySet = dict[str, PublicKey]


class KeySource(Protocol):
    """Where an issuer's keys are."""

    async def key(self, kid: str) -> PublicKey | None:
        """The key of that id, or nothing. Raises KeysUnavailable where it cannot be known."""
        ...


class KeyFile:
    """A JWKS file, read again when it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: KeySet = {}

    async def key(self, kid: str) -> PublicKey | None:
        try:
            found = self._path.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if stamp != self._seen:
                self._keys = usable(self._path.read_bytes())
                self._seen = stamp
        except (OSError, ValueError):
            raise KeysUnavailable("Put the issuer's public key set where the parties say it is.") from None
        return self._keys.get(kid)


class KeyAddress:
    """A JWKS address, asked again every 10 min and for an unknown key id, at most every 30 s.

    Known keys outlive an outage of the address by an hour.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._asking = asyncio.Lock()
        self._keys: KeySet = {}
        self._read: datetime | None = None
        self._asked: datetime | None = None

    async def key(self, kid: str) -> PublicKey | None:
        if not self._knows(kid):
            async with self._asking:
                if not self._knows(kid) and self._older(self._asked, NOT_OFTENER_THAN):
                    await self._ask()
        if self._older(self._read, USABLE_FOR):
            raise KeysUnavailable("Try again shortly; the issuer's key set does not answer.")
        return self._keys.get(kid)

    def _knows(self, kid: str) -> bool:
        return kid in self._keys and not self._older(self._read, FRESH_FOR)

    def _older(self, instant: datetime | None, than: timedelta) -> bool:
        return instant is None or self._clock.now() - instant > than

    async def _ask(self) -> None:
        self._asked = self._clock.now()
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False, follow_redirects=False) as client:
                answer = await client.get(self._url, headers={"Accept": "application/json"})
            if answer.status_code == OK:
                self._keys, self._read = usable(answer.content), self._asked
        except (httpx.HTTPError, ValueError):
            return


def usable(content: bytes) -> KeySet:
    """The keys of a JWKS that may sign tokens, by id: RSA from 2048 bits for RS256, P-256 for ES256.

    Others are left out, as RFC 7517 section 5 asks. Raises ValueError if it is no key set at all.
    """
    if len(content) > LARGEST_SET:
        raise ValueError("the key set is too large")
    try:
        keys: Any = json.loads(content)
    except RecursionError:
        raise ValueError("not a key set") from None
    if not isinstance(keys, dict) or not isinstance(members := cast(dict[str, Any], keys).get("keys"), list):
        raise ValueError("not a key set")
    found: KeySet = {}
    for member in cast(list[Any], members):
        if isinstance(member, dict) and (key := _public(cast(dict[str, Any], member))):
            found[str(cast(dict[str, Any], member)["kid"])] = key
    return found


def _public(member: dict[str, Any]) -> PublicKey | None:
    kind, kid = member.get("kty"), member.get("kid")
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(kind))
    if algorithm is None or not isinstance(kid, str) or not kid:
        return None
    if member.get("use", "sig") != "sig" or member.get("alg", algorithm) != algorithm:
        return None
    parts = ("kty", "n", "e") if kind == "RSA" else ("kty", "crv", "x", "y")
    try:
        public = {part: member[part] for part in parts}
        key = RSAKey.import_key(public) if kind == "RSA" else ECKey.import_key(public)
    except (JoseError, KeyError, ValueError, TypeError):
        return None
    if isinstance(key, RSAKey):
        return PublicKey(algorithm, key) if key.raw_value.key_size >= SMALLEST_RSA else None
    return PublicKey(algorithm, key) if key.curve_name == "P-256" else None
