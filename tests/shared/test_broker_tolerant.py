"""Whatever a sender wrote into a message, its receiver's line stays open and the message can be judged."""

import struct
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import aio_pika
import pytest
from pamqp import decode
from pamqp.commands import Basic

from shared.broker import tolerant
from shared.broker.rabbitmq import RabbitMQ as Broker
from shared.testing.servers import RabbitMQ

tolerant.install()


def field(name: bytes, kind: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + kind + value


def table(*fields: bytes) -> bytes:
    inside = b"".join(fields)
    return struct.pack(">I", len(inside)) + inside


GOOD = field(b"ce-id", b"S", struct.pack(">I", 1) + b"1")
ODD = {
    "a name that is no text": field(b"\xff", b"t", b"\x01"),
    "an unknown type": field(b"x", b"?", b""),
    "a time beyond all calendars": field(b"x", b"T", struct.pack(">Q", 2**63)),
    "a table that is longer than its place": field(b"x", b"F", struct.pack(">I", 1000)),
    "a table of negative length": field(b"x", b"F", struct.pack(">i", -9)),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_headers_are_read_to_their_end(odd: str):
    encoded = table(GOOD, ODD[odd])
    end, _ = decode.by_type(encoded + b"next", "table")
    assert end == len(encoded)


def test_good_headers_are_read_as_ever():
    encoded = table(GOOD, field(b"x", b"F", table(GOOD)), field(b"y", b"A", struct.pack(">I", 2) + b"t\x01"))
    assert decode.by_type(encoded, "table") == (len(encoded), {"ce-id": "1", "x": {"ce-id": "1"}, "y": [True]})


def test_a_name_that_is_no_text_is_read_with_a_mark():
    assert decode.by_type(b"\x02a\xff", "shortstr") == (3, "a�")


async def test_a_header_of_any_depth_arrives(rabbitmq: RabbitMQ):
    rabbitmq.start()
    with rabbitmq.vhost() as vhost:
        async with await aio_pika.connect(vhost.url) as connection:
            channel = await connection.channel()
            await channel.declare_queue("deep", durable=True)
            underlay = await channel.get_underlay_channel()
            with _recursion(20_000):
                for name in ("first", "second"):
                    properties = Basic.Properties(message_id=name, headers={"x": _nested(600)})
                    await underlay.basic_publish(b"{}", exchange="", routing_key="deep", properties=properties)
        arrived: list[str] = []
        async with Broker(vhost.url).consumer("deep") as line:
            async for batch in line.batches():
                arrived += [message.id for message in batch.messages]
                await batch.ack()
                if len(arrived) == 2:
                    break
        assert arrived == ["first", "second"]


def _nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


@contextmanager
def _recursion(limit: int) -> Generator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
