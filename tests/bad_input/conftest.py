"""One town for all the cases of a file: whatever is refused leaves it as it was."""

import logging
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from .town import Town, town_in


class _Kept(logging.Handler):
    """Keeps every record, of whatever level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(scope="module")
def logged() -> Generator[list[logging.LogRecord]]:
    """What this process logs meanwhile."""
    root, kept = logging.getLogger(), _Kept()
    before = root.level
    root.addHandler(kept)
    root.setLevel(logging.INFO)
    yield kept.records
    root.removeHandler(kept)
    root.setLevel(before)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, logged: list[logging.LogRecord]) -> AsyncGenerator[Town]:
    directory: Path = tmp_path_factory.mktemp("town")
    async with town_in(directory, logged) as made:
        yield made
