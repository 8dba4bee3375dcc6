"""The broker is away for long: writes go on without it, `/flowz` says so, and the backlog drains afterwards."""

import asyncio
import time
from collections.abc import Callable

from .clocked import ShiftedClock
from .honest import Witness
from .load import Load
from .stage import Stage

RATE = 5.0
"""Referrals a second."""
MOST = 1000


async def outage(
    stage: Stage, seconds: float, first: int, within: float, tell: Callable[[str], None]
) -> tuple[Load, dict[str, list[str]]]:
    """Nothing else is broken meanwhile. Returns the partners and the breaches.

    `within`: seconds in which they are done after the broker is back.
    """
    referrals = int(min(MOST, RATE * seconds))
    load = Load(stage, ShiftedClock(stage.shift), referrals, referrals / seconds, first=first)
    witness, broker = Witness(stage), stage.ground.rabbitmq
    tell(f"the broker is killed, and {referrals} people are referred within {seconds:.0f} s")
    await asyncio.to_thread(broker.kill)
    gone = time.monotonic()
    loading = asyncio.create_task(load.run())
    async with witness.watching():
        await asyncio.sleep(seconds)
        answers, posted, back = dict(load.answers), len(load.cases), time.monotonic()
    await asyncio.to_thread(broker.start)
    tell(f"the broker is back; {posted} were referred")
    breaches = {
        "I14 honest flow": witness.liars(gone, back),
        "HTTP": [
            f"{count} requests got {answer} while only the broker was away"
            for answer, count in answers.items()
            if answer.endswith("no answer") or answer.split()[-1].startswith("5")
        ],
    }
    try:
        async with asyncio.timeout(within):
            await loading
    except TimeoutError:
        breaches["I6 termination"] = [f"the partners were not done: {load.said()}"]
    tell(load.said())
    return load, breaches
