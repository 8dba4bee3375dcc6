"""What a service is told from outside."""

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import SecretStr, ValidationError

from shared.settings import Settings


class Booking(Settings):
    service: ClassVar[str] = "booking"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.setenv("SAMSPAR_ORGANISATION", "norrby")


def test_said_nothing_it_is_the_embedded_platform():
    settings = Booking.read()
    assert settings.embedded
    assert settings.database == "sqlite:///.samspar/norrby/booking.db"
    assert settings.keyring_file == Path(".samspar/norrby/keyring.json")
    assert settings.url == "http://127.0.0.1:8100"
    assert (settings.otlp_endpoint, settings.demo_clock, settings.demo_key) == (None, None, None)


def test_the_environment_says_where_the_servers_are(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SAMSPAR_BROKER_URL", "amqp://norrby.booking:secret@broker")
    monkeypatch.setenv("SAMSPAR_DATABASE_URL", "postgresql://samspar_booking:secret@server/samspar_booking")
    monkeypatch.setenv("SAMSPAR_BASE_URL", "https://samspar.norrby.example/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    settings = Booking.read()
    assert not settings.embedded
    assert settings.database.endswith("/samspar_booking")
    assert settings.url == "https://samspar.norrby.example"
    assert settings.otlp_endpoint == "http://collector:4318"
    assert "secret" not in repr(settings)


def test_without_an_organisation_it_is_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SAMSPAR_ORGANISATION")
    with pytest.raises(ValidationError, match="organisation"):
        Booking.read()


def test_what_is_wrong_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SAMSPAR_PORT", "s3cret")
    with pytest.raises(ValidationError) as wrong:
        Booking.read()
    assert "port" in str(wrong.value)
    assert "s3cret" not in str(wrong.value)


def test_a_database_alone_does_not_make_it_distributed():
    """Then the bus is still in this process, and the service makes its own tables."""
    assert Booking(organisation="norrby", database_url=SecretStr("postgresql://server/x")).embedded
