"""Settings out of files: how a container is handed its secrets."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import Settings, SettingUnreadable, read_files


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "url").write_text("amqp://norrby.booking:secret@broker\n")
    monkeypatch.setenv("SAMSPAR_ORGANISATION", "norrby")
    monkeypatch.setenv("SAMSPAR_BROKER_URL_FILE", str(tmp_path / "url"))
    yield
    os.environ.pop("SAMSPAR_BROKER_URL", None)


def test_a_setting_is_what_its_file_holds():
    read_files()
    assert Settings.read().broker_url.get_secret_value() == "amqp://norrby.booking:secret@broker"


def test_one_that_is_set_stays(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SAMSPAR_BROKER_URL", "embedded://here")
    read_files()
    assert Settings.read().embedded


def test_a_file_that_cannot_be_read_is_named_by_its_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SAMSPAR_BROKER_URL_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SettingUnreadable, match="SAMSPAR_BROKER_URL_FILE") as refused:
        read_files()
    assert "nowhere" not in str(refused.value)
