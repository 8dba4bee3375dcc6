"""Assessment, put together. `uvicorn --factory assessment.app:create`"""

from fastapi import FastAPI

from shared.http.about import Api
from shared.service import create_service

from .api import router
from .settings import Settings
from .subscriptions import subscriptions

API = Api(
    name="assessment",
    title="Samspår assessment",
    sv="Kartläggningar med bidrag och slutsatser; insatser som påbörjas, förlängs, ändras och avslutas.",
    en="Assessments with contributions and findings; activities started, extended, changed and ended.",
)


def create(settings: Settings | None = None) -> FastAPI:
    return create_service(settings or Settings.read(), API, router, subscriptions)
