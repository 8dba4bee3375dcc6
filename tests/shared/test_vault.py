"""The vault: nothing readable at rest, nothing moved unnoticed, and what is forgotten stays forgotten."""

import base64
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from shared.engines import open_engine
from shared.identity import Identity, IdentityType
from shared.secret_file import SecretExposed
from shared.tables import metadata
from shared.vault import KeyRing, KeyRingWrong, Vault, VaultDamaged
from shared.vault.tables import vault, vault_index, vault_key

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NUMBER, OTHER_NUMBER = "189001019802", "190001019801"
NAME = "Canaria Provfågel"
MINE = Identity(type=IdentityType.PERSONNUMMER, value=NUMBER)
OTHERS = Identity(type=IdentityType.PERSONNUMMER, value=OTHER_NUMBER)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'vault.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[vault_key, vault, vault_index])
    yield engine
    await engine.dispose()


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine) as session:
        yield session


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.open(tmp_path / "keyring.json")


@pytest.fixture
def safe(ring: KeyRing) -> Vault:
    return Vault(ring)


async def known(safe: Vault, session: AsyncSession, identity: Identity = MINE) -> UUID:
    """A person with an identity and a name."""
    person = uuid4()
    await safe.identify(session, person, identity, now=NOW)
    await safe.put(session, person, "contact", {"name": NAME, "phones": ["070"]}, now=NOW)
    return person


def at_rest(directory: Path) -> bytes:
    """Every byte the database has on disk, its journal included."""
    return b"".join(path.read_bytes() for path in directory.glob("vault.db*"))


async def test_what_is_put_is_got(safe: Vault, session: AsyncSession):
    person = await known(safe, session)
    assert await safe.get(session, person, "contact") == {"name": NAME, "phones": ["070"]}
    assert await safe.identity(session, person) == MINE
    assert await safe.get(session, person, "address") is None
    assert await safe.identity(session, uuid4()) is None


async def test_a_bare_connection_does_as_well(safe: Vault, engine: AsyncEngine):
    person = uuid4()
    async with engine.begin() as connection:
        await safe.put(connection, person, "contact", {"name": NAME}, now=NOW)
    async with engine.connect() as connection:
        assert await safe.get(connection, person, "contact") == {"name": NAME}


async def test_putting_again_replaces(safe: Vault, session: AsyncSession):
    person, receipt = await known(safe, session), uuid4()
    by = NOW + timedelta(days=30)
    await safe.put(session, person, "contact", {"name": "Ny"}, now=NOW, receipt=receipt, erase_by=by)
    assert await safe.get(session, person, "contact") == {"name": "Ny"}
    row = (await session.execute(select(vault).where(vault.c.kind == "contact"))).one()
    assert (row.receipt, row.erase_by, row.stored) == (receipt, by, NOW)


async def test_a_number_finds_every_case_of_its_person(safe: Vault, session: AsyncSession):
    first, second = await known(safe, session), await known(safe, session)
    await known(safe, session, OTHERS)
    assert await safe.find(session, MINE) == sorted([first, second])


async def test_a_corrected_number_finds_and_the_wrong_one_no_longer(safe: Vault, session: AsyncSession):
    person = await known(safe, session)
    await safe.identify(session, person, OTHERS, now=NOW)
    assert await safe.find(session, MINE) == []
    assert await safe.find(session, OTHERS) == [person]


async def test_the_same_digits_of_another_kind_find_nobody(safe: Vault, session: AsyncSession):
    person = uuid4()
    reserve = Identity(type=IdentityType.RESERVE, value="20170101TF01")
    await safe.identify(session, person, reserve, now=NOW)
    assert await safe.find(session, reserve.model_copy(update={"type": IdentityType.INTERIM})) == []


async def test_forgetting_leaves_nothing(safe: Vault, session: AsyncSession):
    person, other = await known(safe, session), await known(safe, session)
    await safe.forget(session, person)
    for table in (vault_key, vault, vault_index):
        left = (await session.execute(select(table.c.person))).scalars().all()
        assert set(left) == {other}
    assert await safe.find(session, MINE) == [other]


async def test_what_was_forgotten_stays_closed_even_with_its_rows(safe: Vault, session: AsyncSession):
    person = await known(safe, session)
    rows = [dict(row) for row in (await session.execute(select(vault))).mappings()]
    await safe.forget(session, person)
    await safe.put(session, person, "other", {}, now=NOW)
    for row in rows:
        await session.execute(vault.insert().values(row))
    with pytest.raises(VaultDamaged):
        await safe.get(session, person, "contact")


async def test_a_changed_bit_is_noticed(safe: Vault, session: AsyncSession):
    person = await known(safe, session)
    sealed = bytearray((await session.execute(select(vault.c.sealed).where(vault.c.kind == "contact"))).scalar_one())
    for position in (0, 12, len(sealed) - 1):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        await session.execute(update(vault).where(vault.c.kind == "contact").values(sealed=bytes(damaged)))
        with pytest.raises(VaultDamaged) as refusal:
            await safe.get(session, person, "contact")
        assert refusal.value.code == "platform/vault-damaged"
    for short in (b"", b"short"):
        await session.execute(update(vault).where(vault.c.kind == "contact").values(sealed=short))
        with pytest.raises(VaultDamaged):
            await safe.get(session, person, "contact")


