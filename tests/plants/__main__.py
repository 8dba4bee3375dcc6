"""Plants each known bug in a copy of the tree, and shows which test catches it: `make plants`.

`python -m plants [NAME …] [--no-control] [--scoped]`. First the tests that are named run without any plant: they must
pass, or their failing would say nothing. A plant that they do not catch meets the whole of `tests/shared`; one that
nobody catches is NOT CAUGHT, and the exit status is 1. `--scoped`: without that second chance.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.testing.servers import missing
from shared.testing.servers_process import private_directory, remove

from .copies import Copy, RunFailed, Verdict
from .plant import ROOT, Plant, PlantBroken, plants

TABLE = ROOT / ".samspar" / "plants" / "table.md"
UNSEEN = "**NOT CAUGHT**"


def judged(found: Sequence[Plant], copy: Copy, *, whole: bool) -> list[Verdict]:
    """One after the other. Raises `PlantBroken`, `RunFailed`."""
    verdicts: list[Verdict] = []
    for number, plant in enumerate(found, 1):
        verdict = copy.judge(plant, whole=whole)
        verdicts.append(verdict)
        print(f"{number:3}/{len(found)}  {_line(verdict)}", flush=True)
    return verdicts


def table(verdicts: Sequence[Verdict]) -> str:
    """Plant × test that caught it, in Markdown."""
    rows = [
        f"| {plant.name} | {plant.title} | {plant.source} | {_seen(verdict)} | {verdict.seconds:.0f} |"
        for verdict in verdicts
        for plant in [verdict.plant]
    ]
    caught = sum(v.test is not None for v in verdicts)
    head = ["| plant | the bug | source | caught by | s |", "|---|---|---|---|---:|"]
    return "\n".join([*head, *rows, "", f"{caught} of {len(verdicts)} are caught.", ""])


def _seen(verdict: Verdict) -> str:
    return f"`{verdict.test}`" if verdict.test else UNSEEN


def _line(verdict: Verdict) -> str:
    return f"{verdict.plant.name:40} {verdict.seconds:4.0f} s  {verdict.test or UNSEEN}"


def _run(options: argparse.Namespace, directory: Path) -> int:
    found = plants(options.names)
    copy = Copy(directory)
    if options.control:
        tests = sorted({test for plant in found for test in plant.seen_by})
        print(f"without a plant: {len(tests)} tests and files", flush=True)
        if failed := copy.first_failure(tests):
            raise RunFailed(f"{failed} fails without any plant")
    verdicts = judged(found, copy, whole=options.whole)
    print(f"\n{table(verdicts)}")
    if not options.names:
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        TABLE.write_text(table(verdicts), encoding="utf-8")
        print(TABLE.relative_to(ROOT))
    return int(any(verdict.test is None for verdict in verdicts))


def main() -> int:
    """0 if every plant is caught."""
    parser = argparse.ArgumentParser(prog="plants", description="Shows that the tests catch what they are for")
    parser.add_argument("names", nargs="*", help="of plants; all, if none is named")
    parser.add_argument(
        "--no-control", dest="control", action="store_false", help="do not run the tests without a plant"
    )
    parser.add_argument("--scoped", dest="whole", action="store_false", help="only the tests that a plant names")
    options = parser.parse_args()
    if lacking := missing():
        print(f"{' and '.join(lacking)}: not installed; `make test-servers` installs what is missing")
        return 1
    directory = private_directory("plants")
    try:
        return _run(options, directory)
    except (PlantBroken, RunFailed) as error:
        print(error)
        return 1
    finally:
        remove(directory)


if __name__ == "__main__":
    sys.exit(main())
