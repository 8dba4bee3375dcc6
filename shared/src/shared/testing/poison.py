"""Fuzzed messages, each replayable from a seed, with what may become of it; for tests of the kit.

Those that are refused at the door name somebody's good stream, which they must not stop. All others have a stream of
their own: what is accepted and then fails stops the stream that it is about, and shall.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from typing import Any
from uuid import UUID

from shared.broker.protocol import Message
from shared.envelope import LARGEST

from .numbers import TYPE, number

CANARY = "Almkvist 199001012385"
TAG = "x-tag"
LONG = "n" * 60_000
BYTES = bytearray(b"\x00\xff")
YEARS_AGO = datetime(1970, 1, 1, tzinfo=UTC)
REQUIRED = ("id", "source", "type", "specversion", "partitionkey", "sequence", "time", "home")
DEEP = b'{"n": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"


class Fate(StrEnum):
    """What becomes of a message: a dead letter at the door, parked on its stream, for nobody here, or handled."""

    BURIED = "buried"
    PARKED = "parked"
    IGNORED = "ignored"
    HANDLED = "handled"


Twist = Callable[[Random, Message], Message]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to spoil a message. `rare`: large, so that few of them are enough."""

    name: str
    twist: Twist
    may: frozenset[Fate]
    rare: bool = False


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A message of that kind. `stream` is the one that it is about."""

    message: Message
    kind: Kind
    stream: UUID

    @property
    def by(self) -> str:
        """The service as whose user it is sent."""
        return (self.message.user_id or "teller").rpartition(".")[2]


def headed(message: Message, **attributes: Any) -> Message:
    """With other attributes; None takes one away."""
    known: Mapping[str, Any] = {**message.headers, **{f"ce-{name}": value for name, value in attributes.items()}}
    return replace(message, headers={name: value for name, value in known.items() if value is not None})


def _set(name: str, *values: Any) -> Twist:
    return lambda dice, m: headed(m, **{name: dice.choice(values)})


def _body(*bodies: bytes) -> Twist:
    return lambda dice, m: replace(m, body=dice.choice(bodies))


def _missing(dice: Random, message: Message) -> Message:
    return headed(message, **{dice.choice(REQUIRED): None})


def _of_another_type(dice: Random, message: Message) -> Message:
    """What AMQP can carry beside text."""
    name = dice.choice(("id", "source", "type", "partitionkey", "home"))
    values: tuple[Any, ...] = (BYTES, {"a": [1, {"b": CANARY}]}, [CANARY], YEARS_AGO, True, 7, 1.5, {})
    return headed(message, **{name: dice.choice(values)})


def _cut(dice: Random, message: Message) -> Message:
    return replace(message, body=message.body[: dice.randrange(len(message.body))])


def _flipped(dice: Random, message: Message) -> Message:
    body = bytearray(message.body)
    for _ in range(dice.randint(1, 8)):
        body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    return replace(message, body=bytes(body))


def _attribute_flipped(dice: Random, message: Message) -> Message:
    name = dice.choice(("id", "source", "type", "sequence", "time", "home"))
    said = str(message.headers[f"ce-{name}"])
    at = dice.randrange(len(said))
    return headed(message, **{name: f"{said[:at]}{chr(dice.randrange(1, 0x2FF))}{said[at + 1 :]}"})


def _recoded(dice: Random, message: Message) -> Message:
    text = f'{{"n": 1, "x": "åäö {CANARY}"}}'
    return replace(message, body=text.encode(dice.choice(["utf-16", "utf-32", "latin-1", "utf-8-sig", "cp500"])))


def _twice(dice: Random, message: Message) -> Message:
    """The same attribute under two names that are one to whoever reads them without regard to case."""
    name = dice.choice(("Ce-Id", "CE-TIME", "cE-sequence", "CE-Partitionkey"))
    return replace(message, headers={**message.headers, name: CANARY})


def _strange_extras(dice: Random, message: Message) -> Message:
    """Headers that are nobody's business here."""
    values = ({"t": {"t": [True, None, CANARY]}}, BYTES, YEARS_AGO, False, -(2**63), CANARY)
    name = dice.choice(["x-note", "ce-", "ce-note", "x" * 100, "å"])
    return replace(message, headers={**message.headers, name: dice.choice(values)})


def _respelled(dice: Random, message: Message) -> Message:
    return headed(message, **{name: spelled(dice, str(message.headers[f"ce-{name}"])) for name in ("id", "case")})


def spelled(dice: Random, uuid: str) -> str:
    """The same UUID, written otherwise."""
    return dice.choice([f"{{{uuid}}}", f"urn:uuid:{uuid}", uuid.upper(), uuid.replace("-", "")])


def _in_another_s_name(_: Random, message: Message) -> Message:
    return headed(message, source=str(message.headers["ce-source"]).replace("/teller", "/hearer"))


def _by_another(_: Random, message: Message) -> Message:
    return replace(message, user_id=str(message.user_id).replace(".teller", ".hearer"))


def _with_zero(dice: Random, message: Message) -> Message:
    """A header that PostgreSQL cannot give back as text, on an event that fails."""
    return replace(message, body=b"{}", headers={**message.headers, "x-note": dice.choice(["\x00", f"{CANARY}\x00"])})


def _heavy(_: Random, message: Message) -> Message:
    return replace(message, body=b'{"n": 1, "x": "' + b"x" * LARGEST + b'"}')


