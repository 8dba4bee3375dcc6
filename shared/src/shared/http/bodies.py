"""The body of a request: read once, at most 1 MiB, and one JSON document that everybody reads alike (RFC 7493).

A route that takes files instead says so with `takes`.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Any, TypeVar

from fastapi import Request
from starlette.exceptions import HTTPException

from shared.errors import Refused

from .readers import read_apart

LARGEST = 1024 * 1024
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Files:
    """What a route reads in the place of JSON: at most so many bytes, of these media types.

    `reader` is a module that is run as a process of its own (`confined.answer`), one at a time and before the
    transaction opens; `made`, in a thread, makes of its answer what the route finds in `request.state.file`.
    """

    largest: int
    types: frozenset[str]
    reader: str
    made: Callable[[Request, Any], Any]


class TooLarge(Refused):
    """The body is larger than what is read here."""

    status = 413


class NotJson(Refused):
    """The body is not JSON."""

    status = 400


def takes(files: Files) -> Callable[[F], F]:
    """Marks a route that reads files."""

    def mark(endpoint: F) -> F:
        endpoint.__dict__["files"] = files
        return endpoint

    return mark


def files_of(endpoint: Callable[..., Any]) -> Files | None:
    return getattr(endpoint, "files", None)


async def body_of(request: Request, files: Files | None = None) -> bytes:
    """The whole body, read. Raises `TooLarge` before more is in memory, `NotJson` or what the file's reader raises,
    and 415 for another type.
    """
    largest = files.largest if files else LARGEST
    remedy = f"Send at most {largest // LARGEST} MiB at a time."
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 9 or int(length) > largest):
        raise TooLarge(remedy)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise TooLarge(remedy)
    request._body = bytes(body)  # pyright: ignore[reportPrivateUsage] -- where starlette keeps a body that was read
    main, subtype = _media_type(request)
    if files is not None:
        kind = f"{main}/{subtype}"
        if kind not in files.types:
            raise HTTPException(415)
        async with _turn(request):
            said = await read_apart(files.reader, kind, bytes(body))
            request.state.file = await asyncio.to_thread(files.made, request, said)
    elif body:
        if main != "application" or not (subtype == "json" or subtype.endswith("+json")):
            raise HTTPException(415)
        request._json = _read(bytes(body))  # pyright: ignore[reportPrivateUsage] -- and where one that was parsed
    return bytes(body)


def _turn(request: Request) -> asyncio.Semaphore:
    """One file at a time for the whole service."""
    state = request.app.state
    if not hasattr(state, "reading"):
        state.reading = asyncio.Semaphore()
    return state.reading


def _media_type(request: Request) -> tuple[str, str]:
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    return header.get_content_maintype(), header.get_content_subtype()


def _read(body: bytes) -> Any:
    """Raises `NotJson`, also for what readers understand differently: a name twice, NaN, a number without end."""
    try:
        return json.loads(body.decode(), parse_constant=_no_number, object_pairs_hook=_names_once)
    except (ValueError, RecursionError):
        raise NotJson("Send one JSON document in UTF-8, each name once in its object.") from None


def _no_number(_: str) -> Any:
    raise ValueError


def _names_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found
