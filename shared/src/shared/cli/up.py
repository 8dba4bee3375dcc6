"""Run services: all embedded in one process, or any of them on real servers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from shared.errors import Invalid, Unavailable
from shared.parties import Parties

from .instance import remembered
from .parties import at_ports, read_parties

Organisation = Annotated[
    str | None,
    typer.Option(envvar="SAMSPAR_ORGANISATION", help="Who runs them; may be left out where only one runs them all"),
]


class Incomplete(Invalid):
    """The services cannot be started like this."""


def up(
    services: Annotated[
        list[str] | None, typer.Argument(help="Which services; all that the organisation runs, if none is named")
    ] = None,
    organisation: Organisation = None,
    broker: Annotated[str | None, typer.Option(envvar="SAMSPAR_BROKER_URL", help="amqp://…")] = None,
    database: Annotated[str | None, typer.Option(envvar="SAMSPAR_DATABASE_URL", help="postgresql://…/name")] = None,
    data: Annotated[Path, typer.Option(envvar="SAMSPAR_DATA", help="Directory for what is kept")] = Path(".samspar/up"),
    parties: Annotated[
        Path, typer.Option(envvar="SAMSPAR_PARTIES", help="Who takes part, and where their services are")
    ] = Path("deploy/parties"),
    pathways: Annotated[Path, typer.Option(envvar="SAMSPAR_PATHWAYS", help="The definitions that home plays")] = Path(
        "deploy/pathways"
    ),
    host: Annotated[str, typer.Option(envvar="SAMSPAR_HOST", help="Where they listen")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(envvar="SAMSPAR_PORT", help="Of the first service, the others follow; else as the parties say"),
    ] = None,
    while_stdin: Annotated[bool, typer.Option("--while-stdin", hidden=True)] = False,
) -> None:
    """Start services and keep them up until Ctrl-C. Without a broker: SQLite and an in-process bus."""
    from shared.demo.owner import owned

    from .definitions import unpublished
    from .running import keep_up

    known = read_parties(parties)
    _installed(services or [])
    organisation = organisation or _only(known, services or [])
    chosen = _chosen(known, organisation, services or [])
    _whole(chosen, broker=broker, database=database)
    if port is not None:
        chosen = {name: port + n for n, name in enumerate(chosen)}
    told: dict[str, dict[str, Any]] = {
        name: {
            "organisation": organisation,
            "data": data,
            "parties": parties,
            "pathways": pathways,
            "host": host,
            "port": at,
        }
        for name, at in chosen.items()
    }
    if "referral" in chosen:
        for line in unpublished(pathways, organisation):
            typer.echo(line)
    if broker is not None:
        keep_up(told, broker=broker, database=database, while_stdin=while_stdin)
        return
    from shared.issuer import DEVELOPMENT

    with owned(data):
        _develop(data, host)
        if port is not None:
            parties = at_ports(parties, organisation, chosen, data / "parties")
            told = {name: settings | {"parties": parties} for name, settings in told.items()}
        with remembered(organisation, data, parties, pathways, issuer=DEVELOPMENT):
            keep_up(told, while_stdin=while_stdin)


def _installed(named: list[str]) -> None:
    """Raises `NotInstalled`, which says which are."""
    from shared.installed import service

    for name in named:
        service(name)


def _only(parties: Parties, named: list[str]) -> str:
    """The one organisation that runs all that is named; of several, the one that runs all there is."""
    wanted, everything = set(named or parties.tells), set(parties.tells)
    able = [name for name in parties.organisations if wanted <= set(parties[name].own)]
    whole = [name for name in able if everything <= set(parties[name].own)]
    fit = able if len(able) == 1 else whole
    if not fit and not able:
        raise Incomplete("No organisation runs all of them; name one that runs a service with --organisation.")
    if len(fit) != 1:
        commands = [f"  samspar {' '.join(['up', *named])} --organisation {name}" for name in sorted(able)]
        raise Incomplete("\n".join(["Several organisations can; say whose services they are:", *commands]))
    return fit[0]


def _chosen(parties: Parties, organisation: str, named: list[str]) -> dict[str, int]:
    """The services to run, each with the port of its address. Raises `Incomplete`, `NotInstalled`."""
    from shared.installed import service

    own = parties[organisation].urls
    for name in named or own:
        service(name)
        if name not in own:
            known = ", ".join(own) or "none"
            raise Incomplete(f"Say in {organisation}.yaml where its {name} is; of its services it names: {known}.")
    return {name: _port(own[name]) for name in named or own}


def _port(url: str) -> int:
    scheme, _, rest = url.partition("://")
    port = rest.partition("/")[0].rpartition(":")[2]
    return int(port) if port.isdecimal() else {"http": 80}.get(scheme, 443)


def _whole(chosen: dict[str, int], *, broker: str | None, database: str | None) -> None:
    if not chosen:
        raise Incomplete("Name an organisation that runs services of its own.")
    if broker is not None and len(chosen) != 1:
        raise Incomplete("On a broker name one service, and start one process for each.")
    if (broker is None) != (database is None):
        raise Incomplete("Give --broker and the service's --database together, or neither.")


def _develop(data: Path, host: str) -> None:
    """Embedded, tokens come from the development issuer, which refuses where others could reach it."""
    from shared.issuer import DevelopmentIssuer

    DevelopmentIssuer.open(data, broker_url="", database_url="sqlite://", host=host)


def migrate_database(
    name: Annotated[str, typer.Argument(help="The service")],
    database: Annotated[str, typer.Option(envvar="SAMSPAR_DATABASE_URL", help="postgresql://…/name, as its owner")],
    http_role: Annotated[str | None, typer.Option(help="The role that shall read and write, the vault too")] = None,
    events_role: Annotated[str | None, typer.Option(help="The role that shall read and write, but the vault")] = None,
) -> None:
    """Bring a service's database to the newest schema, and let its roles in: expand first, contract a release later."""
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from shared.engines import open_engine
    from shared.installed import service
    from shared.loop import run
    from shared.migrate import grant, migrate

    service(name)
    if (http_role is None) != (events_role is None):
        raise Incomplete("Give --http-role and --events-role together, or neither.")

    async def work() -> None:
        engine = open_engine(database)
        await migrate(engine, name)
        if http_role and events_role:
            await grant(engine, http=http_role, events=events_role)
        await engine.dispose()

    try:
        run(work())
    except ArgumentError as error:
        raise Incomplete("Give the database as postgresql://user@host/name.") from error
    except (OSError, DBAPIError) as error:
        state = getattr(getattr(error, "orig", None), "sqlstate", None)
        if isinstance(error, DBAPIError) and state is not None and state[:2] not in {"08", "28", "3D", "42", "57"}:
            raise
        raise Unavailable(f"Check the server, the database and the user's rights ({type(error).__name__}).") from error
    typer.echo(f"The database of {name} is up to date.")
