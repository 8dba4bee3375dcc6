"""Puts, gets, finds and forgets persons, inside its caller's transaction."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.identity import Identity
from shared.writes import Into, Row

from .keyring import KEY_BYTES, KeyRing, VaultDamaged, seal, unseal
from .tables import vault, vault_index, vault_key

Session: TypeAlias = AsyncSession | AsyncConnection
Json: TypeAlias = Mapping[str, JsonValue]

IDENTITY: Final = "identity"
KEYS = Into(vault_key, key=("person",))
INDEX = Into(vault_index, key=("person",))
ROWS = Into(vault, key=("person", "kind"))


class Vault:
    """A data key per person, wrapped by the key ring; each row is bound to its person and kind.

    The caller holds the stream of the person's case, so nobody puts what another forgets.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def new(
        self, person: UUID, identity: Identity, known: Mapping[str, Json], *, now: datetime
    ) -> list[tuple[Into, Row]]:
        """The rows of a person who is stored for the first time: who it is, findable by it, and what else is known."""
        key = os.urandom(KEY_BYTES)
        rows: list[tuple[Into, Row]] = [
            (KEYS, {"person": person, "kek": self._ring.current, "wrapped": self._ring.wrap(key, str(person))}),
            (INDEX, {"blind": self._ring.blind(identity), "person": person}),
        ]
        for kind, data in {IDENTITY: identity.model_dump(mode="json"), **known}.items():
            sealed = seal(key, json.dumps(dict(data)).encode(), _place(person, kind))
            row = {"person": person, "kind": kind, "sealed": sealed, "receipt": None, "erase_by": None, "stored": now}
            rows.append((ROWS, row))
        return rows

    async def put(
        self,
        session: Session,
        person: UUID,
        kind: str,
        data: Json,
        *,
        now: datetime,
        receipt: UUID | None = None,
        erase_by: datetime | None = None,
    ) -> None:
        """Stores or replaces what is known of a kind (`identity`, `contact` …) about a person.

        What was received from another organisation has the receipt of its release and a time to be erased by.
        """
        key = await self._key(session, person)
        row = {
            "sealed": seal(key, json.dumps(dict(data)).encode(), _place(person, kind)),
            "receipt": receipt,
            "erase_by": erase_by,
            "stored": now,
        }
        stored = _insert(session, vault).values(person=person, kind=kind, **row)
        await session.execute(stored.on_conflict_do_update(index_elements=["person", "kind"], set_=row))

    async def get(self, session: Session, person: UUID, kind: str) -> dict[str, JsonValue] | None:
        """What is known, or nothing. Raises VaultDamaged if it is not what was stored for this person and kind."""
        query = (
            select(vault.c.sealed, vault_key.c.wrapped, vault_key.c.kek)
            .join(vault_key, vault_key.c.person == vault.c.person)
            .where(vault.c.person == person, vault.c.kind == kind)
        )
        row = (await session.execute(query)).one_or_none()
        if row is None:
            return None
        key = self._ring.unwrap(row.wrapped, str(person), row.kek)
        return json.loads(unseal(key, row.sealed, _place(person, kind)))

    async def identify(self, session: Session, person: UUID, identity: Identity, *, now: datetime) -> None:
        """Stores who the person is and makes them findable by it; an earlier identity no longer finds them."""
        await self.put(session, person, IDENTITY, identity.model_dump(mode="json"), now=now)
        await session.execute(delete(vault_index).where(vault_index.c.person == person))
        await session.execute(vault_index.insert().values(blind=self._ring.blind(identity), person=person))

    async def identity(self, session: Session, person: UUID) -> Identity | None:
        """Who the person is. Ask it only where a release or the caller's own case allows it."""
        found = await self.get(session, person, IDENTITY)
        return None if found is None else Identity.model_validate(found)

    async def hold(self, session: Session, identity: Identity) -> None:
        """Until the transaction ends nobody else holds this number: what is found by it then is still so at commit."""
        if _dialect(session) == "postgresql":  # SQLite has one writer
            lock = int.from_bytes(self._ring.blind(identity)[:8], "big", signed=True)
            await session.execute(select(func.pg_advisory_xact_lock(lock)))

    async def find(self, session: Session, identity: Identity) -> list[UUID]:
        """All persons of this number (one for each of its cases), oldest id first.

        The index is believed only where the sealed identity agrees. Raises VaultDamaged where it does not.
        """
        query = select(vault_index.c.person).where(vault_index.c.blind == self._ring.blind(identity))
        persons = sorted((await session.execute(query)).scalars())
        for person in persons:
            if await self.identity(session, person) != identity:
                raise VaultDamaged("Build the index again; it names another person.", person=str(person))
        return persons

    async def alike(self, session: Session, person: UUID) -> list[UUID]:
        """The other persons of the same number, by the index alone."""
        one, other = vault_index.alias(), vault_index.alias()
        same = select(other.c.person).join(one, one.c.blind == other.c.blind)
        return sorted((await session.execute(same.where(one.c.person == person, other.c.person != person))).scalars())

    async def forget(self, session: Session, person: UUID) -> None:
        """Crypto-shredding: with the wrapped key gone, copies of the rows say nothing.

        A backup that still has the wrapped key can be opened until its key-encryption key is renewed, the live
        data keys are wrapped again, and the old one is taken out of the ring.
        """
        await session.execute(select(vault_key).where(vault_key.c.person == person).with_for_update())
        for table in (vault_index, vault, vault_key):
            await session.execute(delete(table).where(table.c.person == person))

    async def rewrap(self, session: Session, *, limit: int = 500) -> int:
        """Wraps data keys of earlier key-encryption keys by the current one; how many. Run it until it says 0."""
        query = select(vault_key).where(vault_key.c.kek != self._ring.current).limit(limit).with_for_update()
        rows = (await session.execute(query)).all()
        for row in rows:
            wrapped = self._ring.wrap(self._ring.unwrap(row.wrapped, str(row.person), row.kek), str(row.person))
            change = update(vault_key).where(vault_key.c.person == row.person)
            await session.execute(change.values(wrapped=wrapped, kek=self._ring.current))
        return len(rows)

    async def _key(self, session: Session, person: UUID) -> bytes:
        """The person's data key; made if there is none."""
        wrapped = self._ring.wrap(os.urandom(KEY_BYTES), str(person))
        made = _insert(session, vault_key).values(person=person, kek=self._ring.current, wrapped=wrapped)
        await session.execute(made.on_conflict_do_nothing())
        row = (await session.execute(select(vault_key).where(vault_key.c.person == person))).one()
        return self._ring.unwrap(row.wrapped, str(person), row.kek)


def _place(person: UUID, kind: str) -> str:
    """What a row is bound to; the data key's id is the person's."""
    return f"vault|sealed|{person}/{kind}|{person}"


def _dialect(session: Session) -> str:
    return (session.dialect if isinstance(session, AsyncConnection) else session.get_bind().dialect).name


def _insert(session: Session, table: Any) -> postgresql.Insert:
    if _dialect(session) == "sqlite":
        return sqlite.insert(table)  # pyright: ignore[reportReturnType] -- same methods, no common base
    return postgresql.insert(table)
