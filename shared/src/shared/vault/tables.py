"""The vault's tables, in the database of each service that knows persons."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text, Uuid

from shared.tables import Instant, metadata

VAULT = "vault"
"""Marks a table that only the HTTP role may open."""

vault_key = Table(
    "vault_key",
    metadata,
    Column("person", Uuid, primary_key=True),
    Column("kek", Text, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
    info={VAULT: True},
)

vault = Table(
    "vault",
    metadata,
    Column("person", Uuid, ForeignKey(vault_key.c.person), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("receipt", Uuid),
    Column("erase_by", Instant),
    Column("stored", Instant, nullable=False),
    info={VAULT: True},
)
Index("ix_vault_erase_by", vault.c.erase_by)

vault_index = Table(
    "vault_index",
    metadata,
    Column("blind", LargeBinary, primary_key=True),
    Column("person", Uuid, ForeignKey(vault_key.c.person), primary_key=True, index=True),
    info={VAULT: True},
)
