"""All organisations together: who serves whom, who may tell what, which issuers are believed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.errors import Fault, Refused

from .files import PartiesWrong, parse, read, wrong
from .organisation import Data, Hosted, Name, Organisation, TrustedIssuer

Pattern = Annotated[str, Field(pattern=r"^(\*|[a-z]+)\.(\*|[a-z_]+)$")]

SERVICES_FILE = "services.yaml"
TYPE = re.compile(r"se\.samspar\.[a-z]{1,40}\.[a-z_]{1,40}\.v[1-9][0-9]{0,3}")
"""Of an event: its aggregate, its fact, its major version."""
ASKING = frozenset({"requested", "recalled"})
EVERYBODY = ("message.*",)
"""What every service may tell: what became of the events of others that it could not take in."""


class UnknownOrganisation(Refused):
    """No organisation of that name takes part here."""

    status = 422


class NotServed(Refused):
    """Nobody runs that service for the party that is asked."""

    fault = Fault.PLATFORM


class Parties(Data):
    """All organisations this deployment knows, and which service tells which facts."""

    directory: Path
    organisations: dict[str, Organisation]
    tells: dict[Name, tuple[Pattern, ...]]

    @classmethod
    def load(cls, directory: Path) -> "Parties":
        """Reads `services.yaml` and one file an organisation. Raises PartiesWrong with file and field."""
        if not (directory / SERVICES_FILE).is_file():
            raise PartiesWrong(f"Put {SERVICES_FILE} and a file for each organisation there.")
        found = {
            path.stem: parse(path, Organisation, {**read(path), "name": path.stem})
            for path in sorted(directory.glob("*.yaml"))
            if path.name != SERVICES_FILE
        }
        tells = read(directory / SERVICES_FILE)
        services = directory / SERVICES_FILE
        parties = parse(services, cls, {"directory": directory, "organisations": found, "tells": tells})
        parties._check()
        return parties

    def __getitem__(self, organisation: str) -> Organisation:
        if organisation not in self.organisations:
            raise UnknownOrganisation(f"Known here: {_words(self.organisations)}.")
        return self.organisations[organisation]

    def __contains__(self, organisation: str) -> bool:
        return organisation in self.organisations

    def serving(self, asked: str, service: str, home: str) -> str:
        """The organisation whose instance of `service` does the work asked of `asked` in a case of `home`."""
        how = self[asked].services.get(service)
        serving = asked if how == "own" else how.hosted_by if how else home
        if service not in self[serving].own:
            raise NotServed("Say in its file under parties who runs it.", organisation=serving, service=service)
        return serving

    def may_tell(self, user: str, source: str, type_: str) -> bool:
        """Whether the broker user `user` may tell facts of `type_` as `source` (`/<organisation>/<service>`).

        A wildcard fact (`meeting.*`) covers what is told of one's own things, never what is asked of others:
        `requested` and `recalled` must be named.
        """
        _, _, path = source.partition("/")
        name, _, service = path.partition("/")
        organisation = self.organisations.get(name)
        if not source.startswith("/") or organisation is None or not TYPE.fullmatch(type_):
            return False
        if service not in organisation.own or user != organisation.broker_user(service):
            return False
        patterns = (*self.tells[service], *EVERYBODY)
        _, _, aggregate, fact, _ = type_.split(".")
        return any(_covers(pattern, aggregate, fact) for pattern in patterns)

    def source_of(self, user: str) -> str | None:
        """The source `/<organisation>/<service>` whose broker user that is."""
        for organisation in self.organisations.values():
            for service in organisation.own:
                if user == organisation.broker_user(service):
                    return f"/{organisation.name}/{service}"
        return None

    def issuers(self) -> Mapping[str, TrustedIssuer]:
        """Every trusted issuer by its name, with the organisations whose files name it."""
        found: dict[str, TrustedIssuer] = {}
        for organisation in self.organisations.values():
            for declared in organisation.issuers:
                known = found.get(declared.issuer)
                speaks_for = {organisation.name, *(known.organisations if known else ())}
                found[declared.issuer] = TrustedIssuer(
                    issuer=declared.issuer,
                    organisations=frozenset(speaks_for),
                    keys=declared.keys if "://" in declared.keys else self.directory / declared.keys,
                )
        return found

    def _check(self) -> None:
        """What no single file can know: that names in one file exist in the others."""
        keys: dict[str, str] = {}
        for name, organisation in self.organisations.items():
            for field, problem in self._problems(organisation):
                raise wrong(f"{name}.yaml", field, problem)
            for declared in organisation.issuers:
                if keys.setdefault(declared.issuer, declared.keys) != declared.keys:
                    raise wrong(f"{name}.yaml", "issuers", "the same issuer has other keys in another file")

    def _problems(self, organisation: Organisation) -> Iterator[tuple[str, str]]:
        for service, how in organisation.services.items():
            if service not in self.tells:
                yield f"services.{service}", f"unknown service; {SERVICES_FILE} has {_words(self.tells)}"
            if isinstance(how, Hosted) and not self._runs(how.hosted_by, service):
                yield f"services.{service}.hosted_by", "that organisation does not run this service"
        for recipient in organisation.forwards_to:
            if recipient not in self:
                yield f"forwards_to.{recipient}", "no file describes that organisation"
        for declared in organisation.issuers:
            if "://" in declared.keys and not _safe_address(declared.keys):
                yield "issuers.keys", "keys are fetched over https only (http to 127.0.0.1 alone)"

    def _runs(self, organisation: str, service: str) -> bool:
        return organisation in self and service in self[organisation].own


def _covers(pattern: str, aggregate: str, fact: str) -> bool:
    of, told = pattern.split(".")
    return of in ("*", aggregate) and (told == fact or (told == "*" and fact not in ASKING))


def _safe_address(url: str) -> bool:
    return re.fullmatch(r"https://[^\s@]+|http://127\.0\.0\.1(:\d+)?/[^\s@]*", url) is not None


def _words(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
