"""A plant: a known bug as a patch, with a header that says what it would cost and which tests should see it.

The header is plain text above the patch: `Title`, `Cost` (in the field), `Source` (invariants, failure cases and traps
by their numbers) and, once or more, `Seen by` with a file of tests or one test in it.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FIELDS = ("Title", "Cost", "Source", "Seen by")
LONGEST = 15


class PlantBroken(Exception):
    """The patch cannot be used as it is."""


@dataclass(frozen=True, slots=True)
class Plant:
    """One patch. `seen_by`: what is run first, as pytest takes it."""

    path: Path
    title: str
    cost: str
    source: str
    seen_by: Sequence[str]
    changed: int

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises `PlantBroken` for a header that lacks something, and for a patch that is more than one small bug."""
        head, _, patch = path.read_text(encoding="utf-8").partition("--- a/")
        lines = [line.partition(": ") for line in head.splitlines() if line]
        said = {field: [text for name, _, text in lines if name == field] for field in FIELDS}
        lacks = [field for field, texts in said.items() if not texts or not all(texts)]
        strange = [name for name, _, _ in lines if name not in FIELDS]
        if lacks or strange:
            raise PlantBroken(f"{path.name}: its header lacks {lacks} and has besides {strange}")
        changed = [line for line in patch.splitlines() if line.startswith(("+", "-")) and line[1:3] not in ("++", "--")]
        if not 0 < len(changed) <= 2 * LONGEST:
            raise PlantBroken(f"{path.name}: {len(changed)} lines are changed")
        title, cost, source = (said[field][0] for field in FIELDS[:3])
        return cls(path, title, cost, source, said["Seen by"], len(changed))

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def missing(self) -> list[str]:
        """Tests that it names and that are not there."""
        found: list[str] = []
        for seen_by in self.seen_by:
            file, _, test = seen_by.partition("::")
            path = ROOT / file
            if not path.is_file() or (test and f"def {test}(" not in path.read_text(encoding="utf-8")):
                found.append(seen_by)
        return found

    def apply(self, tree: Path, *options: str) -> None:
        """Changes the tree; `--check`: only says whether it could; `-R`: takes it back. Raises `PlantBroken`."""
        command = ["git", "apply", *options, str(self.path)]
        alone = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
        ran = subprocess.run(command, cwd=tree, env=alone, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise PlantBroken(f"{self.path.name} does not apply any more: {ran.stderr.strip()}")


def plants(names: Sequence[str] = ()) -> list[Plant]:
    """All of them, or those that are named. Raises `PlantBroken`."""
    paths = sorted(HERE.glob("*.patch"))
    if unknown := set(names) - {path.stem for path in paths}:
        raise PlantBroken(f"there is no plant {', '.join(sorted(unknown))}")
    return [Plant.read(path) for path in paths if not names or path.stem in names]
