"""What one file says: an organisation as deployed."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
NEAR = re.compile(r"https://.+|http://(127\.0\.0\.1|localhost|\[::1\]|[a-z][a-z0-9-]*)(:\d+)?(/.*)?")


def _safe(url: str) -> str:
    """Tokens and persons travel there: without TLS only on this machine, or to a neighbour in its container network."""
    if not NEAR.fullmatch(url):
        raise ValueError("give an https address; plain http is for this machine and for names without a dot")
    return url


Url = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*[^\s?#/])?$"), AfterValidator(_safe)]


class Data(BaseModel):
    """Read once, never changed; a field that nobody knows is a mistake."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Title(Data):
    """A name for people, Swedish first."""

    sv: str
    en: str


class Hosted(Data):
    """The service is run by another organisation, whatever the home of the case."""

    hosted_by: Name


class Forwarding(StrEnum):
    """How what an organisation tells reaches another."""

    EXCHANGE = "exchange"
    FEED = "feed"


class Keys(Data):
    """A token issuer and its public keys: a JWKS file (from the folder of the description) or an address."""

    issuer: Annotated[str, Field(min_length=1, max_length=200)]
    keys: Annotated[str, Field(min_length=1)]


class TrustedIssuer(Data):
    """A token issuer, where its public keys are, and the only organisations it may speak for."""

    issuer: str
    organisations: frozenset[str]
    keys: Path | Url


class Organisation(Data):
    """One deployment: one exchange, its own token issuers, the services it runs."""

    name: Name
    title: Title
    services: dict[Name, Literal["own"] | Hosted] = {}
    urls: dict[Name, Url] = {}
    issuers: tuple[Keys, ...] = ()
    broker_users: dict[Name, str] = {}
    forwards_to: dict[Name, Forwarding] = {}

    @model_validator(mode="after")
    def _only_own_services_have_details(self) -> Self:
        for field, names in (("urls", self.urls), ("broker_users", self.broker_users)):
            if strange := set(names) - set(self.own):
                raise ValueError(f"{field}: {', '.join(sorted(strange))} is not run here (services: own)")
        if self.name in self.forwards_to:
            raise ValueError("forwards_to: an organisation does not forward to itself")
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """The services this organisation runs."""
        return tuple(service for service, how in self.services.items() if how == "own")

    def broker_user(self, service: str) -> str:
        return self.broker_users.get(service, f"{self.name}.{service}")
