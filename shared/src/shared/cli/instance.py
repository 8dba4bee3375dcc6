"""Which running platform a command speaks to, with whose token."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from shared.errors import Refused, Unavailable
from shared.http.policies import OPERATE
from shared.issuer import DevelopmentIssuer
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


class Answered(Refused):
    """The service said no."""


@dataclass(frozen=True)
class Instance:
    """An organisation's running services, as its parties describe them."""

    organisation: str
    data: Path
    parties: Parties

    @property
    def services(self) -> list[str]:
        return list(self.parties[self.organisation].urls)

    def token(self, service: str, party: str) -> str:
        """From the development issuer of the data directory."""
        issuer = DevelopmentIssuer.open(self.data, broker_url="", database_url="sqlite://", host="127.0.0.1")
        return issuer.issue(
            organisation=self.organisation,
            party=party,
            subject=party,
            client_id="samspar-cli",
            audience=f"samspar.{service}",
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
        headers = {"Authorization": f"Bearer {token or self.token(service, party)}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        url = f"{self.parties[self.organisation].urls[service]}/{service}/v1{path}"
        try:
            with httpx.Client(timeout=15, trust_env=False) as client:
                answer = client.request("GET" if body is None else "POST", url, headers=headers, json=body)
        except httpx.TransportError as error:
            raise Unavailable(f"Start {service}; it does not answer at {url.partition('/v1')[0]}.") from error
        if not answer.is_success:
            said = answer.json()
            raise Answered(f"{said.get('title')} {said.get('detail', '')}".strip(), code=str(said.get("code")))
        return answer.json()


def current(data: Path | None) -> Instance:
    """The instance of a data directory, or the one started last. Raises `NothingRuns`."""
    path = CURRENT if data is None else data / "instance.json"
    if not path.exists():
        raise NothingRuns("Run `samspar demo` or `samspar up`, or give --data.")
    known = json.loads(path.read_text())
    return Instance(known["organisation"], Path(known["data"]), Parties.load(Path(known["parties"])))


def remember(organisation: str, data: Path, parties: Path) -> None:
    """What `current` finds."""
    known = {"organisation": organisation, "data": str(data.resolve()), "parties": str(parties.resolve())}
    CURRENT.parent.mkdir(exist_ok=True)
    for path in (CURRENT, data / "instance.json"):
        path.write_text(json.dumps(known))


def token(
    party: Annotated[str, typer.Argument(help="Who calls, as `social_services`; `operations` may operate")],
    service: Annotated[str, typer.Option(help="The service to be called")] = "referral",
    data: Data = None,
) -> None:
    """An access token of the development issuer, good for five minutes."""
    typer.echo(current(data).token(service, party))
