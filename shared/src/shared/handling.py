"""Runs the handlers of what was heard, each under a span of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from .envelope import Envelope
from .events import Heard
from .subscriptions import Subscription
from .telemetry import processing
from .uow import UnitOfWork

LONGEST = 20.0
"""Seconds that one handler may take."""


class HandlerBroke(Exception):
    """A handler failed like something outside of it: its own fault all the same, since none is reached from there."""


async def run_handlers(
    uow: UnitOfWork,
    heard: Sequence[tuple[Envelope, Subscription, Heard]],
    *,
    queue: str,
    hops: Mapping[UUID, Any],
    again: bool = False,
) -> None:
    """Runs the handlers in order, each under a span of its own; what they tell is caused by what they heard."""
    for envelope, row, fact in heard:
        hop = hops.get(envelope.id)
        with processing(envelope, queue, hop=str(hop) if hop else None, again=again) as traceparent:
            uow.causation, uow.traceparent = envelope.id, traceparent
            try:
                async with asyncio.timeout(LONGEST):
                    await row.handler(uow, fact)
            except (OSError, TimeoutError) as error:
                raise HandlerBroke(type(error).__name__) from error
    uow.causation = uow.traceparent = None
