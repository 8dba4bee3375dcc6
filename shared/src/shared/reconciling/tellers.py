"""How a teller is asked for what it told: this service itself in its own database, all others over HTTP."""

import logging
from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from shared.broker.protocol import Message
from shared.db import Database
from shared.envelope import NoCloudEvent, from_message
from shared.errors import Fault, Refused
from shared.feed import MOST, Again, Told, ToldAgain, fact_of, message_again, told, told_again
from shared.partners import Partners

from .sources import Source

log = logging.getLogger(__name__)

PATIENCE = 10.0
LARGEST = 16 * 1024 * 1024
"""Bytes that an answer may have: more than an honest one ever has."""

M = TypeVar("M", bound=BaseModel)


class NotToldSo(Refused):
    """A service answers what is no feed."""

    status = 502
    fault = Fault.PLATFORM


class Tellers(Protocol):
    """Where sources are asked. Both raise `Refused` of a kind that says why there is no answer."""

    async def told(self, source: Source, *, after: int, mark: str | None, until: int | None = None) -> Told: ...

    async def again(self, source: Source, ids: Sequence[UUID]) -> ToldAgain: ...


class Called:
    """Over HTTP. The address is the one in the organisation's file, so its TLS vouches for who answers."""

    def __init__(self, database: Database, partners: Partners) -> None:
        self._database = database
        self._partners = partners

    async def told(self, source: Source, *, after: int, mark: str | None, until: int | None = None) -> Told:
        if source.name == self._database.whoami.source:
            async with self._database.reading() as connection:
                own = self._database.whoami.organisation
                return await told(
                    connection, own, forwarded=False, after=after, mark=mark, until=until, facts=source.facts
                )
        asked = [("after", str(after)), *([("mark", mark)] if mark else [])]
        asked += [("until", str(until))] if until is not None else []
        asked += [("fact", fact) for fact in sorted(source.facts or ())]
        return await self._get(source, "/event-ids", asked, Told)

    async def again(self, source: Source, ids: Sequence[UUID]) -> ToldAgain:
        whoami = self._database.whoami
        if source.name == whoami.source:
            async with self._database.reading() as connection:
                return await told_again(connection, whoami.organisation, ids, whoami)
        return await self._get(source, "/event-messages", [("id", str(id_)) for id_ in ids[:MOST]], ToldAgain)

    async def _get(self, source: Source, path: str, asked: Sequence[tuple[str, str]], kind: type[M]) -> M:
        said = await self._partners.get(
            source.organisation, source.service, path, asked, seconds=PATIENCE, largest=LARGEST
        )
        try:
            return kind.model_validate(said)
        except ValidationError:
            raise NotToldSo("Tell the operators of both.", source=source.name) from None


def believed(source: Source, wanted: Sequence[UUID], answer: Sequence[Again]) -> list[Message]:
    """What may be taken in of an answer: events of that very source which were asked for, each once, of a fact heard.

    Its teller's name is ours to give: by whose address it came, as the broker does by whose connection.
    """
    open_ = set(wanted)
    messages: list[Message] = []
    for each in answer:
        message = message_again(each, user=source.user)
        try:
            envelope = from_message(message)
        except NoCloudEvent:
            continue
        heard = source.facts is None or fact_of(envelope.type) in source.facts
        if envelope.source == source.name and envelope.id in open_ and heard:
            open_.remove(envelope.id)
            messages.append(message)
    if len(messages) < len(answer):
        log.error("%s answered %d events that it was not asked for", source.name, len(answer) - len(messages))
    return messages
