"""Pathway definitions: check them, draw them, play them on a virtual clock."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from shared.errors import Invalid

from .instance import Json

app = typer.Typer(help="Pathway definitions: what is asked of whom, by when.", no_args_is_help=True)

DEFINITIONS = Path("deploy/pathways")

Name = Annotated[str, typer.Argument(help="As bengtsfors/income-support")]
Pathways = Annotated[
    list[Path], typer.Option("--pathways", help="The folder of definitions; given again, where to look next")
]
Words = Annotated[str, typer.Option(help="sv or en")]


class NoPathways(Invalid):
    """There are no definitions there."""


class NoWords(Invalid):
    """The definitions have words in Swedish and English."""


@app.command()
def check(
    directory: Annotated[Path, typer.Argument(help="The folder of definitions")] = DEFINITIONS,
    areas: Annotated[
        list[Path] | None, typer.Option(help="A further folder with areas that the first lacks")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove what can be proved of every definition, and walk each at random. Exits with 1 if anything is wrong."""
    from shared.pathways import check

    names = _names(directory)
    if not names:
        raise NoPathways(f"Give a folder with <area>/<name>.yaml; {directory} has none.")
    findings = check(directory, *(areas or []))
    wrong = {finding.file for finding in findings}
    clean = [name for name in names if wrong.isdisjoint({f"{name}.yaml", name.rpartition("/")[2] + ".yaml"})]
    if as_json:
        told = {"definitions": names, "clean": [] if _common(wrong) else clean, "findings": [asdict(f) for f in findings]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            typer.echo(str(finding))
        typer.echo(f"{len(names)} definition{'s' * (len(names) != 1)}, {len(clean)} clean.")
    if findings:
        raise typer.Exit(1)
