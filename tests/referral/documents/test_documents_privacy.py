"""What a document said lies in the vault alone: in no answer, log line, span or event, nor readable in the files."""

import json
import logging
from pathlib import Path

import pytest

from shared.logs import JsonLines
from shared.testing.apps import Platform
from shared.testing.sending import CSV, XLSX, Sender, as_csv, many, row
from shared.testing.spans import Spans

SIGNS = ("199001012385", "9001012385", "900101-2385", "kanarina", "fågelsson", "1740605", "skostorlek", "klingon")


def found_in(content: str) -> list[str]:
    return [sign for sign in SIGNS if sign in content.lower()]


def files(directory: Path) -> dict[str, str]:
    """Everything on the disk as text."""
    return {str(file): file.read_bytes().decode("latin-1") for file in directory.rglob("*") if file.is_file()}


async def test_a_row_is_nowhere_but_in_the_vault(sender: Sender, platform: Platform, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    spans, answers = Spans(), list[str]()
    contents = [
        (as_csv([row(), *many(60)]), CSV, "all"),
        (
            as_csv([row("199001012386", Språk="klingonska"), row(Väg="kanarina/fågelsson"), row(Väg="kanarina/x")]),
            CSV,
            "all",
        ),
        (as_csv([row(Telefon="=kanarina"), row(Förnamn="kanarina" * 70), row("kanarina")]), CSV, "good"),
        (as_csv([row(Skostorlek="44")]), CSV, "all"),
        (as_csv([row()])[:-3] + b'"', CSV, "all"),
        (as_csv([row()]), XLSX, "all"),
        (as_csv([row()]), "text/kanarina", "all"),
    ]
    for content, kind, rows in contents:
        answer = await sender.post(content, kind, rows=rows)
        answers.append(answer.text)
        if answer.is_success:
            document = (await sender.done(answer.json()["id"]))["id"]
            answers.append(json.dumps(await sender.rows(document), ensure_ascii=False))
    assert [found_in(answer) for answer in answers] == [[]] * len(answers)
    await platform.quiet()
    assert [told.fact for told in await sender.app.told() if found_in(json.dumps(told.said))] == []
    assert found_in(spans.text()) == []
    assert [line for line in map(JsonLines().format, caplog.records) if found_in(line)] == []
    assert len(await sender.app.told("referral.received")) == 61
    await sender.app.stop()
    assert {name: found for name, content in files(platform.directory).items() if (found := found_in(content))} == {}


async def test_while_rows_are_pending_they_cannot_be_read(sender: Sender, platform: Platform):
    document = (await sender.post(as_csv([*many(300), row()]))).json()["id"]
    await sender.until(document, lambda said: said["received"] > 0)
    await sender.app.stop()
    assert {name: found for name, content in files(platform.directory).items() if (found := found_in(content))} == {}
