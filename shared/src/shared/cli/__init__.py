"""The command line: run services, try the platform, ask where a case is, look after what got stuck."""

import sys

import typer

from shared.errors import Refused

from . import dead_letters, demo, instance, operate, pathway, topology, up

app = typer.Typer(
    name="samspar",
    help="Samspår lets public bodies work together around one person, by events.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("migrate")(up.migrate_database)
app.command("refer")(operate.refer)
app.command("where")(operate.where)
app.command("token")(instance.token)
app.add_typer(pathway.app, name="pathway")
app.add_typer(topology.app, name="topology")
app.add_typer(dead_letters.app, name="dead-letters")


def main() -> None:
    """Errors are one sentence that says what to do."""
    try:
        app()
    except Refused as refusal:
        typer.echo(f"samspar: {refusal}", err=True)
        sys.exit(1)
