"""The command line: run services, try the platform, ask where a case is, look after what got stuck.

What a command needs is imported when it runs, so that the others answer at once.
"""

import sys
import traceback
from importlib.metadata import version as version_of
from types import TracebackType
from typing import Annotated

import typer

from shared.errors import Refused
from shared.settings import read_files

from . import dead_letters, demo, instance, operate, pathway, reconcile, topology, up

app = typer.Typer(
    name="samspar",
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
app.command("reconcile")(reconcile.reconcile)
app.add_typer(pathway.app, name="pathway")
app.add_typer(topology.app, name="topology")
app.add_typer(dead_letters.app, name="dead-letters")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"samspar {version_of('samspar-shared')}")
        raise typer.Exit


@app.callback()
def samspar(
    version: Annotated[  # noqa: ARG001 (typer hands it to its callback)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Which version this is")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="SAMSPAR_DEBUG", help="Show where an unexpected error comes from")
    ] = False,
) -> None:
    """Samspår lets public bodies work together around one person, by events."""
    if not debug:
        sys.excepthook = _in_one_line


def main() -> None:
    """Errors are one sentence that says what to do."""
    try:
        read_files()
        app()
    except Refused as refusal:
        typer.echo(f"samspar: {refusal}", err=True)
        sys.exit(1)


def _in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Kind and place alone: the text of an error may hold what does not belong on a screen."""
    del error
    frames = traceback.extract_tb(trace)
    ours = [each for each in frames if "/src/" in each.filename] or frames
    place = f"{ours[-1].filename.rpartition('/src/')[2]}:{ours[-1].lineno}"
    typer.echo(
        f"samspar: Something is wrong in samspar itself ({kind.__name__} at {place}). "
        "Tell its developers; SAMSPAR_DEBUG=1 shows the whole way there.",
        err=True,
    )
