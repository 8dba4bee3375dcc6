"""A file is read by a process that has little, may take little, and is gone afterwards."""

import asyncio
import logging
import os
import sys
from pathlib import Path

import pytest

from shared.errors import NotFound
from shared.http import readers
from shared.http.confined import MEMORY, PROCESSOR
from shared.http.readers import TakesTooMuch, read_apart

KIND = "text/plain"


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module `reads`, to be written."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path / "reads.py"


def says(module: Path, body: str) -> None:
    lines = "\n    ".join(body.splitlines())
    module.write_text(
        f'"""Reads."""\nimport os, resource, sys, time\nfrom shared.errors import NotFound\n'
        f"from shared.http.confined import answer\ndef read(kind, content):\n    {lines}\nanswer(read)\n"
    )


async def test_it_answers_with_what_it_read(reads: Path):
    says(reads, "return [kind, content.decode(), len(content)]")
    content = "Åsa \U0001f600" * 100_000
    assert await read_apart("reads", KIND, content.encode()) == [KIND, content, len(content.encode())]


async def test_a_refusal_is_the_same_refusal(reads: Path):
    says(reads, 'raise NotFound("Look elsewhere.", columns="A", line=3)')
    with pytest.raises(NotFound) as found:
        await read_apart("reads", KIND, b"")
    assert (found.value.remedy, found.value.facts) == ("Look elsewhere.", {"columns": "A", "line": 3})


async def test_it_knows_no_secret_and_its_file_by_the_pipe_alone(reads: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SAMSPAR_KEY", "secret")
    says(reads, "return [sorted(os.environ), sys.argv[1:]]")
    environment, arguments = await read_apart("reads", KIND, b"Kanarina")
    assert (set(environment) - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}, arguments) == ({"PYTHONPATH"}, [KIND])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such limits")
async def test_it_has_its_limits(reads: Path):
    says(reads, "return [resource.getrlimit(each)[1] for each in (resource.RLIMIT_AS, resource.RLIMIT_CPU, 4)]")
    assert await read_apart("reads", KIND, b"") == [MEMORY, PROCESSOR, 0]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"bytearray({MEMORY})", marks=pytest.mark.skipif(sys.platform != "linux", reason="no limit")),
        "raise ValueError(content.decode())",
        "os.kill(os.getpid(), 9)",
    ],
)
async def test_one_that_fails_is_a_refusal(
    reads: Path, body: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    says(reads, body)
    with pytest.raises(TakesTooMuch) as found:
        await read_apart("reads", KIND, b"Kanarina")
    assert found.value.code == "sender/takes-too-much"
    assert "Kanarina" not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize("ends", ["by the clock", "with who asked"])
async def test_none_is_left(reads: Path, tmp_path: Path, ends: str, monkeypatch: pytest.MonkeyPatch):
    known = tmp_path / "pid"
    says(reads, f"open({str(known)!r}, 'w').write(str(os.getpid()) + ' ')\ntime.sleep(600)")
    monkeypatch.setattr(readers, "WALL", 5 if ends == "by the clock" else 600)
    task = asyncio.create_task(read_apart("reads", KIND, b""))
    while not (known.exists() and known.read_text().endswith(" ")) and not task.done():  # noqa: ASYNC110 -- another process wrote it
        await asyncio.sleep(0.02)
    if ends == "with who asked":
        task.cancel()
    with pytest.raises((TakesTooMuch, asyncio.CancelledError)):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int(known.read_text()), 0)
