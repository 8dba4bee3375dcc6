"""What is wrong in a request, place by place, in the words of the contract: nothing that was sent is repeated."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, cast

from fastapi import FastAPI
from pydantic import BaseModel

MOST = 50
PARTS = frozenset({"body", "query", "path", "header"})
UNKNOWN = "?"

PLAIN = frozenset(
    """missing extra_forbidden enum literal_error string_type string_too_short string_too_long string_pattern_mismatch
    int_type int_parsing int_parsing_size int_from_float greater_than greater_than_equal less_than less_than_equal
    bool_type bool_parsing list_type dict_type model_type model_attributes_type too_long too_short timezone_aware
    date_type date_parsing datetime_type datetime_parsing datetime_from_date_parsing uuid_type""".split()  # noqa: SIM905 -- a list of thirty words reads better as words
)
"""Kinds of error whose message is made of the contract alone; others, as `uuid_parsing`, quote what was sent."""


class WrongField(BaseModel):
    """One thing that is wrong in a request: where, and what was expected; never what was sent."""

    pointer: str
    expected: str


def wrong_fields(errors: Sequence[Any], app: FastAPI) -> list[WrongField]:
    """The first of them. A name in a pointer is one of the contract's; a sender's own is shown as `?`."""
    names = _names(app)
    return [WrongField(pointer=_pointer(error["loc"], names), expected=_expected(error)) for error in errors[:MOST]]


def _pointer(loc: Sequence[int | str], names: frozenset[str]) -> str:
    return "/" + "/".join(str(part) if isinstance(part, int) or part in names else UNKNOWN for part in loc)


def _expected(error: Any) -> str:
    kind = str(error["type"])
    return str(error["msg"])[:200] if kind in PLAIN else kind.replace("_", " ")


@cache
def _names(app: FastAPI) -> frozenset[str]:
    """Every name of a field or parameter that the API's description holds."""
    return PARTS | frozenset(_named(app.openapi()))


def _named(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        found = cast(dict[str, Any], schema)
        if isinstance(properties := found.get("properties"), dict):
            yield from cast(dict[str, Any], properties)
        if "in" in found and isinstance(name := found.get("name"), str):
            yield name
        for each in found.values():
            yield from _named(each)
    elif isinstance(schema, list):
        for each in cast(list[Any], schema):
            yield from _named(each)
