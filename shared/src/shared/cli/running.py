"""Keeps services up until somebody ends them."""

import os
import signal
import sys
import threading
from typing import Any

import typer
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from shared.errors import Invalid
from shared.installed import service
from shared.logs import logs
from shared.loop import run

from .serving import interrupted, running, serving


class SettingWrong(Invalid):
    """A setting of the service cannot be."""


def keep_up(
    told: dict[str, dict[str, Any]], *, broker: str = "", database: str | None = None, while_stdin: bool
) -> None:
    """Runs the services named, embedded; with a broker, the one service on it and its database."""
    logs()
    if while_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    if broker and database:
        servers = {"broker_url": SecretStr(broker), "database_url": SecretStr(database)}
        told = {name: settings | servers for name, settings in told.items()}
    try:
        run(_until_ended(told, embedded=not broker))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingWrong(f"Correct SAMSPAR_{name}: {first['msg']}.") from error


async def _until_ended(told: dict[str, dict[str, Any]], *, embedded: bool) -> None:
    stop = interrupted()
    async with running(told) if embedded else serving(*(_made(name, settings) for name, settings in told.items())):
        for name, settings in told.items():
            typer.echo(f"{name:11} http://{settings['host']}:{settings['port']}/{name}/v1")
        typer.echo("Ctrl-C ends.")
        await stop.wait()


def _made(name: str, settings: dict[str, Any]) -> FastAPI:
    installed = service(name)
    return installed.create(installed.settings(**settings))


def _end_with_stdin() -> None:
    """Whoever started this holds the other end: when it is gone, so is this."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
