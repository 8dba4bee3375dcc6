"""tools/compose-secrets: everything that docker-compose.yml needs, for its owner alone, made once."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.vault import KeyRing

ROOT = Path(__file__).parents[2]
SERVICES = ("assessment", "booking", "consent", "referral", "reporting")


def make(folder: Path) -> dict[str, bytes]:
    command = ["sh", ROOT / "tools/compose-secrets", folder, folder.with_suffix(".env")]
    subprocess.run(command, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets") / "made"


@pytest.fixture(scope="module")
def made(folder: Path) -> Mapping[str, str]:
    return {name: content.decode() for name, content in make(folder).items()}


def test_every_secret_of_the_compose_file_is_there(made: Mapping[str, str], platform: Mapping[str, Any]):
    assert {Path(secret["file"]).name for secret in platform["secrets"].values()} == set(made)


def test_nobody_else_reads_them(made: Mapping[str, str], folder: Path):
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.rglob("*"))} == {0}
    owner = folder.with_suffix(".env").read_text(encoding="utf-8").strip()
    stat = (folder / "database-admin").stat()
    assert owner == f"SAMSPAR_USER={stat.st_uid}:{stat.st_gid}"
    assert stat.st_uid
    assert made


def test_made_once_they_stay(folder: Path, made: Mapping[str, str]):
    assert {name: content.decode() for name, content in make(folder).items()} == dict(made)


def test_no_password_is_used_twice(made: Mapping[str, str], tmp_path: Path):
    urls = [urlsplit(text) for name, text in made.items() if re.fullmatch(r"[a-z]+-(events-|owner-)?\w+-url", name)]
    own = [url for url in urls if url.username != "admin"]
    assert len({url.password for url in own}) == len({url.username for url in own}) == len(own) == 4 * len(SERVICES)
    again = make(tmp_path / "again")
    assert not set(made.values()) & {content.decode() for content in again.values()}


def test_broker_and_database_are_told_the_same_passwords(made: Mapping[str, str]):
    users = json.loads(made["broker-users"])
    assert users == {f"bengtsfors.{name}": urlsplit(made[f"{name}-broker-url"]).password for name in SERVICES}
    roles = dict(re.findall(r"CREATE ROLE (\w+) LOGIN PASSWORD '(\w+)';", made["databases.sql"]))
    urls = [urlsplit(text) for text in made.values() if text.startswith("postgresql:")]
    assert {url.username: url.password for url in urls} == roles


def test_only_who_keeps_persons_has_a_key_ring(folder: Path, made: Mapping[str, str], tmp_path: Path):
    path = tmp_path / "keyring"
    shutil.copy(folder / "referral-keyring", path)
    assert KeyRing.load(path).current == "1"
    assert [name for name in made if "keyring" in name] == ["referral-keyring"]
