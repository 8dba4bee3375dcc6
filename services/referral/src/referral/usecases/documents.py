"""Booking documents: takes one in whole, then receives its rows, so many a transaction, each as a referral."""

import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlmodel import col

from referral.domain.documents import (
    CHUNK,
    Became,
    Document,
    DocumentRow,
    OtherRowsWrong,
    Progress,
    RowFailed,
    RowSentBefore,
    row_id,
)
from referral.domain.referrals import AlreadyReferred, admit, admit_person
from shared.calendar import STOCKHOLM
from shared.caller import Caller
from shared.errors import Fault, Refused
from shared.ids import uuid7
from shared.uow import UnitOfWork
from shared.vault import Vault

from .intake import Sent, receive
from .repertoire import Repertoire

SENT: Final = TypeAdapter(Sent)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read: a referral, or why it is none. `content` tells it from every other row."""

    number: int
    content: str
    sent: Sent | None = None
    refusal: Refused | None = None

    @classmethod
    def of(cls, number: int, sent: Sent) -> "Row":
        return cls(number, json.dumps(SENT.dump_python(sent), default=_plain, sort_keys=True), sent)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row."""

    status: Became
    code: str | None = None
    facts: Mapping[str, str | int] | None = None
    referral_id: UUID | None = None


async def take_in(
    uow: UnitOfWork,
    repertoire: Repertoire,
    vault: Vault,
    sender: Caller,
    rows: Sequence[Row],
    *,
    good: bool,
    key: bytes,
) -> tuple[Document, bool]:
    """Checks every row and keeps those that are to be received. True if the document is new.

    Unless the `good` ones are asked for, one wrong row holds back all. `key` is for the hashes.
    """
    found = [_checked(uow, repertoire, sender, row) for row in rows]
    kept = good or all(each.status is Became.PENDING for each in found)
    results = found if kept else [_held_back(each) for each in found]
    who = f"{sender.organisation}|{sender.party}|"
    identities = [hmac.digest(key, f"row|{who}{row.content}".encode(), "sha256").hex() for row in rows]
    signs = [(row.number, identity, each.code) for row, identity, each in zip(rows, identities, found, strict=True)]
    digest = hmac.digest(key, f"document|{good}|{json.dumps(signs)}".encode(), "sha256").hex()
    document = await _new(uow, sender, digest, good=good, total=len(rows))
    if document is None:
        first = await uow.session.scalar(select(col(Document.id)).where(col(Document.digest) == digest))
        assert first is not None
        return await uow.get(Document, first), False
    await uow.session.execute(
        uow.insert(DocumentRow),
        [
            {
                "id": row_id(document.id, row.number),
                "document_id": document.id,
                "number": row.number,
                "chunk": n // CHUNK,
                "identity": identity,
                "status": each.status,
                "code": each.code,
                "facts": dict(each.facts or {}),
                "referral_id": None,
            }
            for n, (row, identity, each) in enumerate(zip(rows, identities, results, strict=True))
        ],
    )
    for first in range(0, len(rows), CHUNK):
        chunk = zip(rows[first : first + CHUNK], results[first : first + CHUNK], strict=True)
        pending = {str(row.number): row.content for row, each in chunk if each.status is Became.PENDING}
        if pending:
            await vault.put(uow.session, document.id, _kind(first // CHUNK), pending, now=uow.now)
    refused = sum(each.status is Became.REFUSED for each in results)
    document.went_on(0, 0, refused, uow.now)
    if not kept:
        document.status, document.done_at = Progress.REFUSED, uow.now
    return document, True


async def go_on(uow: UnitOfWork, repertoire: Repertoire, vault: Vault, document_id: UUID, *, most: int = CHUNK) -> bool:
    """Receives the next rows of a document, and forgets what they said. False once there are no more."""
    document, rows = await _next(uow, document_id)
    if document is None:
        return False
    chunk, rows, rest = rows[0].chunk, rows[:most], rows[most:]
    said = await vault.get(uow.session, document.id, _kind(chunk)) or {}
    sender = Caller(document.sender_organisation, document.sender, "", "", frozenset())
    known = await _received_before(uow, [row.identity for row in rows])
    counted = Counter[Became]()
    for row in rows:
        sent = SENT.validate_json(str(said[str(row.number)]))
        result = await _received(uow, repertoire, vault, sender, sent, known.get(row.identity))
        if result.referral_id is not None:
            known[row.identity] = result.referral_id
        row.status, row.code, row.referral_id = result.status, result.code, result.referral_id
        row.facts = dict(result.facts or {})
        counted[result.status] += 1
    document.went_on(counted[Became.RECEIVED], counted[Became.DUPLICATE], counted[Became.REFUSED], uow.now)
    if document.pending:
        left = {str(row.number): said[str(row.number)] for row in rest}
        await vault.put(uow.session, document.id, _kind(chunk), left, now=uow.now)
    else:
        await vault.forget(uow.session, document.id)
    return True


async def give_up(uow: UnitOfWork, vault: Vault, document_id: UUID) -> None:
    """Refuses the next row, which the platform fails to receive; the vault is not asked, since that may be why."""
    document, rows = await _next(uow, document_id)
    if document is None:
        return
    rows[0].status, rows[0].code = Became.REFUSED, RowFailed().code
    document.went_on(0, 0, 1, uow.now)
    if not document.pending:
        await vault.forget(uow.session, document.id)


async def _next(uow: UnitOfWork, document_id: UUID) -> tuple[Document | None, list[DocumentRow]]:
    """What is pending of the first chunk that is not done; no document where there is nothing more to do."""
    document = await uow.find(Document, document_id)
    if document is None or document.status != Progress.WORKING:
        return None, []
    pending = select(DocumentRow).where(
        col(DocumentRow.document_id) == document.id, col(DocumentRow.status) == Became.PENDING
    )
    first = pending.with_only_columns(col(DocumentRow.chunk)).order_by(col(DocumentRow.chunk)).limit(1)
    chunk = pending.where(col(DocumentRow.chunk) == first.scalar_subquery())
    return document, list(await uow.session.scalars(chunk.order_by(col(DocumentRow.number))))


def _checked(uow: UnitOfWork, repertoire: Repertoire, sender: Caller, row: Row) -> Result:
    """The entry rules that need no database; those of the day it is received on are asked again then."""
    refusal = row.refusal
    if row.sent is not None:
        try:
            sent, score = row.sent, repertoire.score(row.sent.pathway)
            admit(score, sender, door=sent.door, attests=sent.attests, asks=sent.asks, dates=set(sent.dates))
            admit_person(score, sent.identity, uow.now.astimezone(STOCKHOLM).date())
        except Refused as refused:
            refusal = refused
    return Result(Became.PENDING) if refusal is None else Result(Became.REFUSED, refusal.code, refusal.facts)


def _held_back(result: Result) -> Result:
    return result if result.status is Became.REFUSED else Result(Became.REFUSED, OtherRowsWrong().code)


async def _new(uow: UnitOfWork, sender: Caller, digest: str, *, good: bool, total: int) -> Document | None:
    """Nothing where the same was sent before; whoever sends it at the same time waits here."""
    id_ = uuid7()
    row = {
        "id": id_,
        "case_id": id_,
        "home": uow.whoami.organisation,
        "version": 1,
        "changed_at": uow.now,
        "sender_organisation": sender.organisation,
        "sender": sender.party,
        "digest": digest,
        "rows": "good" if good else "all",
        "status": Progress.WORKING,
        "total": total,
        "received": 0,
        "duplicate": 0,
        "refused": 0,
        "sent_at": uow.now,
    }
    insert = uow.insert(Document).values(row).on_conflict_do_nothing(index_elements=["digest"])
    if await uow.session.scalar(insert.returning(col(Document.id))) is None:
        return None
    me = (sender.organisation, sender.party)
    await uow.grant(id_, [me], acts=[me])
    return await uow.get(Document, id_)


async def _received_before(uow: UnitOfWork, identities: Sequence[str]) -> dict[str, UUID]:
    """The referrals that rows like these became."""
    query = select(col(DocumentRow.identity), col(DocumentRow.referral_id)).where(
        col(DocumentRow.identity).in_(identities), col(DocumentRow.status) == Became.RECEIVED
    )
    return {identity: referral for identity, referral in await uow.session.execute(query) if referral is not None}


async def _received(
    uow: UnitOfWork, repertoire: Repertoire, vault: Vault, sender: Caller, sent: Sent, before: UUID | None
) -> Result:
    """Raises what is nobody's fault who sent it."""
    if before is not None:
        return Result(Became.DUPLICATE, RowSentBefore().code, referral_id=before)
    try:
        referral = await receive(uow, repertoire, vault, sender, sent)
    except AlreadyReferred as known:
        first = UUID(str(known.facts["first"]).rpartition("/")[2])
        return Result(Became.DUPLICATE, known.code, referral_id=first)
    except Refused as refusal:
        if refusal.fault is not Fault.SENDER:
            raise
        return Result(Became.REFUSED, refusal.code, refusal.facts)
    return Result(Became.RECEIVED, referral_id=referral.id)


def _kind(chunk: int) -> str:
    return f"rows/{chunk:04}"


def _plain(value: Any) -> Any:
    """Sets in order, so that the same row is always the same text."""
    if isinstance(value, date):
        return value.isoformat()
    return sorted(value)
