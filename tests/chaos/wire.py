"""HTTP to the services as cheaply as may be: one connection a worker, raw, opened again after any fault."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

PATIENCE = 12.0
"""Seconds that an answer is waited for."""


class NoAnswer(Exception):
    """The connection failed, or took too long: nobody knows what became of the request."""


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def said(self) -> dict[str, Any]:
        return json.loads(self.content)


class Wire:
    """Connections of one worker, by port."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def ask(
        self, port: int, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Raises `NoAnswer`."""
        content = b"" if body is None else json.dumps(body).encode()
        said = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(content)), **headers}
        if body is not None:
            said["Content-Type"] = "application/json"
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in said.items())
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = self._open.get(port) or await asyncio.open_connection("127.0.0.1", port)
                self._open[port] = reader, writer
                writer.write(head.encode() + b"\r\n" + content)
                return await _answer(reader)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            self._drop(port)
            raise NoAnswer(type(error).__name__) from error
        except BaseException:
            self._drop(port)
            raise

    def close(self) -> None:
        for port in [*self._open]:
            self._drop(port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drop(self, port: int) -> None:
        if port in self._open:
            self._open.pop(port)[1].close()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    content = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(first.split(" ")[1]), headers, content)
