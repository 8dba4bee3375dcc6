"""What a service is told from outside: by environment variables `SAMSPAR_…`, and nothing else reads the environment."""

import os
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from .errors import Fault, Refused

PREFIX = "SAMSPAR_"
FROM_FILE = "_FILE"


class SettingUnreadable(Refused):
    """A file that a setting is in cannot be read."""

    status = 500
    fault = Fault.PLATFORM


def environment() -> dict[str, str]:
    """This process's own, for one that it starts."""
    return dict(os.environ)


def read_files() -> None:
    """`SAMSPAR_X` is, unless it is set, what the file holds that `SAMSPAR_X_FILE` names: so containers get secrets.

    Raises `SettingUnreadable`.
    """
    for name, path in environment().items():
        if name.startswith(PREFIX) and name.endswith(FROM_FILE) and path:
            try:
                os.environ.setdefault(name.removesuffix(FROM_FILE), Path(path).read_text(encoding="utf-8").strip())
            except (OSError, UnicodeDecodeError) as error:
                raise SettingUnreadable(f"Let this user read the file that {name} names.", setting=name) from error


class Settings(BaseSettings):
    """One instance. The defaults are the embedded platform: SQLite in the data directory and an in-process bus."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)
    service: ClassVar[str] = ""
    persons: ClassVar[bool] = False
    """Whether it keeps who people are, in its vault. Only then what is sent to it may name them, and it needs keys."""

    organisation: str
    data: Path = Path(".samspar")
    parties: Path = Path("deploy/parties")
    pathways: Path = Path("deploy/pathways")
    broker_url: SecretStr = SecretStr("embedded://default")
    database_url: SecretStr | None = None
    events_database_url: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = 8100
    base_url: str | None = None
    keyring: Path | None = None
    token_endpoint: str | None = None
    token_issuer: str | None = None
    token_key: Path | None = None
    demo_clock: datetime | None = None
    demo_key: SecretStr | None = None
    reconcile_minutes: float = Field(default=5, ge=0)
    """How often what was told is compared with what came; 0: only when an operator asks."""
    reconcile_first: bool = False
    """After a restored backup, and for a service added later: the queue is read once all that was told is here."""
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @classmethod
    def read(cls) -> Self:
        """From the environment."""
        return cls.model_validate({})

    @property
    def embedded(self) -> bool:
        """True where no server is involved: then the service makes its own tables and the bus its own queues."""
        return self.broker_url.get_secret_value().startswith("embedded:")

    @property
    def database(self) -> str:
        """The URL of the service's database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data / self.organisation / self.service}.db"

    @property
    def events_database(self) -> str | None:
        """The same database under the role of inbox, relay and timers, which cannot read the vault."""
        return self.events_database_url.get_secret_value() if self.events_database_url is not None else None

    @property
    def keyring_file(self) -> Path:
        return self.keyring or self.data / self.organisation / "keyring.json"

    @property
    def url(self) -> str:
        """Where the service is reached, without a slash at the end."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")
