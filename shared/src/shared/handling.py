"""Runs the handlers of what was heard, those of one event under one span."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from .envelope import Envelope
from .events import Heard
from .subscriptions import Subscription
from .telemetry import processing
from .uow import UnitOfWork

LONGEST = 20.0
"""Seconds that the handlers of one event may take."""


class HandlerBroke(Exception):
    """A handler took too long, or failed like something outside of it: a bug, or a database that stalled meanwhile.

    It is tried again as what the receiver failed at; what is a bug dies of its attempts.
    """


async def run_handlers(
    uow: UnitOfWork,
    heard: Sequence[tuple[Envelope, Subscription, Heard]],
    *,
    queue: str,
    hops: Mapping[UUID, Any],
    again: bool = False,
) -> None:
    """Runs the handlers in order, those of one event under one span; what they tell is caused by what they heard.

    Between two events others have their turn: what a handler writes is collected, so nothing else would give it them.
    """
    for envelope, rows in groupby(heard, key=itemgetter(0)):
        hop = hops.get(envelope.id)
        with processing(envelope, queue, hop=str(hop) if hop else None, again=again) as traceparent:
            uow.causation, uow.traceparent = envelope.id, traceparent
            await asyncio.sleep(0)
            try:
                async with asyncio.timeout(LONGEST):
                    for _, row, fact in rows:
                        await row.handler(uow, fact)
            except (OSError, TimeoutError) as error:
                raise HandlerBroke(type(error).__name__) from error
    uow.causation = uow.traceparent = None
