"""Until which instant everything that was sent to a service is stored: never later than what is known."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.broker.protocol import Batch
from shared.clock import StoppedClock
from shared.inbox.progress import START, Progress
from shared.testing.world import World

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Waiting:
    """A consumer of which only is known how much waits."""

    left: int

    async def unread(self) -> int:
        return self.left

    def batches(self) -> AsyncIterator[Batch]:
        raise NotImplementedError


async def test_under_load_it_is_the_instant_at_which_the_queue_was_as_long_as_what_was_stored_since(
    world_of_databases: World,
):
    service, clock, queue = await world_of_databases.numbers(), StoppedClock(NOON), Waiting(5)
    async with service.database.alone(1, waiting=lambda: None) as right:
        progress = Progress(queue, right, clock)
        assert await progress.until() == START, "nothing is known before anything was stored"
        progress.stored(4)
        queue.left = 3
        clock.set(NOON + timedelta(minutes=1))
        assert await progress.until() == START, "one of the five is not stored"
        progress.stored(1)
        clock.set(NOON + timedelta(minutes=2))
        assert await progress.until() == NOON, "two came later, and who knows when"
        queue.left = 0
        assert await progress.until() == NOON + timedelta(minutes=2)
