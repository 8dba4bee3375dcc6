"""Whether an answer repeats what was sent: words of the sender's own, and not those of the contract."""

import re
from collections.abc import Collection, Iterable

SHORTEST = 6
"""Shorter texts are met by chance."""
TRACE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
UUIDS = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?")


def echoes(sent: Iterable[str], said: str, contract: Collection[str]) -> list[str]:
    """Which of the sender's texts stand in what was said. Ids, traces and instants are nobody's name."""
    found: list[str] = []
    for text in set(sent):
        if len(text) < SHORTEST or any(form.fullmatch(text) for form in (TRACE, UUIDS, INSTANT)):
            continue
        own = [word for word in re.findall(r"\w{4,}", text) if word not in contract]
        if (own or not re.search(r"\w", text)) and text in said:
            found.append(text)
    return found
