"""Reporting, put together. `uvicorn --factory reporting.app:create`"""

from fastapi import FastAPI

from shared.http.about import Api
from shared.service import create_service

from .api import router
from .settings import Settings
from .subscriptions import subscriptions

API = Api(
    name="reporting",
    title="Samspår reporting",
    sv="Vad som hänt i ett ärende och vilka frister som hållits, läst ur händelser och inget annat.",
    en="What happened in a case and which deadlines held, read from events and nothing else.",
)


def create(settings: Settings | None = None) -> FastAPI:
    return create_service(settings or Settings.read(), API, router, subscriptions)
