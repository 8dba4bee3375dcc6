"""Breaks everything while referrals go through all services, and looks whether anything was lost: `make chaos`.

`python -m chaos [--short] [--seed N] [--referrals N] [--faults N] [--outage SECONDS] [--purge]`. Without `--seed` the
full form takes a new one, and the short form its three.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

from bench.ground import ROOT, Ground
from shared.loop import run as run_loop
from shared.testing.servers import Postgres, RabbitMQ, missing

from .plan import MANY, SERVICES, Fault, plan
from .planted import SETTINGS
from .run import Outcome, Scale, run

SHORT_SEEDS = (1, 2, 3)
KEPT = ROOT / ".samspar" / "chaos"
LINES = 8


def scale(referrals: int, faults: int, outage: float) -> Scale:
    """A fault every two seconds or so, and referrals meanwhile."""
    return Scale(
        referrals=referrals,
        faults=faults,
        rate=max(1.0, referrals / (2.0 * faults)),
        loaded=300 + 12 * faults + referrals / 4,
        rests=150 if faults >= MANY else 90,
        patience=150 if faults >= MANY else 45,
        outage=outage,
    )


SHORT, FULL = scale(300, 10, 0), scale(10_000, 200, 600)


def chaos(seeds: Sequence[int], how: Scale, *, purge: bool = False, kept: Path = KEPT) -> dict[int, Outcome]:
    """One run a seed, on servers of its own; what came of each. Of a run with a breach logs and databases are kept."""
    outcomes: dict[int, Outcome] = {}
    with Postgres(settings=SETTINGS) as postgres, RabbitMQ() as rabbitmq:
        for seed in seeds:
            faults = plan(seed, how.faults, purge=purge)
            _print_plan(seed, how, faults)
            directory = kept / f"seed-{seed}"
            rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            began = time.monotonic()

            def tell(text: str, began: float = began) -> None:
                print(f"  {time.monotonic() - began:6.1f} s  {text}", flush=True)

            outcome = outcomes[seed] = run_loop(
                run(Ground(postgres, rabbitmq, directory), directory, faults, how, tell)
            )
            postgres.start()
            rabbitmq.start()
            _print_outcome(seed, outcome, directory)
            if outcome.breaches:
                for service in SERVICES:
                    postgres.dump(f"samspar_{service}", directory / f"{service}.sql")
            else:
                rmtree(directory, ignore_errors=True)
    return outcomes


def _print_plan(seed: int, how: Scale, faults: Sequence[Fault]) -> None:
    print(f"seed {seed}: {how.referrals} referrals, {how.faults} faults")
    for fault in faults:
        print(f"  {fault.said()}")


def _print_outcome(seed: int, outcome: Outcome, directory: Path) -> None:
    print(f"  seconds: {outcome.seconds}")
    print(f"  starts: {outcome.starts}")
    print(f"  answers: {outcome.answers}")
    if outcome.lost_with_queues:
        print(f"  messages in deleted queues: {outcome.lost_with_queues}")
    if not outcome.breaches:
        print(f"seed {seed}: all invariants hold", flush=True)
        return
    for log in sorted(directory.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-LINES:]
        print(f"--- {log.name}", *lines, sep="\n    ")
    for name, breaches in outcome.breaches.items():
        print(f"BREACH of {name}", *breaches, sep="\n    ")
    print(f"seed {seed}: NOT all invariants hold; logs and databases are in {directory}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="300 referrals, 10 faults, three seeds")
    parser.add_argument("--seed", type=int, help="one run with this seed")
    parser.add_argument("--referrals", type=int)
    parser.add_argument("--faults", type=int)
    parser.add_argument("--outage", type=float, help="seconds without a broker, afterwards (full form: 600)")
    parser.add_argument("--purge", action="store_true", help="also delete queues with what is in them")
    return parser.parse_args()


def main() -> None:
    """Exits with 1 if anything is broken."""
    if lacking := missing():
        sys.exit(f"{' and '.join(lacking)}: not installed; `make test-servers` installs what is missing.")
    options = _options()
    usual = SHORT if options.short else FULL
    how = scale(
        usual.referrals if options.referrals is None else options.referrals,
        usual.faults if options.faults is None else options.faults,
        usual.outage if options.outage is None else options.outage,
    )
    seeds = SHORT_SEEDS if options.short else (secrets.randbelow(1_000_000),)
    began = time.monotonic()
    outcomes = chaos(seeds if options.seed is None else (options.seed,), how, purge=options.purge)
    processors = sum(os.times()[:4])
    print(f"{time.monotonic() - began:.0f} s, of a processor {processors:.0f} s")
    sys.exit(any(outcome.breaches for outcome in outcomes.values()))


if __name__ == "__main__":
    main()
