"""What left this service, and what was fenced so that it never will: one row a release."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Table, Text, Uuid

from shared.tables import Instant, metadata

receipt = Table(
    "receipt",
    metadata,
    Column("release_id", Uuid, primary_key=True),
    Column("void", Boolean, nullable=False),
    Column("home", Text, nullable=False),
    Column("basis", Uuid),
    Column("permit", BigInteger),
    Column("person", Uuid),
    Column("purpose", Text),
    Column("categories", Text),
    Column("recipient", Text),
    Column("traceparent", Text),
    Column("recorded", Instant, nullable=False),
    CheckConstraint("void = (permit IS NULL) AND void = (basis IS NULL) AND void = (person IS NULL)", "void_or_real"),
)
Index("ix_receipt_basis", receipt.c.basis, receipt.c.permit)
Index("ix_receipt_person", receipt.c.person)
