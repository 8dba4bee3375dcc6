"""The same key and body get the same answer, for ever: a POST that is sent again does nothing again."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass

from fastapi import Request, Response
from sqlalchemy import select, text

from shared.caller import Caller
from shared.errors import Fault, Invalid, Refused
from shared.tables import idempotency
from shared.uow import UnitOfWork

KEY = re.compile(r"[!-~]{1,255}")
KEPT = ("location", "etag", "content-type")


class KeyMissing(Refused):
    """A POST needs an Idempotency-Key."""

    status = 400


class KeyReused(Invalid):
    """The key was used for another request."""


class StillRunning(Refused):
    """The first request with this key is still running."""

    fault = Fault.WAITING


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST under its key; the body only as a keyed hash.

    Scope: organisation, client, party (the border of secrecy runs between those of one system), method, route, key.
    """

    scope: bytes
    body_hash: bytes

    async def answered(self, uow: UnitOfWork) -> Response | None:
        """The original answer, if there is one. Raises `KeyReused` for another body, `StillRunning` for a race."""
        if uow.session.get_bind().dialect.name == "postgresql":
            lock = int.from_bytes(self.scope[:8], "big", signed=True)
            if not await uow.session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": lock}):
                raise StillRunning("Wait, then send the same again.")
        row = (await uow.session.execute(select(idempotency).where(idempotency.c.scope == self.scope))).one_or_none()
        if row is None:
            return None
        if not hmac.compare_digest(row.body_hash, self.body_hash):
            raise KeyReused("Use a new key for a new request.")
        return Response(row.body, row.status, row.headers)

    async def remember(self, uow: UnitOfWork, response: Response) -> None:
        """Stores the answer in the transaction of what was done."""
        kept = {name: value for name, value in response.headers.items() if name in KEPT}
        await uow.session.execute(
            idempotency.insert().values(
                scope=self.scope,
                body_hash=self.body_hash,
                status=response.status_code,
                headers=kept,
                body=bytes(response.body),
                stored=uow.now,
            )
        )


def attempt_of(request: Request, *, route: str, caller: Caller, body: bytes, secret: bytes) -> Attempt:
    """Raises `KeyMissing`."""
    key = request.headers.get("idempotency-key", "").strip('"')
    if not KEY.fullmatch(key):
        raise KeyMissing("Send a key of your own making, and the same key when you send the same again.")
    where = f"{route} {request.scope['path']}"
    parts = (caller.organisation, caller.client_id, caller.party, request.method, where, key)
    scope = hashlib.sha256(json.dumps(parts).encode()).digest()
    asked = request.scope["query_string"] + b"\n" + body
    return Attempt(scope, hmac.digest(secret, asked, "sha256"))
