"""Shows that the judgement bites: after a run without faults, a breach of each promise is made by SQL, and found.

`python -m chaos.planted` prints the table and exits with 1 if any breach goes unseen.
"""

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.ground import Ground
from shared.loop import run as run_loop
from shared.testing.servers import Postgres, RabbitMQ
from shared.testing.servers_process import private_directory, remove

from . import invariants
from .clocked import ShiftedClock
from .found import Found, found
from .invariants import INVARIANTS
from .load import CANARIES, Load
from .quiet import quiet
from .stage import staged

SETTINGS = {"track_commit_timestamp": "on"}
REFERRALS = 8
SOME = "00000000-0000-4000-8000-000000000001"
Holds = Callable[[Found], Awaitable[list[str]]]
Breach = Sequence[tuple[str, str]]

PLANTED: Sequence[tuple[Holds, Breach]] = (
    (invariants.no_loss, [("reporting", "DELETE FROM inbox WHERE id = (SELECT min(id::text)::uuid FROM inbox)")]),
    (invariants.no_loss, [("booking", "UPDATE event SET position = NULL WHERE seq = (SELECT min(seq) FROM event)")]),
    (invariants.no_phantom, [("consent", "UPDATE inbox SET hash = ''")]),
    (
        invariants.no_phantom,
        [("booking", "INSERT INTO inbox SELECT source, gen_random_uuid(), hash FROM inbox LIMIT 1")],
    ),
    (invariants.one_effect, [("referral", "UPDATE referral SET version = version + 1")]),
    (invariants.one_effect, [("reporting", "UPDATE casesummary SET version = version + 1")]),
    (invariants.one_effect, [("reporting", "UPDATE deadline SET version = version + 1")]),
    (invariants.one_effect, [("booking", "DELETE FROM meeting WHERE id = (SELECT min(id::text)::uuid FROM meeting)")]),
    (invariants.one_effect, [("assessment", "UPDATE event SET type = (SELECT type FROM event ORDER BY seq LIMIT 1)")]),
    (invariants.atomicity, [("assessment", "UPDATE stream SET sequence = sequence + 1")]),
    (invariants.atomicity, [("referral", "DELETE FROM event WHERE seq = (SELECT min(seq) FROM event)")]),
    (invariants.atomicity, [("booking", "UPDATE meeting SET version = version + 1")]),
    (invariants.atomicity, [("consent", "UPDATE basis SET version = version + 1")]),
    (invariants.atomicity, [("assessment", "UPDATE assessment SET version = version + 1")]),
    (invariants.order, [("referral", "UPDATE event SET position = 1000000 WHERE seq = (SELECT min(seq) FROM event)")]),
    (invariants.termination, [("referral", 'UPDATE "case" SET closed_at = NULL')]),
    (invariants.termination, [("referral", "UPDATE referral SET status = 'opened'")]),
    (invariants.termination, [("booking", "UPDATE meeting SET status = 'booked'")]),
    (invariants.termination, [("reporting", "UPDATE casesummary SET closed_at = NULL")]),
    (
        invariants.termination,
        [
            (
                "booking",
                "INSERT INTO parked (stream, source, type, headers, body, state, holds, cause, parked_at)"
                " VALUES (gen_random_uuid(), '', '', '{}', '', 'dead', '', 'sender', now())",
            )
        ],
    ),
    (
        invariants.termination,
        [
            (
                "consent",
                "INSERT INTO timer (id, stream, kind, key, due)"
                " VALUES (gen_random_uuid(), gen_random_uuid(), '', '', now() - interval '2 days')",
            )
        ],
    ),
    (
        invariants.consent_respected,
        [
            ("consent", f"UPDATE basis SET id = '{SOME}', ended_number = 1 WHERE id = (SELECT id FROM basis LIMIT 1)"),
            (
                "referral",
                "INSERT INTO receipt (release_id, void, home, basis, permit, person, recorded)"
                f" VALUES (gen_random_uuid(), false, '', '{SOME}', 2, gen_random_uuid(), now())",
            ),
        ],
    ),
    (invariants.privacy, [("booking", f"UPDATE event SET body = convert_to('{CANARIES[0]}', 'UTF8')")]),
    (
        invariants.one_relay,
        [("consent", "UPDATE event SET position = 1000000 WHERE seq = (SELECT max(seq) FROM event)")],
    ),
)
LATER = """
UPDATE inbox SET hash = hash WHERE id = (SELECT id FROM entry WHERE type = 'referral.received' ORDER BY id LIMIT 1)
"""
"""Takes the first event of a case again: its commit is then later than those of what followed. Cannot be undone."""


async def planted(ground: Ground, directory: Path) -> list[str]:
    """What went unseen; nothing, if all is well."""
    unseen: list[str] = []
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged(ground, directory))
        load = Load(stage, ShiftedClock(stage.shift), REFERRALS, rate=REFERRALS)
        await load.run()
        await quiet(stage, within=60, tell=print)
        evidence = await stack.enter_async_context(found(stage, [load]))
        for name, holds in INVARIANTS.items():
            unseen += [f"{name} without a breach: {said}" for said in await holds(evidence)]
        for holds, breach in PLANTED:
            unseen += await _unseen(evidence, holds, breach)
        await evidence.databases["reporting"].execute(LATER)
        unseen += [] if await invariants.order(evidence) else ["order: a commit that came later"]
    return unseen


async def _unseen(evidence: Found, holds: Holds, breach: Breach) -> list[str]:
    transactions = [evidence.databases[service].transaction() for service, _ in breach]
    for transaction in transactions:
        await transaction.start()
    for service, sql in breach:
        await evidence.databases[service].execute(sql)
    said = await holds(evidence)
    for transaction in transactions:
        await transaction.rollback()
    name = getattr(holds, "__name__", "")
    print(f"{name:18} {said[0][:90] if said else 'UNSEEN'}")
    return [] if said else [f"{name}: {breach[0]}"]


def main() -> None:
    """Exits with 1 if a breach goes unseen."""
    directory = private_directory("planted")
    try:
        with Postgres(settings=SETTINGS) as postgres, RabbitMQ() as rabbitmq:
            unseen = run_loop(planted(Ground(postgres, rabbitmq, directory), directory))
    finally:
        remove(directory)
    print(*unseen, sep="\n")
    sys.exit(bool(unseen))


if __name__ == "__main__":
    main()
