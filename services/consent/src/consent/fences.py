"""Works off open permits: asks each releaser, outside any transaction, to void the release or to show its receipt."""

import asyncio
import logging
from contextlib import suppress
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from shared.db import CommitUnknown, again_on_deadlock
from shared.errors import Refused
from shared.here import Here
from shared.partners import PartnerAway

from . import usecases
from .domain import Permit, Use

log = logging.getLogger(__name__)

TICK: Final = 0.5
PATIENCE: Final = 12.0
"""Seconds that a releaser has to answer: its fence waits for a release in flight, which gives up after 10."""
AGAIN: Final = 5.0
AT_LEAST_EVERY: Final = 60.0
DATABASE = (DBAPIError, OSError, CommitUnknown)

Releaser = tuple[str, str]
"""Organisation and service."""


class Fence(BaseModel):
    """What a releaser answers."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)

    release_id: UUID
    void: bool


async def work_off(here: Here) -> None:
    """Until cancelled. All of it is in the permit rows, so a restart goes on where it was."""
    await Fences(here).run()


class Fences:
    """One worker a releaser, so that one that is away holds back no other."""

    def __init__(self, here: Here) -> None:
        self._here = here
        self._at_work: set[Releaser] = set()
        self._failed: dict[Releaser, int] = {}
        self._wake = asyncio.Event()
        here.flow.add("fencing")
        here.database.on_commit(lambda _streams, _told: self._wake.set())

    async def run(self) -> None:
        async with asyncio.TaskGroup() as workers:
            while True:
                self._wake.clear()
                try:
                    for releaser in await self._waiting():
                        self._at_work.add(releaser)
                        workers.create_task(self._work(releaser))
                    self._here.flow.going("fencing")
                except DATABASE as error:
                    self._here.flow.stalled("fencing", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await self._wake.wait()

    async def _work(self, releaser: Releaser) -> None:
        """The due permits of one releaser. When it is away, or says nonsense, it is asked again later."""
        try:
            for release in await self._due(releaser):
                await self._fence(releaser, release)
            self._failed.pop(releaser, None)
        except (Refused, ValidationError, *DATABASE) as error:
            code = error.code if isinstance(error, Refused) else type(error).__name__
            log.warning("permits of %s.%s stay open: %s", *releaser, code)
            failed = self._failed[releaser] = self._failed.get(releaser, 0) + 1
            await asyncio.sleep(min(AGAIN * 2 ** (failed - 1), AT_LEAST_EVERY))
        finally:
            self._at_work.discard(releaser)
            self._wake.set()

    async def _fence(self, releaser: Releaser, release: UUID) -> None:
        """Raises what `Partners.post` raises, and ValidationError for an answer that is none."""
        fence = await self._ask(releaser, release)
        await again_on_deadlock(lambda: self._close(fence))

    @retry(
        stop=stop_after_attempt(3),
        wait=wait_exponential_jitter(multiplier=0.2, max=2, jitter=0.2),
        retry=retry_if_exception_type(PartnerAway),
        reraise=True,
    )
    async def _ask(self, releaser: Releaser, release: UUID) -> Fence:
        said = await self._here.partners.post(*releaser, f"/releases/{release}/fence", seconds=PATIENCE)
        fence = Fence.model_validate(said)
        if fence.release_id != release:
            raise PartnerAway("It answered for another release.")
        return fence

    async def _close(self, fence: Fence) -> None:
        async with self._here.database.transaction() as uow:
            await usecases.close(uow, fence.release_id, void=fence.void)

    async def _waiting(self) -> set[Releaser]:
        due = col(Permit.fence_at) <= self._here.clock.now()
        query = select(Permit.releaser, Permit.service).where(Permit.status == Use.OPEN, due).distinct()
        async with self._here.database.reading() as connection:
            found = {(releaser, service) for releaser, service in await connection.execute(query)}
        return found - self._at_work

    async def _due(self, releaser: Releaser) -> list[UUID]:
        due = col(Permit.fence_at) <= self._here.clock.now()
        query = select(Permit.id).where(Permit.status == Use.OPEN, due)
        query = query.where(Permit.releaser == releaser[0], Permit.service == releaser[1])
        async with self._here.database.reading() as connection:
            return list(await connection.scalars(query.order_by(col(Permit.fence_at)).limit(100)))
