"""The tree that the rules are held against: every file that is, or would be, committed."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Tree = Mapping[str, str]
"""Path from the root → text."""


def read(root: Path) -> Tree:
    command = ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    paths = [root / name for name in listed.split("\0") if name]
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if path.is_file()
    }


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def read_tree() -> Callable[[Path], Tree]:
    return read


@pytest.fixture(scope="session")
def tree(root: Path) -> Tree:
    return read(root)
