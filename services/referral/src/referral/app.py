"""Referral, put together. `uvicorn --factory referral.app:create`"""

import asyncio
import logging
from functools import partial
from typing import Final

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from shared.here import Here
from shared.http.about import Api
from shared.parties import Parties
from shared.service import create_service

from . import receiving
from .api import router
from .settings import Settings
from .subscriptions import subscriptions, timers
from .usecases.home import Home
from .usecases.repertoire import Repertoire

log = logging.getLogger(__name__)

AGAIN: Final = 5.0

API = Api(
    name="referral",
    title="Samspår referral",
    sv="Remisser, ärenden och deras väg: vem som ombeds göra vad, till när, och vad det blev.",
    en="Referrals, cases and their way: who is asked to do what, by when, and what came of it.",
)


def create(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings.read()
    repertoire = Repertoire(settings.pathways, settings.organisation)
    home = Home(repertoire, Parties.load(settings.parties))
    works = [partial(receiving.work_off, repertoire), partial(compare, repertoire)]
    app = create_service(settings, API, router, subscriptions(home), timers(home), waits=False, works=works)
    app.state.home = home
    return app


async def compare(repertoire: Repertoire, here: Here) -> None:
    """Says at the start which pathways were changed without a new version, and rests then."""
    while True:
        try:
            async with here.database.reading() as connection:
                changed = await repertoire.withdraw_changed(connection)
        except (OSError, SQLAlchemyError):
            await asyncio.sleep(AGAIN)
            continue
        for name, version in changed.items():
            log.warning("Not published: %s was changed; raise its version above %s.", name, version)
        await asyncio.Event().wait()
