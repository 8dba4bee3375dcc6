"""Referral, put together. `uvicorn --factory referral.app:create`"""

from fastapi import FastAPI

from shared.http.about import Api
from shared.parties import Parties
from shared.service import create_service

from .api import router
from .settings import Settings
from .subscriptions import subscriptions, timers
from .usecases.home import Home
from .usecases.repertoire import Repertoire

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
    app = create_service(settings, API, router, subscriptions(home), timers(home), waits=False)
    app.state.home = home
    return app
