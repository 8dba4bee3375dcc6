"""Consent, put together. `uvicorn --factory consent.app:create`"""

from fastapi import FastAPI

from shared.http.about import Api
from shared.service import create_service

from .api import router
from .fences import work_off
from .settings import Settings
from .subscriptions import subscriptions, timers

API = Api(
    name="consent",
    title="Samspår consent",
    sv="Samtycken och sekretesslättnader: begärda, givna, nekade, återkallade; och tillstånd att lämna ut.",
    en="Consents and secrecy waivers: asked for, given, refused, withdrawn; and permits to release.",
)


def create(settings: Settings | None = None) -> FastAPI:
    return create_service(
        settings or Settings.read(), API, router, subscriptions, timers, waits=False, works=[work_off]
    )
