"""A copy of the tree, into which one plant after the other is put, and what the tests say of each."""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copy2

from .plant import ROOT, Plant

SUITE = "tests/shared"
LONGEST = 3600
FAILED, PASSED = 1, 0


class RunFailed(Exception):
    """The tests did not run: neither seen nor unseen can be said."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one plant. `test`: the first that failed; nothing where it is not caught."""

    plant: Plant
    test: str | None
    seconds: float


class Copy:
    """One copy of the tree as it is, without what git ignores."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "tree"
        self._report = directory / "report.xml"
        listed = ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                copy2(ROOT / name, self.root / name)

    def judge(self, plant: Plant, *, whole: bool = True) -> Verdict:
        """Puts the plant in, looks who sees it, and takes it out again. Raises `PlantBroken`, `RunFailed`."""
        began, test = time.monotonic(), None
        plant.apply(self.root)
        try:
            for tests in ([*plant.seen_by], [SUITE] if whole else []):
                test = test or (self.first_failure(tests) if tests else None)
        finally:
            plant.apply(self.root, "-R")
        return Verdict(plant, test, time.monotonic() - began)

    def first_failure(self, tests: Sequence[str]) -> str | None:
        """The first of these tests that fails; nothing where all pass. Raises `RunFailed`."""
        self._report.unlink(missing_ok=True)
        command = [sys.executable, "-B", "-m", "pytest", "-x", "-m", "not slow", "-p", "no:cacheprovider"]
        ran = subprocess.run(
            [*command, f"--junitxml={self._report}", *tests],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, self._sources()))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        if ran.returncode == PASSED:
            return None
        failed = _failed(self._report) if ran.returncode == FAILED else None
        if failed is None:
            raise RunFailed("\n".join(ran.stdout.splitlines()[-15:]))
        return failed

    def _sources(self) -> list[Path]:
        return [self.root / "shared" / "src", *sorted(self.root.glob("services/*/src"))]


def _failed(report: Path) -> str | None:
    """The name of the test that failed, as its report says it; a fixture that fails is no test that sees."""
    for case in ET.parse(report).iter("testcase"):
        if case.find("failure") is not None:
            return f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
    return None
