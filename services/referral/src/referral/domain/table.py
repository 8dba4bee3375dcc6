"""The tables of referral share one metadata."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.tables import NAMING


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Referral's tables."""
