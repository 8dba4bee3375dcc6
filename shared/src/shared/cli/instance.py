"""Which running platform a command speaks to, with whose token."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.caller import audience_of
from shared.errors import Refused, Unavailable
from shared.parties import Parties

CURRENT = Path(".samspar/current.json")
OPERATIONS = "operations"

Json = Annotated[bool, typer.Option("--json", help="The answer as JSON")]
Data = Annotated[
    Path | None, typer.Option(help="The data directory of the platform; the one started last, if left out")
]
Token = Annotated[str | None, typer.Option(envvar="SAMSPAR_TOKEN", help="An access token of your own issuer")]


class NothingRuns(Refused):
    """No platform was started here."""


class NotRun(Refused):
    """The organisation does not run that service."""


class NoToken(Refused):
    """The services believe no token that can be made here."""


class Answered(Refused):
    """The service said no:"""


@dataclass(frozen=True)
class Instance:
    """An organisation's running services, as its parties describe them.

    `issues_tokens`: they believe the development issuer of the data directory.
    """

    organisation: str
    data: Path
    parties: Parties
    issues_tokens: bool

    @property
    def services(self) -> list[str]:
        return list(self.parties[self.organisation].urls)

    def url(self, service: str) -> str:
        """Raises `NotRun`."""
        urls = self.parties[self.organisation].urls
        if service not in urls:
            raise NotRun(f"{self.organisation} runs: {', '.join(urls)}.")
        return urls[service]

    def token(self, service: str, party: str) -> str:
        """From the development issuer of the data directory. Raises `NoToken` where there is none."""
        if not self.issues_tokens:
            raise NoToken("Give one of your organisation's issuer with --token or SAMSPAR_TOKEN.")
        self.url(service)
        from shared.http.policies import OPERATE
        from shared.issuer import DevelopmentIssuer

        issuer = DevelopmentIssuer.open(self.data, broker_url="", database_url="sqlite://", host="127.0.0.1")
        return issuer.issue(
            organisation=self.organisation,
            party=party,
            subject=party,
            client_id="samspar-cli",
            audience=audience_of(self.organisation, service),
            scopes=[f"samspar.{service}", *([OPERATE] if party == OPERATIONS else [])],
        )

    def ask(
        self,
        service: str,
        path: str,
        *,
        party: str = OPERATIONS,
        token: str | None = None,
        body: Any = None,
        key: str | None = None,
    ) -> Any:
        """GET, or POST where there is a body. Raises `Answered` with the service's own words, or `Unavailable`."""
        import httpx

        url = self.url(service)
        headers = {"Authorization": f"Bearer {token or self.token(service, party)}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        method = "GET" if body is None else "POST"
        try:
            with httpx.Client(timeout=15, trust_env=False) as client:
                answer = client.request(method, f"{url}/{service}/v1{path}", headers=headers, json=body)
        except httpx.TransportError as error:
            raise Unavailable(f"Start {service}; it does not answer at {url}.") from error
        try:
            said = answer.json()
        except ValueError as error:
            raise Unavailable(f"Look at what answers at {url}; it is not {service}.") from error
        if not answer.is_success:
            raise Answered(_words(said), code=str(said.get("code")))
        return said


def _words(problem: dict[str, Any]) -> str:
    """The service's own, with the fields it names."""
    wrong = [f"{each['pointer']}: {each['expected']}." for each in problem.get("errors", ())]
    return " ".join([str(problem.get("title", "")), str(problem.get("detail", "")), *wrong]).strip()


def current(data: Path | None) -> Instance:
    """The instance of a data directory, or the one started last. Raises `NothingRuns`."""
    path = CURRENT if data is None else data / "instance.json"
    if not path.exists():
        raise NothingRuns("Run `samspar demo` or `samspar up`, or give --data.")
    known = json.loads(path.read_text(encoding="utf-8"))
    parties = Path(known["parties"])
    if not parties.is_dir():
        raise NothingRuns("Run `samspar demo` or `samspar up`; what ran here is gone.")
    return Instance(known["organisation"], Path(known["data"]), Parties.load(parties), known["issues_tokens"])


def remember(organisation: str, data: Path, parties: Path, *, issues_tokens: bool) -> None:
    """What `current` finds."""
    known = {
        "organisation": organisation,
        "data": str(data.resolve()),
        "parties": str(parties.resolve()),
        "issues_tokens": issues_tokens,
    }
    CURRENT.parent.mkdir(exist_ok=True)
    for path in (CURRENT, data / "instance.json"):
        path.write_text(json.dumps(known), encoding="utf-8")


def token(
    party: Annotated[str, typer.Argument(help="Who calls, as `social_services`; `operations` may operate")],
    service: Annotated[str, typer.Option(help="The service to be called")] = "referral",
    data: Data = None,
) -> None:
    """An access token of the development issuer, good for five minutes."""
    typer.echo(current(data).token(service, party))
