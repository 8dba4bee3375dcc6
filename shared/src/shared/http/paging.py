"""Lists by pages: `page` and `limit`, `_meta` and `_links`, and an opaque cursor for whoever reads on."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.dependencies.utils import get_flat_params
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, func, select

from shared.errors import Invalid
from shared.uow import UnitOfWork

from .examples import shown

COUNTED = 10_000
T = TypeVar("T")


class NotACursor(Invalid):
    """The cursor is not one that was given here."""


class Meta(BaseModel):
    """How much there is. `totalRecords` is exact up to 10,000, then a minimum, and `more` says so."""

    model_config = shown({"totalRecords": 1, "page": 1, "limit": 20, "count": 1, "more": False})

    totalRecords: int
    page: int
    limit: int
    count: int
    more: bool = False


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    items: Sequence[T]
    meta: Meta = Field(alias="_meta")
    links: dict[str, dict[str, str]] = Field(
        alias="_links",
        examples=[{name: {"href": "https://…?page=1", "method": "GET"} for name in ("self", "first", "last")}],
    )


class Paging:
    """Where in a list the caller is."""

    def __init__(self, request: Request, page: int, limit: int, cursor: str | None) -> None:
        self.request, self.page, self.limit = request, page, limit
        self.after = None if cursor is None else _read(cursor)

    async def of(self, uow: UnitOfWork, query: Select[Any], key: Any) -> tuple[list[Any], Meta, dict[str, Any]]:
        """The rows of this page by `key` (a time-ordered id or number), newest first, with what belongs beside them."""
        if self.after is not None and not isinstance(self.after, key.type.python_type):
            raise NotACursor("Follow `_links.next` as it is.")
        counted = select(func.count()).select_from(query.with_only_columns(key).limit(COUNTED + 1).subquery())
        total = await uow.session.scalar(counted) or 0
        ordered = query.order_by(key.desc()).limit(self.limit + 1)
        if self.after is not None:
            ordered = ordered.where(key < self.after)
        elif 1 <= self.page <= COUNTED // self.limit + 1:
            ordered = ordered.offset((self.page - 1) * self.limit)
        else:
            ordered = ordered.limit(0)
        found = [row[0] if len(row) == 1 else row for row in await uow.session.execute(ordered)]
        rows = found[: self.limit]
        meta = Meta(
            totalRecords=min(total, COUNTED), page=self.page, limit=self.limit, count=len(rows), more=total > COUNTED
        )
        return rows, meta, self._links(total, getattr(rows[-1], key.key) if len(found) > len(rows) else None)

    def _links(self, total: int, last: UUID | int | None) -> dict[str, Any]:
        """Every link repeats what the route was asked besides (FNS.12), and nothing that it does not know."""
        asked = {each.alias for each in get_flat_params(self.request.scope["route"].dependant) if each.alias != "page"}
        kept = {name: value for name, value in self.request.query_params.items() if name in asked}

        def link(cursor: str | None = None, **changed: int) -> dict[str, str]:
            query = {k: v for k, v in kept.items() if k != "cursor"} | changed | ({"cursor": cursor} if cursor else {})
            return {"href": f"{self.request.url.replace(query='')}?{urlencode(query)}", "method": "GET"}

        links = {"self": link(kept.get("cursor"), page=self.page), "first": link(page=1)}
        links["last"] = link(page=max(1, -(-min(total, COUNTED) // self.limit)))
        if last is not None:
            bytes_ = last.bytes if isinstance(last, UUID) else last.to_bytes(8, signed=True)
            links["next"] = link(base64.urlsafe_b64encode(bytes_).decode(), page=self.page + 1)
        if self.page > 1:
            links["prev"] = link(page=self.page - 1)
        return links


async def _paging(
    request: Request,
    page: Annotated[int, Query(description="Page, from 1; outside of the list it is empty")] = 1,
    limit: Annotated[int, Query(description="Rows a page", ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(description="From `_links.next`", max_length=64)] = None,
) -> Paging:
    return Paging(request, page, limit, cursor)


Paged = Annotated[Paging, Depends(_paging)]


def _read(cursor: str) -> UUID | int:
    try:
        said = base64.b64decode(cursor, altchars=b"-_", validate=True)
        return int.from_bytes(said, signed=True) if len(said) == 8 else UUID(bytes=said)
    except (ValueError, binascii.Error) as error:
        raise NotACursor("Follow `_links.next` as it is.") from error
