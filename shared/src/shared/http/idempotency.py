"""The same key and body get the same answer, for ever: a POST that is sent again does nothing again."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from sqlalchemy import BigInteger, ColumnElement, LargeBinary, Select, bindparam, func, select, true

from shared.caller import Caller
from shared.errors import Fault, Invalid, Refused
from shared.tables import idempotency
from shared.uow import UnitOfWork
from shared.writes import Into

ANSWERS = Into(idempotency, key=("scope",))
KEY = re.compile(r"[!-~]{1,255}")
KEPT = ("location", "etag", "content-type")


def _found(ours: ColumnElement[bool]) -> Select[Any]:
    """The stored answer, if there is one, and whether no other request holds the key.

    A request that ends between the look and the lock is not seen: then what is stored at the end meets its row, and the
    whole is run again.
    """
    one = select(ours.label("ours")).subquery()
    found = idempotency.c.scope == bindparam("scope", type_=LargeBinary)
    return select(one.c.ours, idempotency).select_from(one.outerjoin(idempotency, found))


FOUND = _found(func.pg_try_advisory_xact_lock(bindparam("lock", type_=BigInteger)))
FOUND_ALONE = _found(true())
"""SQLite has one writer."""


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
        found = FOUND if uow.session.get_bind().dialect.name == "postgresql" else FOUND_ALONE
        row = (await uow.session.execute(found, {"scope": self.scope, "lock": self._lock})).one()
        if not row.ours:
            raise StillRunning("Wait, then send the same again.")
        if row.status is None:
            return None
        if not hmac.compare_digest(row.body_hash, self.body_hash):
            raise KeyReused("Use a new key for a new request.")
        return Response(row.body, row.status, row.headers)

    def remember(self, uow: UnitOfWork, response: Response) -> None:
        """Stores the answer in the transaction of what was done."""
        kept = {name: value for name, value in response.headers.items() if name in KEPT}
        row = {
            "scope": self.scope,
            "body_hash": self.body_hash,
            "status": response.status_code,
            "headers": kept,
            "body": bytes(response.body),
            "stored": uow.now,
        }
        uow.put(ANSWERS, row)

    @property
    def _lock(self) -> int:
        return int.from_bytes(self.scope[:8], "big", signed=True)


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
