"""The load that both intakes get: connections that each post again once they are answered; raw, to cost little."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .figures import percentile

Body = Callable[[int], tuple[dict[str, Any], str]]
"""By the number of the request: what is posted, and its idempotency key."""


class Refused(AssertionError):
    """An answer was none of those that were wanted."""


@dataclass(frozen=True)
class Load:
    """What came of it; milliseconds a request."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


async def post(
    url: str, headers: Mapping[str, str], body: Body, *, first: int, seconds: float, at_once: int = 16
) -> Load:
    """Posts for so long. Raises `Refused` for any answer but 201."""
    numbers, took = iter(range(first, 10**9)), list[float]()
    began = time.perf_counter()

    async def one() -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        fixed = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        while time.perf_counter() - began < seconds:
            said, key = body(next(numbers))
            content = json.dumps(said).encode()
            head = (
                f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\nIdempotency-Key: {key}\r\n{fixed}\r\n"
            )
            sent = time.perf_counter()
            writer.write(head.encode() + content)
            await _answered(reader)
            took.append((time.perf_counter() - sent) * 1000)
        writer.close()

    await asyncio.gather(*(one() for _ in range(at_once)))
    return Load(len(took), time.perf_counter() - began, percentile(took, 50), percentile(took, 99))


async def _answered(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
    content = await reader.readexactly(length)
    if first.split(" ")[1] != "201":
        raise Refused(f"{first}: {content[:300].decode(errors='replace')}")
