"""Bodies in and views out: camelCase, closed, and views take only the fields they name."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Select

from shared.uow import UnitOfWork

from .paging import Page, Paging


class Body(BaseModel):
    """What a caller sends. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True)


class View(BaseModel):
    """What a caller sees of a row."""

    model_config = ConfigDict(
        frozen=True, from_attributes=True, alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )

    @classmethod
    def of(cls, row: object) -> Self:
        return cls.model_validate(row)

    @classmethod
    async def page(cls, uow: UnitOfWork, query: Select[Any], key: Any, paging: Paging) -> Page[Self]:
        """One page of the rows that a query finds."""
        rows, meta, links = await paging.of(uow, query, key)
        return Page(items=[cls.of(row) for row in rows], _meta=meta, _links=links)
