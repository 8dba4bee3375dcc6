"""Checks access tokens as RFC 9068 and the Swedish OAuth profile ask, and says whose they are."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, cast

from joserfc import jws
from joserfc.errors import JoseError
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from shared.caller import Caller
from shared.clock import Clock, SystemClock
from shared.errors import Refused
from shared.parties import TrustedIssuer

from .keys import KeyAddress, KeyFile, KeySource

LONGEST_TOKEN: Final = 8192
LONGEST_LIFE: Final = timedelta(minutes=5)
LEEWAY: Final = timedelta(seconds=30)
BELIEVED_FOR: Final = timedelta(seconds=60)
REMEMBERED: Final = 10_000
HEADERS: Final = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})
TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})


class Reason(StrEnum):
    """Why a token is not believed. A closed vocabulary: logged, counted and answered."""

    MALFORMED = "malformed"
    HEADER = "header"
    ISSUER = "issuer"
    KEY = "key"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    EARLY = "early"
    LIFETIME = "lifetime"
    ORGANISATION = "organisation"


REMEDIES: Final = {
    Reason.MALFORMED: "Send the access token as you got it: a signed JWT in compact form.",
    Reason.HEADER: "Send an access token with typ at+jwt, alg RS256 or ES256, a kid, and no key of its own.",
    Reason.ISSUER: "Ask the administrator to add your token issuer to the parties.",
    Reason.KEY: "Publish the signing key in the issuer's key set, for one algorithm, before signing with it.",
    Reason.SIGNATURE: "Ask your issuer for a new token; the signature does not match its key.",
    Reason.CLAIMS: "Ask for a token with iss, aud, sub, client_id, exp, iat, jti, scope, org and party.",
    Reason.AUDIENCE: "Ask for a token whose only audience is this service.",
    Reason.EXPIRED: "Ask your issuer for a new token.",
    Reason.EARLY: "Set the issuer's clock; the token is from the future.",
    Reason.LIFETIME: "Ask for a token that lives for 5 minutes at most.",
    Reason.ORGANISATION: "Ask the issuer of your own organisation; this one does not speak for it.",
}


class Unauthenticated(Refused):
    """The access token is not believed."""

    status = 401

    def __init__(self, reason: Reason) -> None:
        super().__init__(REMEDIES[reason], reason=reason.value)
        self.reason = reason


Word = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Seconds = Annotated[StrictInt, Field(ge=0, le=2**33)]


class Claims(BaseModel):
    """What must be in a token; what else it holds is not read."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, hide_input_in_errors=True)

    iss: Word
    aud: Word | Annotated[list[Word], Field(min_length=1, max_length=10)]
    sub: Word
    client_id: Word
    jti: Word
    exp: Seconds
    iat: Seconds
    nbf: Seconds = 0
    scope: Annotated[StrictStr, Field(max_length=1000)]
    org: Word
    party: Word


class Verifier:
    """Verifies tokens for one audience, by the machine's clock: tokens live in real time, also in a demo.

    A verdict is kept for 60 s at most, under the token's SHA-256: a withdrawn key is refused a minute later.
    """

    def __init__(self, audience: str, issuers: Mapping[str, TrustedIssuer], clock: Clock | None = None) -> None:
        self._audience = audience
        self._issuers = dict(issuers)
        self._clock = clock or SystemClock()
        self._keys: dict[str, KeySource] = {
            name: KeyFile(issuer.keys) if isinstance(issuer.keys, Path) else KeyAddress(issuer.keys, self._clock)
            for name, issuer in self._issuers.items()
        }
        self._believed: OrderedDict[bytes, tuple[Caller, datetime]] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """Whose token this is. Raises Unauthenticated (401) with the reason, KeysUnavailable (503)."""
        now = self._clock.now()
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        if (known := self._believed.get(digest)) and now < known[1]:
            return known[0]
        claims = await self._signed(token)
        self._timely(claims, now)
        caller = self._caller(claims)
        self._remember(digest, caller, until=min(_instant(claims.exp), now + BELIEVED_FOR))
        return caller

    async def _signed(self, token: str) -> Claims:
        """The claims, once the issuer they name is trusted and has signed them."""
        parsed, content = _parse(token)
        headers = parsed.headers()
        kid, type_ = headers.get("kid"), headers.get("typ")
        if not headers.keys() <= HEADERS or not isinstance(kid, str) or str(type_).lower() not in TYPES:
            raise Unauthenticated(Reason.HEADER)
        issuer = content.get("iss")
        if not isinstance(issuer, str) or issuer not in self._keys:
            raise Unauthenticated(Reason.ISSUER)
        found = await self._keys[issuer].key(kid)
        if found is None or headers.get("alg") != found.algorithm:
            raise Unauthenticated(Reason.KEY)
        try:
            genuine = jws.validate_compact(parsed, found.key, [found.algorithm])
        except (JoseError, ValueError):
            genuine = False
        if not genuine:
            raise Unauthenticated(Reason.SIGNATURE)
        try:
            return Claims.model_validate(content)
        except ValidationError:
            raise Unauthenticated(Reason.CLAIMS) from None

    def _timely(self, claims: Claims, now: datetime) -> None:
        issued, expires = _instant(claims.iat), _instant(claims.exp)
        if not timedelta() < expires - issued <= LONGEST_LIFE:
            raise Unauthenticated(Reason.LIFETIME)
        if expires + LEEWAY <= now:
            raise Unauthenticated(Reason.EXPIRED)
        if max(issued, _instant(claims.nbf)) - LEEWAY > now:
            raise Unauthenticated(Reason.EARLY)

    def _caller(self, claims: Claims) -> Caller:
        if claims.aud not in (self._audience, [self._audience]):
            raise Unauthenticated(Reason.AUDIENCE)
        if claims.org not in self._issuers[claims.iss].organisations:
            raise Unauthenticated(Reason.ORGANISATION)
        return Caller(
            organisation=claims.org,
            party=claims.party,
            subject=claims.sub,
            client_id=claims.client_id,
            scopes=frozenset(claims.scope.split()),
        )

    def _remember(self, digest: bytes, caller: Caller, *, until: datetime) -> None:
        self._believed[digest] = (caller, until)
        self._believed.move_to_end(digest)
        while len(self._believed) > REMEMBERED:
            self._believed.popitem(last=False)


def _parse(token: str) -> tuple[jws.CompactSignature, dict[str, Any]]:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise Unauthenticated(Reason.MALFORMED)
    try:
        parsed = jws.extract_compact(token.encode())
        content: Any = json.loads(parsed.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Unauthenticated(Reason.MALFORMED) from None
    if not isinstance(cast(Any, parsed.protected), dict) or not isinstance(content, dict):
        raise Unauthenticated(Reason.MALFORMED)
    return parsed, cast(dict[str, Any], content)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
