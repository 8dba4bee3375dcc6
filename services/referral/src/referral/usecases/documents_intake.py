"""Intake of rows that came together: each as a referral of its own, by `intake`, and what became of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlmodel import col

from referral.domain.documents import Became, DocumentRow, RowSentBefore
from referral.domain.referrals import AlreadyReferred
from shared.caller import Caller
from shared.errors import Fault, Refused
from shared.identity import Identity
from shared.uow import UnitOfWork
from shared.vault import Vault

from .intake import Sent, receive
from .repertoire import Repertoire

SENT: Final = TypeAdapter(Sent)
Standing: TypeAlias = dict[tuple[Identity, str], UUID]
"""The referral that stands, by person and pathway: what was received in a transaction is found by nobody yet."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row."""

    status: Became
    code: str | None = None
    facts: Mapping[str, str | int] | None = None
    referral_id: UUID | None = None


async def receive_rows(
    uow: UnitOfWork,
    repertoire: Repertoire,
    vault: Vault,
    sender: Caller,
    rows: Sequence[DocumentRow],
    texts: Sequence[str],
) -> list[Result]:
    """What became of each, whose `texts` are JSON of `Sent`. Raises what is nobody's fault who sent it.

    Nothing is written between two rows, so that it is written together; others get their turn there.
    """
    before = await _received_before(uow, [row.identity for row in rows])
    standing: Standing = {}
    results: list[Result] = []
    with uow.session.no_autoflush:
        for row, text in zip(rows, texts, strict=True):
            if row.identity in before:
                result = Result(Became.DUPLICATE, RowSentBefore().code, referral_id=before[row.identity])
            else:
                result = await _received(uow, repertoire, vault, sender, SENT.validate_json(text), standing)
            if result.referral_id is not None:
                before[row.identity] = result.referral_id
            results.append(result)
            await asyncio.sleep(0)
    return results


async def _received_before(uow: UnitOfWork, identities: Sequence[str]) -> dict[str, UUID]:
    """The referrals that rows like these became."""
    query = select(col(DocumentRow.identity), col(DocumentRow.referral_id)).where(
        col(DocumentRow.identity).in_(identities), col(DocumentRow.status) == Became.RECEIVED
    )
    return {identity: referral for identity, referral in await uow.session.execute(query) if referral is not None}


async def _received(
    uow: UnitOfWork, repertoire: Repertoire, vault: Vault, sender: Caller, sent: Sent, standing: Standing
) -> Result:
    place = (sent.identity, sent.pathway)
    if place in standing:
        return Result(Became.DUPLICATE, AlreadyReferred().code, referral_id=standing[place])
    try:
        referral = await receive(uow, repertoire, vault, sender, sent)
    except AlreadyReferred as known:
        first = UUID(str(known.facts["first"]).rpartition("/")[2])
        return Result(Became.DUPLICATE, known.code, referral_id=first)
    except Refused as refusal:
        if refusal.fault is not Fault.SENDER:
            raise
        return Result(Became.REFUSED, refusal.code, refusal.facts)
    standing[place] = referral.id
    return Result(Became.RECEIVED, referral_id=referral.id)
