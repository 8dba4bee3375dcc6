"""The proxy does to connections what is said of it, each shown between a client and an echoing server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import cast

import pytest

from .proxy import Proxy, Way

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo(asyncio.Protocol):
    """Sends back what it hears, and notes it; b"" is the end."""

    def __init__(self, heard: list[bytes]) -> None:
        self.heard = heard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)
        self.transport.write(data)

    def eof_received(self) -> None:
        self.heard.append(b"")


@asynccontextmanager
async def echoing() -> AsyncGenerator[tuple[Proxy, list[bytes]]]:
    """A proxy before a server that sends back what it hears, and what the server has heard."""
    heard: list[bytes] = []
    server = await asyncio.get_running_loop().create_server(lambda: Echo(heard), "127.0.0.1", 0)
    proxy = Proxy(to=server.sockets[0].getsockname()[1])
    await proxy.start()
    try:
        yield proxy, heard
    finally:
        await proxy.close()
        server.close()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncGenerator[Ends]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def echo_of(ends: Ends, data: bytes) -> bytes:
    ends[1].write(data)
    return await ends[0].readexactly(len(data))


async def nothing_comes(ends: Ends) -> bool:
    """For a tenth of a second; an echo on loopback takes a hundredth of that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            return not await ends[0].read(1)
    return True


async def test_what_is_sent_comes_back_and_the_end_too():
    async with echoing() as (proxy, heard), connected(proxy) as ends:
        large = bytes(range(256)) * 8192
        assert await echo_of(ends, large) == large
        ends[1].write_eof()
        assert await ends[0].read() == b""
        assert heard[-1] == b""
        assert b"".join(heard) == large


async def test_a_cut_is_a_reset_and_new_lines_pass():
    async with echoing() as (proxy, _), connected(proxy) as ends:
        assert await echo_of(ends, b"one") == b"one"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await ends[0].read()
        async with connected(proxy) as new:
            assert await echo_of(new, b"two") == b"two"


async def test_whoever_is_closed_off_is_reset_again_and_again():
    async with echoing() as (proxy, _), connected(proxy) as ends:
        assert await echo_of(ends, b"one") == b"one"
        proxy.close_off()
        with pytest.raises(ConnectionResetError):
            await ends[0].read()
        async with connected(proxy) as refused:
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await echo_of(refused, b"three")
        proxy.open_up()
        async with connected(proxy) as new:
            assert await echo_of(new, b"four") == b"four"


@pytest.mark.parametrize(("way", "arrives"), [(Way.BOTH, False), (Way.UP, False), (Way.DOWN, True)])
async def test_a_half_open_line_is_silent_for_good(way: Way, arrives: bool):
    async with echoing() as (proxy, heard), connected(proxy) as ends:
        assert await echo_of(ends, b"one") == b"one"
        proxy.half_open(way)
        ends[1].write(b"two")
        assert await nothing_comes(ends)
        assert (b"two" in heard) is arrives
        proxy.heal()
        assert await nothing_comes(ends)
        async with connected(proxy) as new:
            assert await echo_of(new, b"three") == b"three"


async def test_an_end_does_not_pass_a_half_open_line():
    async with echoing() as (proxy, heard), connected(proxy) as ends:
        assert await echo_of(ends, b"one") == b"one"
        proxy.half_open(Way.UP)
        ends[1].close()
        await asyncio.sleep(0.1)
        assert heard == [b"one"]


async def test_what_is_held_is_not_lost():
    async with echoing() as (proxy, heard), connected(proxy) as ends:
        proxy.hold()
        ends[1].write(b"one")
        assert await nothing_comes(ends)
        assert not heard
        proxy.go_on()
        assert await ends[0].readexactly(3) == b"one"


async def test_a_late_commit_is_overtaken_on_another_line():
    async with echoing() as (proxy, heard), connected(proxy) as first, connected(proxy) as second:
        proxy.delay_commits(0.2)
        assert await echo_of(first, b"COMMIT 1") == b"COMMIT 1"
        first[1].write(b"COMMIT 2")
        assert await echo_of(second, b"other") == b"other"
        assert await first[0].readexactly(8) == b"COMMIT 2"
        assert heard == [b"COMMIT 1", b"other", b"COMMIT 2"]


async def test_a_slow_line_passes_everything_in_pieces():
    async with echoing() as (proxy, heard), connected(proxy) as ends:
        proxy.slow(100_000)
        data = bytes(range(200)) * 150
        assert await echo_of(ends, data) == data
        assert max(map(len, heard)) <= 10_000
        proxy.go_on()
        assert await echo_of(ends, data) == data


async def test_a_line_to_nobody_is_reset():
    nobody = Proxy(to=1)
    await nobody.start()
    async with connected(nobody) as ends:
        with suppress(ConnectionResetError):
            assert await ends[0].read() == b""
        assert not nobody.lines
    await nobody.close()