async def test_another_kinds_row_is_noticed(safe: Vault, session: AsyncSession):
    person = await known(safe, session)
    sealed = select(vault.c.sealed).where(vault.c.kind == "identity").scalar_subquery()
    await session.execute(update(vault).where(vault.c.kind == "contact").values(sealed=sealed))
    with pytest.raises(VaultDamaged):
        await safe.get(session, person, "contact")


async def test_another_persons_row_and_key_are_noticed(safe: Vault, session: AsyncSession):
    mine, other = await known(safe, session), await known(safe, session, OTHERS)
    sealed = select(vault.c.sealed).where(vault.c.person == other, vault.c.kind == "contact").scalar_subquery()
    await session.execute(update(vault).where(vault.c.person == mine).values(sealed=sealed))
    with pytest.raises(VaultDamaged):
        await safe.get(session, mine, "contact")
    wrapped = select(vault_key.c.wrapped).where(vault_key.c.person == other).scalar_subquery()
    await session.execute(update(vault_key).where(vault_key.c.person == mine).values(wrapped=wrapped))
    with pytest.raises(VaultDamaged):
        await safe.put(session, mine, "contact", {"name": NAME}, now=NOW)


async def test_an_index_row_of_another_person_is_noticed(safe: Vault, session: AsyncSession):
    await known(safe, session)
    other = await known(safe, session, OTHERS)
    blind = select(vault_index.c.blind).where(vault_index.c.person != other).scalar_subquery()
    await session.execute(update(vault_index).where(vault_index.c.person == other).values(blind=blind))
    with pytest.raises(VaultDamaged):
        await safe.find(session, MINE)


async def test_nothing_is_readable_at_rest(safe: Vault, engine: AsyncEngine, tmp_path: Path):
    async with AsyncSession(engine) as session:
        person = await known(safe, session)
        await session.commit()
    stored = at_rest(tmp_path)
    assert person.hex.encode() in stored
    for canary in (NAME, "Canaria", NUMBER, NUMBER[2:], "1890-01-01"):
        assert canary.encode() not in stored
        assert canary.encode("utf-16-le") not in stored
        assert base64.b64encode(canary.encode())[:-3] not in stored


async def test_a_renewed_key_takes_over_and_the_old_one_can_go(
    safe: Vault, ring: KeyRing, session: AsyncSession, tmp_path: Path
):
    persons = [await known(safe, session) for _ in range(3)]
    path = tmp_path / "keyring.json"
    renewed = Vault(ring.renewed(path, "2"))
    late = await known(renewed, session, OTHERS)
    assert await renewed.get(session, persons[0], "contact")
    assert [await renewed.rewrap(session, limit=2) for _ in range(3)] == [2, 1, 0]
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["keys"]["1"]
    path.write_text(json.dumps(content), encoding="utf-8")
    only_new = Vault(KeyRing.load(path))
    for person in [*persons, late]:
        assert await only_new.get(session, person, "contact")
    assert await only_new.find(session, MINE) == sorted(persons)
    with pytest.raises(VaultDamaged):
        await safe.get(session, persons[0], "contact")


async def test_the_same_content_is_never_sealed_alike(safe: Vault, session: AsyncSession):
    person = await known(safe, session)
    sealed = select(vault.c.sealed).where(vault.c.kind == "contact")
    before = (await session.execute(sealed)).scalar_one()
    await safe.put(session, person, "contact", {"name": NAME, "phones": ["070"]}, now=NOW)
    assert (await session.execute(sealed)).scalar_one()[:12] != before[:12]


def test_the_key_ring_is_made_once_and_its_owners_alone(tmp_path: Path):
    path = tmp_path / "data" / "keyring.json"
    first = KeyRing.open(path)
    assert KeyRing.open(path) == first
    path.chmod(0o604)
    with pytest.raises(SecretExposed):
        KeyRing.load(path)


GOOD = base64.b64encode(bytes(range(32))).decode()
SHORT = base64.b64encode(b"short").decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        json.dumps({"current": "1", "keys": {"1": SHORT}, "index": GOOD}),
        json.dumps({"current": "2", "keys": {"1": GOOD}, "index": base64.b64encode(bytes(32)).decode()}),
        json.dumps({"current": "1", "keys": {"1": GOOD}, "index": GOOD}),
        json.dumps({"current": "1", "keys": [GOOD], "index": GOOD}),
    ],
)
def test_a_wrong_key_ring_is_refused_without_its_keys(tmp_path: Path, content: str):
    path = tmp_path / "keyring.json"
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KeyRingWrong) as refusal:
        KeyRing.load(path)
    assert GOOD not in f"{refusal.value}{refusal.value!r}"


def test_a_missing_key_ring_is_not_made_where_it_should_be(tmp_path: Path):
    with pytest.raises(KeyRingWrong):
        KeyRing.load(tmp_path / "keyring.json")
    assert not list(tmp_path.iterdir())


def test_no_key_is_printed(ring: KeyRing, safe: Vault):
    said = f"{ring}{ring!r}{safe!r}"
    assert re.fullmatch(r"(KeyRing\(1 keys, current 1\)){2}<shared\.vault\.store\.Vault object at 0x[0-9a-f]+>", said)


async def test_a_number_cannot_be_looked_for_without_the_key_of_the_index(
    safe: Vault, session: AsyncSession, tmp_path: Path
):
    """Who has the rows alone cannot try all numbers."""
    await known(safe, session)
    stranger = Vault(KeyRing.open(tmp_path / "another.json"))
    assert await stranger.find(session, MINE) == []
