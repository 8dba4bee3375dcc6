"""Exchanges, queues and users on the broker."""

import typer

app = typer.Typer(help="Exchanges, queues and users on the broker.", no_args_is_help=True)
