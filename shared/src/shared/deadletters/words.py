"""Which values of a row an operator may read: ids, times, truth values, and words of a closed vocabulary."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from sqlalchemy import CHAR, Boolean, DateTime, Table, Uuid
from sqlmodel import SQLModel

from shared.errors import Fault
from shared.ids import uuid_of
from shared.notices import Fate
from shared.resolutions import Action, Result
from shared.tables import ParkedState, metadata
from shared.vault.tables import VAULT

OF_THE_KIT: dict[tuple[str, str], type[StrEnum]] = {
    ("parked", "state"): ParkedState,
    ("parked", "cause"): Fault,
    ("notice", "state"): Fate,
    ("notice", "cause"): Fault,
    ("resolution", "action"): Action,
    ("resolution", "result"): Result,
}


def shown(table: Table, column: str, value: Any) -> str | bool | None:
    """The value as it may be read; nothing where it may say something of a person. Days are dates of birth, too."""
    type_ = table.c[column].type
    if (known := metadata.tables.get(table.name)) is not None and known.info.get(VAULT):
        return None
    if isinstance(type_, Uuid) or (isinstance(type_, CHAR) and type_.length == 32):
        id_ = value if isinstance(value, UUID) else uuid_of(str(value))
        return None if id_ is None else str(id_)
    if isinstance(type_, DateTime) and isinstance(value, datetime):
        return value.isoformat() if value.tzinfo else f"{value.isoformat()}+00:00"
    if isinstance(type_, Boolean):
        return bool(value)
    return value if isinstance(value, str) and value in _closed(table.name, column) else None


@cache
def _closed(table: str, column: str) -> frozenset[str]:
    """The words that a column may hold: of its enum or literal, or of its entity's moves."""
    words = set(OF_THE_KIT.get((table, column), ()))
    for entity in _entities(SQLModel):
        if getattr(entity, "__tablename__", None) == table and (field := entity.model_fields.get(column)):
            words |= set(_words(field.annotation))
            if column == "status":
                words |= {str(word) for word in getattr(entity, "MOVES", ())}
                words |= {str(word) for to in getattr(entity, "MOVES", {}).values() for word in to}
    return frozenset(map(str, words))


def _entities(kind: type[SQLModel]) -> Iterator[type[SQLModel]]:
    for each in kind.__subclasses__():
        yield each
        yield from _entities(each)


def _words(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield from annotation
    for each in get_args(annotation):
        if get_origin(annotation) is Literal:
            yield str(each)
        else:
            yield from _words(each)
