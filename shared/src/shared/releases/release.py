"""The second shape of a route: first the permit, then one transaction with the receipt, and only then the bytes."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from opentelemetry import trace

from shared.caller import Caller
from shared.db import again_on_deadlock
from shared.errors import Fault, Invalid, Refused, Unavailable
from shared.here import Here
from shared.http import problems
from shared.http.idempotency import Attempt
from shared.telemetry import traceparent_of
from shared.uow import UnitOfWork

from .permits import Permit, Wanted, ask_permit
from .receipts import write_receipt

LONGEST: Final = 10.0
"""Seconds from asking for the permit to the confirmed commit; the consent service fences long after."""

T = TypeVar("T")
Read = Callable[[UnitOfWork], Awaitable[T]]


class ReleasedBefore(Refused):
    """This was released already, and a release is never sent twice."""


class PartyMissing(Invalid):
    """A service asks for a party of its organisation, and must name it."""


class TooSlow(Unavailable):
    """The release was not confirmed in time, so nothing is sent."""

    fault = Fault.PLATFORM


class Release:
    """What a releasing route is given instead of a transaction. The recipient is the caller's organisation."""

    def __init__(self, here: Here, caller: Caller, attempt: Attempt) -> None:
        self._here = here
        self._caller = caller
        self._attempt = attempt

    def party(self, named: str | None) -> str:
        """For which party the caller asks: its own, or, a service of its organisation, the one it names."""
        if self._caller.service is None:
            return self._caller.party
        if named is None:
            raise PartyMissing("Name the party that you ask for.")
        return named

    @asynccontextmanager
    async def looking(self) -> AsyncGenerator[UnitOfWork]:
        """Before the permit: whether the caller may see the thing at all, and whose case it is. Changes nothing."""
        async with self._here.database.transaction(caller=self._caller, writes=False) as uow:
            yield uow

    async def __call__(self, wanted: Wanted, read: Read[T]) -> T:
        """What `read` finds, once its receipt is committed; `read` gives only what the wanted categories name.

        Raises `NoBasis` or `Fenced` (the answer is no), `PermitUnknown`, `TooSlow` or `CommitUnknown` (503, nothing
        is sent), `ReleasedBefore` for a key that was used.
        """
        started = asyncio.get_running_loop().time()
        permit = await self.permit(wanted)
        work = asyncio.ensure_future(again_on_deadlock(lambda: self._receipted(permit, wanted, read)))
        left = LONGEST - (asyncio.get_running_loop().time() - started)
        try:
            done, _ = await asyncio.wait([work], timeout=left)
        finally:
            _leave(work)
        if not done:
            raise TooSlow("Ask again with a new key.", releaseId=str(permit.release_id))
        return work.result()

    async def permit(self, wanted: Wanted) -> Permit:
        """A permit under a release id of its own, from the consent service of the case's home."""
        return await ask_permit(
            self._here.partners,
            wanted,
            _new_release_id(),
            releaser=self._here.whoami.organisation,
            recipient=self._caller.organisation,
        )

    async def _receipted(self, permit: Permit, wanted: Wanted, read: Read[T]) -> T:
        traceparent = traceparent_of(trace.get_current_span())
        async with self._here.database.transaction(caller=self._caller, traceparent=traceparent) as uow:
            uow.writes = False  # it changes nothing but the receipt: a part in the thing is enough, no move is made
            if await self._attempt.answered(uow) is not None:
                raise ReleasedBefore("Ask with a new key; it becomes a release of its own.")
            await write_receipt(uow, permit, wanted, recipient=self._caller.organisation)
            found = await read(uow)
            self._attempt.remember(uow, problems.of(ReleasedBefore()))
        return found


def _new_release_id() -> UUID:
    """Random to the last bit: nobody who was not told can fence it."""
    return uuid4()


def _leave(work: asyncio.Future[Any]) -> None:
    """What was not confirmed in time is rolled back if it still can be; how it ends no longer matters to the caller."""
    if not work.done():
        work.cancel()
        _ending.add(work)
        work.add_done_callback(_ended)


def _ended(work: asyncio.Future[Any]) -> None:
    _ending.discard(work)
    if not work.cancelled():
        work.exception()


_ending: set[asyncio.Future[Any]] = set()
