"""What a sender wrote into a message never ends the connection that delivers it.

The AMQP library decodes headers as frames arrive, and an error there closes the connection: the message comes back, and
the queue stands still for ever. So what cannot be decoded is read as nothing; the message arrives, and is judged.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pamqp import decode

DEEPEST = 20
_depth = [0]

Decoder = Callable[[bytes], tuple[int, Any]]


def install() -> None:
    """Puts these decoders in the place of the library's, for the whole process."""
    table, array = _within(decode.field_table, {}), _within(decode.field_array, [])
    decode.METHODS.update({"table": table, "array": array, "shortstr": _short_str, "timestamp": _timestamp})
    decode.TABLE_MAPPING.update({b"F": table, b"A": array, b"T": _timestamp})


def _within(library_s: Decoder, nothing: Any) -> Decoder:
    """As the library's, but too deep or unreadable is nothing: how long it is stands in front of it."""

    def decoded(value: bytes) -> tuple[int, Any]:
        end = 4 + int.from_bytes(value[:4], signed=True)
        if not 4 <= end <= len(value) or _depth[0] >= DEEPEST:
            return max(4, min(end, len(value))), type(nothing)()
        _depth[0] += 1
        try:
            return end, library_s(value)[1]
        except (ValueError, OverflowError, OSError, IndexError, TypeError):
            return end, type(nothing)()
        finally:
            _depth[0] -= 1

    return decoded


def _short_str(value: bytes) -> tuple[int, str]:
    length = value[0] if value else 0
    return length + 1, value[1 : length + 1].decode(errors="replace")


def _timestamp(value: bytes) -> tuple[int, datetime | None]:
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        return 8, None
