"""The body of a request: read once, at most 1 MiB, and one JSON document that everybody reads alike (RFC 7493)."""

import json
from email.message import Message
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from shared.errors import Refused

LARGEST = 1024 * 1024


class TooLarge(Refused):
    """The body is larger than 1 MiB."""

    status = 413


class NotJson(Refused):
    """The body is not JSON."""

    status = 400


async def body_of(request: Request) -> bytes:
    """The whole body. Raises `TooLarge` before more than a MiB is in memory, `NotJson`, and 415 for another type."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 9 or int(length) > LARGEST):
        raise TooLarge("Send less at a time.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge("Send less at a time.")
    request._body = bytes(body)  # pyright: ignore[reportPrivateUsage] -- where starlette keeps a body that was read
    if body:
        if not _says_json(request.headers.get("content-type", "")):
            raise HTTPException(415)
        request._json = _read(bytes(body))  # pyright: ignore[reportPrivateUsage] -- and where one that was parsed
    return bytes(body)


def _says_json(content_type: str) -> bool:
    header = Message()
    header["content-type"] = content_type
    subtype = header.get_content_subtype()
    return header.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


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
