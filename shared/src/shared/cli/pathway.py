"""Pathway definitions: check them, draw them, simulate them."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Pathway definitions.", no_args_is_help=True)

Where = Annotated[Path, typer.Argument(help="The folder of definitions")]
