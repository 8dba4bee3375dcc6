"""Pathway definitions: check them, draw them, play them on a virtual clock."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import Invalid

from .instance import Json

if TYPE_CHECKING:
    from shared.pathways import Language

app = typer.Typer(help="Pathway definitions: what is asked of whom, by when.", no_args_is_help=True)

DEFINITIONS = Path("deploy/pathways")
DEFAULT = [DEFINITIONS]

Name = Annotated[str, typer.Argument(help="As <area>/<pathway>")]
Pathways = Annotated[
    list[Path], typer.Option("--pathways", help="The folder of definitions; given again, where to look next")
]
Words = Annotated[str, typer.Option(help="sv or en")]


class NoWords(Invalid):
    """The definitions have words in Swedish and English."""


@app.command()
def check(
    directory: Annotated[Path, typer.Argument(help="The folder of definitions")] = DEFINITIONS,
    areas: Annotated[list[Path] | None, typer.Option(help="A further folder, for areas that the first lacks")] = None,
    as_json: Json = False,
) -> None:
    """Prove what can be proved of every definition, and walk each at random. Exits with 1 if anything is wrong."""
    from .definitions import names, wrong

    roots = [directory, *(areas or [])]
    known = names(directory)
    found = {name: wrong(roots, name) for name in known}
    clean = [name for name, findings in found.items() if not findings]
    every = list(dict.fromkeys(finding for findings in found.values() for finding in findings))
    if as_json:
        told = {"clean": clean, "findings": [asdict(finding) for finding in every]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for finding in every:
            typer.echo(str(finding))
        typer.echo(f"Clean: {len(clean)} of {len(known)}.")
    if every:
        raise typer.Exit(1)


@app.command()
def draw(name: Name, pathways: Pathways = DEFAULT, language: Words = "en") -> None:
    """The pathway as a Mermaid flowchart, in people's words and with every deadline as written."""
    from shared.pathways.draw import mermaid

    from .definitions import score_of

    typer.echo(mermaid(score_of(pathways, name), _language(language)), nl=False)


@app.command()
def simulate(
    name: Name,
    script: Annotated[
        Path | None, typer.Option(help="The moves to play, as <area>/<pathway>.timelines/<name>.yaml")
    ] = None,
    seed: Annotated[int, typer.Option(help="Without a script: which random walk")] = 0,
    to: Annotated[str | None, typer.Option(help="Without a script: a random walk that comes to this ending")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Of a script: its `timeline`, to paste into it")] = False,
    pathways: Pathways = DEFAULT,
    language: Words = "en",
    as_json: Json = False,
) -> None:
    """Play a case on a virtual clock: the timeline that the process owner signs.

    Exits with 1 if the script says what the timeline should be, and it is another.
    """
    from .definitions import score_of, story_of, story_to
    from .timeline import printed, steps

    score = score_of(pathways, name)
    story = story_to(score, to) if to and script is None else story_of(score, script, seed)
    if lines and script is not None:
        typer.echo("\n".join(["timeline:", *(f"  - {json.dumps(line, ensure_ascii=False)}" for line in story.lines)]))
        return
    told = steps(score, story.happened, _language(language))
    if as_json:
        head = {"pathway": score.name, "version": score.version, "sha256": score.sha256, "story": story.title}
        typer.echo(json.dumps(head | {"steps": [step.as_json() for step in told]}, ensure_ascii=False, indent=1))
    else:
        printed(score, story.title, told, _language(language))
    if story.differs is not None:
        typer.echo(f"samspar: The timeline is not the one in the script. It differs at: {story.differs}", err=True)
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """The JSON Schema of definitions, for editors."""
    from shared.pathways.schema import to_text

    typer.echo(to_text(), nl=False)


def _language(word: str) -> "Language":
    if word not in ("sv", "en"):
        raise NoWords("Say --language sv or --language en.")
    return word
