"""Which running platform a command speaks to, with whose token."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.caller import audience_of
from shared.demo.owner import is_owned
from shared.errors import Refused, Unavailable
from shared.parties import Parties

CURRENT = Path(".samspar/current.json")
"""The data directories of the platforms that were started here and have not ended, the last one last."""
DESCRIBED = "instance.json"
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


class NoParty(Refused):
    """The organisation has no such party."""


class Answered(Refused):
    """The service said no:"""


@dataclass(frozen=True)
class Instance:
    """An organisation's running services, as its parties describe them.

    `issuer`: whom they believe, whose key is in the data directory.
    """

    organisation: str
    data: Path
    parties: Parties
    issuer: str
    pathways: Path | None = None

    @property
    def shown(self) -> str:
        """The data directory, as short as can be."""
        return as_shown(self.data)

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
        """From the issuer whose key is in the data directory. Raises `NoToken` where there is none, and `NoParty`."""
        self.url(service)
        self._knows(party)
        from shared.http.policies import OPERATE
        from shared.issuer import PRIVATE_FILE, Signer, kept_key

        if not (self.data / PRIVATE_FILE).exists():
            raise NoToken("Give one of your organisation's issuer with --token or SAMSPAR_TOKEN.")
        return Signer(self.issuer, kept_key(self.data / PRIVATE_FILE)).issue(
            organisation=self.organisation,
            party=party,
            subject=party,
            client_id="samspar-cli",
            audience=audience_of(self.organisation, service),
            scopes=[f"samspar.{service}", *([OPERATE] if party == OPERATIONS else [])],
        )

    def _knows(self, party: str) -> None:
        """No token for a party that no area binds to the organisation. Raises `NoParty`."""
        if party == OPERATIONS or self.pathways is None or not self.pathways.is_dir():
            return
        from .definitions import parties_of

        known = parties_of(self.pathways, self.organisation)
        if known and party not in known:
            raise NoParty(f"The parties of {self.organisation} are {', '.join(known)}; operations may operate.")

    def ask(
        self,
        service: str,
        path: str,
        *,
        party: str = OPERATIONS,
        token: str | None = None,
        body: Any = None,
        key: str | None = None,
        file: tuple[str, bytes] | None = None,
    ) -> Any:
        """GET, or POST where there is a body or a `file` (its media type and content).

        Raises `Answered` with the service's own words, or `Unavailable`.
        """
        import httpx

        url = self.url(service)
        headers = {"Authorization": f"Bearer {token or self.token(service, party)}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        method = "GET" if body is None and file is None else "POST"
        if file is not None:
            headers["Content-Type"] = file[0]
        content = None if file is None else file[1]
        try:
            with httpx.Client(timeout=15, trust_env=False) as client:
                answer = client.request(
                    method, f"{url}/{service}/v1{path}", headers=headers, json=body, content=content
                )
        except httpx.TransportError as error:
            raise Unavailable(f"Start {service} of {self.shown}; it does not answer at {url}.") from error
        try:
            said = answer.json()
        except ValueError as error:
            raise Unavailable(f"Look at what answers at {url}; it is not {service}.") from error
        if not answer.is_success:
            raise Answered(_words(said), code=str(said.get("code")))
        return said


def as_shown(directory: Path) -> str:
    """As short as can be."""
    here, whole = Path.cwd(), directory.resolve()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)


def _words(problem: dict[str, Any]) -> str:
    """The service's own, with the fields it names."""
    wrong = [f"{each['pointer']}: {each['expected']}." for each in problem.get("errors", ())]
    return " ".join([str(problem.get("title", "")), str(problem.get("detail", "")), *wrong]).strip()


def current(data: Path | None) -> Instance:
    """The instance of a data directory; else of those started here the last that lives. Raises `NothingRuns`."""
    return running(data)[-1]


def running(data: Path | None) -> list[Instance]:
    """All that were started here and live, the last one last; where none does, the last. Raises `NothingRuns`."""
    places = _started() if data is None else [data]
    described = [place / DESCRIBED for place in places if (place / DESCRIBED).exists()]
    if not described:
        raise NothingRuns("Run `samspar demo` or `samspar up`, or give --data.")
    living = [path for path in described if is_owned(path.parent)]
    return [_instance(path) for path in living or described[-1:]]


def _instance(described: Path) -> Instance:
    known = json.loads(described.read_text(encoding="utf-8"))
    parties = Path(known["parties"])
    if not parties.is_dir():
        raise NothingRuns("Run `samspar demo` or `samspar up`; what ran here is gone.")
    pathways = Path(known["pathways"]) if "pathways" in known else None
    issuer: str = known["issuer"]
    return Instance(known["organisation"], Path(known["data"]), Parties.load(parties), issuer, pathways)


@contextmanager
def remembered(organisation: str, data: Path, parties: Path, pathways: Path, *, issuer: str) -> Generator[None]:
    """What `current` finds until the block ends; with --data also later."""
    known = {
        "organisation": organisation,
        "data": str(data.resolve()),
        "parties": str(parties.resolve()),
        "pathways": str(pathways.resolve()),
        "issuer": issuer,
    }
    (data / DESCRIBED).write_text(json.dumps(known), encoding="utf-8")
    _keep([*(each for each in _started() if each != data.resolve()), data.resolve()])
    try:
        yield
    finally:
        _keep([each for each in _started() if each != data.resolve()])


def _started() -> list[Path]:
    try:
        return [Path(each) for each in json.loads(CURRENT.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _keep(places: list[Path]) -> None:
    CURRENT.parent.mkdir(exist_ok=True)
    CURRENT.write_text(json.dumps([str(place) for place in places]), encoding="utf-8")


def token(
    party: Annotated[str, typer.Argument(help="Who calls, as `social_services`; `operations` may operate")],
    service: Annotated[str, typer.Option(help="The service to be called")] = "referral",
    data: Data = None,
) -> None:
    """An access token of the issuer that runs with the platform, good for five minutes."""
    typer.echo(current(data).token(service, party))
