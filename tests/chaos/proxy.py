"""A TCP proxy on loopback whose lines can be cut, held, slowed or left half-open, each while the rest goes on."""

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import cast

RESET = struct.pack("ii", 1, 0)
HIGH = 256 * 1024


class Way(Flag):
    """A direction, seen from the service."""

    UP = auto()
    DOWN = auto()
    BOTH = UP | DOWN


NEITHER = Way(0)


@dataclass(eq=False)
class Proxy:
    """Listens on `port`, and passes what comes there on to `to` on this machine."""

    to: int
    port: int = 0
    lines: set["Line"] = field(default_factory=set["Line"])
    dead: Way = NEITHER
    held: bool = False
    shut: bool = False
    late: float = 0.0
    commits: int = 0
    rate: float | None = None
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Line(self).near, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> None:
        """Resets every line: both ends hear of it at once."""
        for line in [*self.lines]:
            line.reset()

    def close_off(self) -> None:
        """Resets every line, and each new one as it comes, until `open_up`."""
        self.shut = True
        self.cut()

    def open_up(self) -> None:
        self.shut = False

    def half_open(self, way: Way) -> None:
        """From now on nothing goes that way, also no end, on the lines there are and on new ones; for good.

        Each end believes that the other is there, as after a router has forgotten them.
        """
        self.dead = way
        for line in self.lines:
            line.dead |= way

    def heal(self) -> None:
        """New lines pass. What is half-open stays so, until an end gives up."""
        self.dead = NEITHER

    def hold(self) -> None:
        """Nothing passes, nothing is lost."""
        self.held = True
        self._again()

    def go_on(self) -> None:
        """After `hold` and `slow`."""
        self.held, self.rate = False, None
        self._again()

    def slow(self, rate: float) -> None:
        """So many bytes a second each way, on each line."""
        self.rate = rate
        self._again()

    def delay_commits(self, seconds: float) -> None:
        """Every other COMMIT that passes is held so long, and its line with it: others overtake what it has written."""
        self.late = seconds

    def is_late(self, data: bytes) -> bool:
        if not self.late or b"COMMIT" not in data:
            return False
        self.commits += 1
        return self.commits % 2 == 0

    def _again(self) -> None:
        for line in self.lines:
            line.near.pump()
            line.far.pump()


class Line:
    """One connection through a proxy: what the service said to us, and what we said to the server."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.dead = proxy.dead
        self.near = End(self, Way.UP)
        self.far = End(self, Way.DOWN)
        self.near.other, self.far.other = self.far, self.near
        self.connecting: asyncio.Task[None] | None = None
        proxy.lines.add(self)

    async def connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.far, "127.0.0.1", self.proxy.to)
        except OSError:
            self.reset()

    def reset(self) -> None:
        self.proxy.lines.discard(self)
        self.near.abort()
        self.far.abort()

    def lost(self) -> None:
        """Both ends are gone."""
        if self.near.gone and self.far.gone:
            self.proxy.lines.discard(self)


class End(asyncio.Protocol):
    """One end of a line. `way`: where what is read here goes."""

    def __init__(self, line: Line, way: Way) -> None:
        self.line = line
        self.way = way
        self.other: End = self
        self.gone = False
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = 0.0
        self._late_until = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.line.proxy.shut:
            self.line.reset()
        elif self.way is Way.UP:
            self.line.connecting = asyncio.ensure_future(self.line.connect())
        elif self.line not in self.line.proxy.lines:
            self.abort()
        else:
            self.other.pump()

    def data_received(self, data: bytes) -> None:
        if self.way in self.line.dead:
            return
        if self.way is Way.UP and self.line.proxy.is_late(data):
            self._late_until = asyncio.get_running_loop().time() + self.line.proxy.late
        self._waiting.append(data)
        self._size += len(data)
        if self._size > HIGH and self._transport is not None:
            self._transport.pause_reading()
        self.pump()

    def eof_received(self) -> bool:
        self._ended = True
        self.pump()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self.gone = self._ended = True
        self.line.lost()
        self.pump()

    def pump(self) -> None:
        """Passes on what may pass now."""
        proxy, to = self.line.proxy, self.other._transport
        if to is None or proxy.held or self.way in self.line.dead:
            return
        loop = asyncio.get_running_loop()
        if (wait := self._late_until - loop.time()) > 0:
            self._later(wait)
            return
        while self._waiting and not to.is_closing():
            if proxy.rate and (wait := self._not_before - loop.time()) > 0:
                self._later(wait)
                return
            data = self._waiting.popleft()
            if proxy.rate and len(data) > (piece := max(1, int(proxy.rate / 10))):
                self._waiting.appendleft(data[piece:])
                data = data[:piece]
            to.write(data)
            self._size -= len(data)
            if proxy.rate:
                self._not_before = loop.time() + len(data) / proxy.rate
        if self._size <= HIGH and self._transport is not None and not self.gone:
            self._transport.resume_reading()
        if self._ended and not self._waiting:
            to.close()

    def _later(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.pump)

    def abort(self) -> None:
        """With a reset, not with an end."""
        if self._transport is None or self._transport.is_closing():
            return
        raw: socket.socket | None = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()
