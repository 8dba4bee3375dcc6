"""Which service of which organisation this is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Whoami:
    """One instance: a service that an organisation runs."""

    organisation: str
    service: str
    broker_user: str | None = None

    @property
    def source(self) -> str:
        """The CloudEvents source of all it tells."""
        return f"/{self.organisation}/{self.service}"

    @property
    def user(self) -> str:
        """Its user at the broker."""
        return self.broker_user or f"{self.organisation}.{self.service}"
