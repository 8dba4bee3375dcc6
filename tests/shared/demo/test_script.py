"""A demo's script: who comes in how, what each move says, and what is wrong with one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.demo.moves import ROUTES, Do, Move
from shared.demo.script import Script, ScriptWrong, load

ROOT = Path(__file__).parents[3]
ADULTS = ROOT / "examples/trollhattan/people.yaml"


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "bokningsdokument.xlsx").write_bytes(b"rows")
    return yaml.safe_load(ADULTS.read_text(encoding="utf-8"))


def read(directory: Path, written: dict[str, Any]) -> Script:
    (directory / "people.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    return load(directory / "people.yaml")


def test_the_document_is_part_of_the_script(tmp_path: Path, written: dict[str, Any]):
    first = read(tmp_path, written)
    assert first.content == b"rows"
    (tmp_path / "bokningsdokument.xlsx").write_bytes(b"other rows")
    assert load(tmp_path / "people.yaml").fingerprint() != first.fingerprint()


def test_the_document_comes_in_before_what_is_done_at_the_same_time(tmp_path: Path, written: dict[str, Any]):
    written["document"]["at"] = written["people"][0]["moves"][0]["at"]
    first, second, *_ = read(tmp_path, written).in_order()
    assert (first.words, second.words) == ("the booking document", "Apel: social_services grant secrecy-waiver")


def test_a_party_of_another_organisation_has_that_one_s_token():
    script = load(ADULTS)
    assert [script.organisation_of(party) for party in ("social_services", "af")] == ["trollhattan", "af"]


def test_a_body_says_what_the_script_need_not_repeat():
    at = datetime(2026, 3, 2, tzinfo=UTC)
    moves = {do: Move(at=at, by="af", do=do, body={"reason": "absence"}) for do in (Do.REPORT, Do.CANCEL)}
    assert moves[Do.REPORT].said({}, "the-case") == {"caseId": "the-case", "reason": "absence"}
    assert moves[Do.CANCEL].said({}, "the-case") == {"reason": "absence"}


def test_every_word_has_its_request():
    assert ROUTES.keys() == set(Do)


def _no_row(written: dict[str, Any]) -> None:
    del written["people"][-1]["row"]


def _the_same_row(written: dict[str, Any]) -> None:
    written["people"][-1]["row"] = 2


def _no_document(written: dict[str, Any]) -> None:
    del written["document"]


def _both_ways(written: dict[str, Any]) -> None:
    written["people"][0]["moves"].insert(0, {"at": "2026-03-02 08:00:00", "by": "af", "do": "refer"})


@pytest.mark.parametrize("change", [_no_row, _the_same_row, _no_document, _both_ways])
def test_somebody_who_cannot_come_in_is_found_when_it_is_read(change: Any, tmp_path: Path, written: dict[str, Any]):
    change(written)
    with pytest.raises(ScriptWrong, match=r"Correct people\.yaml at .*(by a move|one person's)"):
        read(tmp_path, written)


def test_a_document_that_is_not_there_is_named(tmp_path: Path, written: dict[str, Any]):
    (tmp_path / "bokningsdokument.xlsx").unlink()
    with pytest.raises(ScriptWrong, match=r"Put bokningsdokument\.xlsx beside people\.yaml"):
        read(tmp_path, written)
