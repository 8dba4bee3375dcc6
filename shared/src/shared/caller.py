"""Who calls: an organisation's party, as its token says."""

from dataclasses import dataclass
from typing import Final

SERVICE: Final = "samspar.service"
"""The scope of a token with which a service of the platform calls another."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified bearer of a token. `party` is the caller's role name in pathways, inside its organisation."""

    organisation: str
    party: str
    subject: str
    client_id: str
    scopes: frozenset[str]

    @property
    def service(self) -> str | None:
        """The service that calls on its own behalf; nothing for a person or another system."""
        organisation, _, service = self.client_id.partition(".")
        return service if service and SERVICE in self.scopes and organisation == self.organisation else None


def service_client(organisation: str, service: str) -> str:
    """The client id by which an organisation's token issuer knows one of its services."""
    return f"{organisation}.{service}"


def audience_of(organisation: str, service: str) -> str:
    """The audience of tokens for one instance: a token that was sent to one organisation opens nothing at another."""
    return f"samspar.{organisation}.{service}"
