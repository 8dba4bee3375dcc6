"""Signs access tokens: for a demo with a key made at its start, and for development on one machine."""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final, Self, cast
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from . import secret_file
from .clock import Clock, SystemClock
from .errors import Fault, Refused

LIFETIME: Final = timedelta(minutes=5)
DEVELOPMENT: Final = "https://issuer.development.invalid"
PRIVATE_FILE: Final = "issuer-key.json"
PUBLIC_FILE: Final = "issuer-jwks.json"


class DevelopmentOnly(Refused):
    """The development issuer works on one machine alone."""

    status = 500
    fault = Fault.PLATFORM


class IssuerKeyUnreadable(Refused):
    """The development issuer's key cannot be read."""

    status = 500
    fault = Fault.PLATFORM


class Signer:
    """An issuer's name and its ES256 key."""

    def __init__(self, name: str, key: ECKey | None = None, *, clock: Clock | None = None) -> None:
        """Without a key a new one is made, which lives as long as the object does."""
        self.name = name
        self._key = key or ECKey.generate_key("P-256", auto_kid=True)
        self._key.ensure_kid()
        self._clock = clock or SystemClock()

    def issue(
        self,
        *,
        organisation: str,
        party: str,
        subject: str,
        client_id: str,
        audience: str,
        scopes: Iterable[str] = (),
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """An access token (RFC 9068) for one audience, as `samspar.booking`."""
        issued = int(self._clock.now().timestamp())
        claims = {
            "iss": self.name,
            "aud": audience,
            "sub": subject,
            "client_id": client_id,
            "jti": str(uuid4()),
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
            "scope": " ".join(sorted(scopes)),
            "org": organisation,
            "party": party,
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, ["ES256"])

    def write_public_keys(self, path: Path) -> None:
        """The public key set as a file, for those that verify. Replaced at once, never half written."""
        public = KeySet([self._key]).as_dict(private=False, use="sig", alg="ES256")
        secret_file.write(path, json.dumps(public).encode(), replace=True, mode=0o644)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"


class DevelopmentIssuer(Signer):
    """Speaks for every organisation, so only where one process on one machine is all there is."""

    @classmethod
    def open(cls, directory: Path, *, broker_url: str | None, database_url: str | None, host: str) -> Self:
        """Its key is made in `directory` at first use, with the public half beside it.

        Raises DevelopmentOnly where a broker, a database server or a host other than 127.0.0.1 is configured.
        """
        if broker_url:
            raise DevelopmentOnly("Configure your organisation's own token issuer, or leave the broker out.")
        if database_url and not database_url.startswith("sqlite"):
            raise DevelopmentOnly("Configure your organisation's own token issuer, or use SQLite.")
        if host != "127.0.0.1":
            raise DevelopmentOnly("Configure your organisation's own token issuer, or listen on 127.0.0.1.")
        issuer = cls(DEVELOPMENT, kept_key(directory / PRIVATE_FILE))
        issuer.write_public_keys(directory / PUBLIC_FILE)
        return issuer


def kept_key(path: Path) -> ECKey:
    """The key in the file, made at first use. Raises `IssuerKeyUnreadable`."""
    if not path.exists():
        made = ECKey.generate_key("P-256", auto_kid=True)
        secret_file.write(path, json.dumps(made.as_dict(private=True)).encode())
    try:
        return ECKey.import_key(cast(dict[str, str | list[str]], json.loads(secret_file.read(path))))
    except (JoseError, ValueError, TypeError, OSError):
        pass
    raise IssuerKeyUnreadable("Delete it; a new one is made at the next start.", file=path.name)