BURIED, PARKED, IGNORED, HANDLED = (frozenset({fate}) for fate in Fate)
ANY = frozenset(Fate)
FAR = ("9999-12-31T23:59:59+00:00", "1582-10-05T00:00:00-12:00")
NO_TIME = (
    "0001-01-01T00:00:00+23:59",
    "20260101T000000Z",
    "2026-W01-1T00:00:00Z",
    "2026-01-01T00:00:00",
    "2026-06-30T23:59:60Z",
    "10000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "",
    CANARY,
)
NO_NUMBER = ("", "x", "1.5", "1e3", "0x10", "NaN", "--1", "9" * 5000, CANARY, "½")
NO_UUID = ("1", "g" * 32, CANARY, "\x00", "{}", "urn:uuid:", LONG, "0190a0b3-2a90-7b3c-8e15-f4c6d2091b7")
NO_JSON = (b"", b"<n>1</n>", b"[1]", b"null", b'"n"', b'{"n": 1', b'{"n" 1}', b"n: 1", b"\x00" * 50, b'{"n": "\xff"}')
NO_INTEGER = tuple(
    b'{"n": ' + each + b"}"
    for each in (
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"null",
        b'"\\u0000"',
        b'"\\ud800"',
        b"{}",
        b"1.5",
        b"9" * 9999,
    )
)
FOREIGN = ("/nowhere/teller", "/", "//", "/a/b/c", "teller", "\x00", f"/{CANARY}/teller", LONG, "https://example.com/a")
NO_TYPE = ("number.told", "se.samspar.meeting.booked.v1", f"{TYPE}\n", "se.samspar.number.told.v0", TYPE.upper(), "")

KINDS = (
    Kind("an attribute is missing", _missing, BURIED),
    Kind("an attribute is no text", _of_another_type, BURIED),
    Kind("id is no UUID", _set("id", *NO_UUID), BURIED),
    Kind("stream is no UUID", _set("partitionkey", *NO_UUID), BURIED),
    Kind("case is no UUID", _set("case", *NO_UUID), BURIED),
    Kind("sequence is no number", _set("sequence", *NO_NUMBER), BURIED),
    Kind("time is none", _set("time", *NO_TIME), BURIED),
    Kind("home is no name", _set("home", "", "Å", "A", CANARY, "a" * 99, LONG, "a\x00"), BURIED),
    Kind("addressee is no name", _set("addressee", "Å", CANARY, LONG, "\x00"), BURIED),
    Kind("another version of CloudEvents", _set("specversion", "0.3", "1.0.0", "2.0", " 1.0", "", CANARY), BURIED),
    Kind("a source of nobody", _set("source", *FOREIGN), BURIED),
    Kind("in the name of another service", _in_another_s_name, BURIED),
    Kind("sent by another service", _by_another, BURIED),
    Kind("a type that its teller may not tell", _set("type", *NO_TYPE, f"se.samspar.{LONG}", CANARY), BURIED),
    Kind("nobody sent it", lambda _, m: replace(m, user_id=None), BURIED),
    Kind("structured", lambda _, m: replace(m, content_type="application/cloudevents+json", headers={}), BURIED),
    Kind("too large", _heavy, BURIED, rare=True),
    Kind("cut", _cut, PARKED),
    Kind("no JSON", _body(*NO_JSON), PARKED),
    Kind("no integer", _body(*NO_INTEGER), PARKED),
    Kind("in another encoding", _recoded, PARKED),
    Kind("too deep", _body(DEEP), PARKED),
    Kind("a good envelope with the body of another", _body(b"{}", b'{"starts": "x"}', b'{"N": 1}'), PARKED),
    Kind("a zero in a header", _with_zero, PARKED),
    Kind("a newer contract", _set("type", f"{TYPE[:-1]}2", f"{TYPE[:-1]}99"), PARKED),
    Kind("no case", lambda _, m: headed(m, case=None), PARKED),
    Kind("told to another organisation", _set("addressee", "elsewhere", "granholm"), IGNORED),
    Kind("a type that nobody hears", _set("type", "se.samspar.message.exploded.v1"), IGNORED),
    Kind("UUIDs in another spelling", _respelled, BURIED),
    Kind("sequence as only a program writes it", _set("sequence", "+1", "1_0", "١", "-7", str(2**64), " 7 "), BURIED),
    Kind("long ago, or far ahead", _set("time", *FAR), HANDLED),
    Kind("strange headers beside", _strange_extras, HANDLED),
    Kind("no trace", _set("traceparent", CANARY, LONG, "\x00", 7, {}), HANDLED),
    Kind("an attribute twice", _twice, ANY),
    Kind("bytes flipped", _flipped, ANY),
    Kind("an attribute flipped", _attribute_flipped, ANY),
)
FREQUENT = [kind for kind in KINDS for _ in range(1 if kind.rare else 40)]


def fuzzed(dice: Random, here: str, streams: Sequence[UUID], tag: int) -> Fuzzed:
    """One of any kind, with a tag under which it is found again wherever it is kept."""
    kind = dice.choice(FREQUENT)
    stream = dice.choice(streams) if kind.may == BURIED else some_id(dice)
    good = number(here, stream, 10**6 + tag, id_=some_id(dice))
    good = replace(good, body=f'{{"n": {10**6 + tag}, "note": "{CANARY}"}}'.encode())
    return Fuzzed(tagged(kind.twist(dice, good), tag), kind, stream)


def tagged(message: Message, tag: int | str) -> Message:
    return replace(message, headers={**message.headers, TAG: str(tag)})


def some_id(dice: Random) -> UUID:
    return UUID(int=dice.getrandbits(128), version=4)


def told_again(message: Message) -> Message:
    """The same fact, its attributes in capitals."""
    return replace(message, headers={name.upper(): value for name, value in message.headers.items()})


def told_otherwise(message: Message) -> Message:
    """Another fact under the same id."""
    return replace(message, body=f'{{"n": 7, "note": "{CANARY}"}}'.encode())
