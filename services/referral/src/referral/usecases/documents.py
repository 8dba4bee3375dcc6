"""Booking documents: takes one in whole, then receives its rows, so many a transaction, each as a referral."""

import asyncio
import hmac
import json
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

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
    row_id,
)
from referral.domain.referrals import admit, admit_person
from shared.calendar import STOCKHOLM
from shared.caller import Caller
from shared.errors import Refused
from shared.ids import uuid7
from shared.uow import UnitOfWork
from shared.vault import Vault

from .documents_intake import SENT, Result, receive_rows
from .intake import Sent
from .repertoire import Repertoire


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
    found = [_checked(uow, repertoire, sender, row) async for row in _in_turns(rows)]
    kept = good or all(each.status is Became.PENDING for each in found)
    results = found if kept else [_held_back(each) for each in found]
    who = f"{sender.organisation}|{sender.party}|"
    identities = [hmac.digest(key, f"row|{who}{row.content}".encode(), "sha256").hex() async for row in _in_turns(rows)]
    signs = [(row.number, identity, each.code) for row, identity, each in zip(rows, identities, found, strict=True)]
    digest = hmac.digest(key, f"document|{good}|{json.dumps(signs)}".encode(), "sha256").hex()
    document = await _new(uow, sender, digest, good=good, total=len(rows))
    if document is None:
        first = await uow.session.scalar(select(col(Document.id)).where(col(Document.digest) == digest))
        assert first is not None
        return await uow.get(Document, first), False
    parts = list(zip(rows, identities, results, strict=True))
    for chunk, first in enumerate(range(0, len(parts), CHUNK)):
        await _keep(uow, vault, document.id, chunk, parts[first : first + CHUNK])
    refused = sum(each.status is Became.REFUSED for each in results)
    document.went_on(0, 0, refused, uow.now)
    if not kept:
        document.status, document.done_at = Progress.REFUSED, uow.now
    return document, True


async def _keep(
    uow: UnitOfWork, vault: Vault, document: UUID, chunk: int, parts: Sequence[tuple[Row, str, Result]]
) -> None:
    """Rows that are received together: each without what it says, and that in the vault while it is pending."""
    await uow.session.execute(
        uow.insert(DocumentRow),
        [
            {
                "id": row_id(document, row.number),
                "document_id": document,
                "number": row.number,
                "chunk": chunk,
                "identity": identity,
                "status": each.status,
                "code": each.code,
                "facts": dict(each.facts or {}),
                "referral_id": None,
            }
            for row, identity, each in parts
        ],
    )
    pending = {str(row.number): row.content for row, _, each in parts if each.status is Became.PENDING}
    if pending:
        await vault.put(uow.session, document, _kind(chunk), pending, now=uow.now)
    await asyncio.sleep(0)


async def _in_turns(rows: Sequence[Row]) -> AsyncGenerator[Row]:
    """The rows; whatever else the process does gets its turn after so many."""
    for n, row in enumerate(rows, 1):
        yield row
        if not n % CHUNK:
            await asyncio.sleep(0)


async def go_on(uow: UnitOfWork, repertoire: Repertoire, vault: Vault, document_id: UUID, *, most: int = CHUNK) -> bool:
    """Receives the next rows of a document, and forgets what they said. False once there are no more."""
    document, rows = await _next(uow, document_id)
    if document is None:
        return False
    chunk, rows, rest = rows[0].chunk, rows[:most], rows[most:]
    said = await vault.get(uow.session, document.id, _kind(chunk)) or {}
    sender = Caller(document.sender_organisation, document.sender, "", "", frozenset())
    texts = [str(said[str(row.number)]) for row in rows]
    results = await receive_rows(uow, repertoire, vault, sender, rows, texts)
    for row, result in zip(rows, results, strict=True):
        row.status, row.code, row.referral_id = result.status, result.code, result.referral_id
        row.facts = dict(result.facts or {})
    counted = Counter(row.status for row in rows)
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
    await uow.lock(id_)
    uow.grant(id_, [me], acts=[me])
    uow.shown = document = await uow.session.get_one(Document, id_)
    return document


def _kind(chunk: int) -> str:
    return f"rows/{chunk:04}"


def _plain(value: Any) -> Any:
    """Sets in order, so that the same row is always the same text."""
    if isinstance(value, date):
        return value.isoformat()
    return sorted(value)
