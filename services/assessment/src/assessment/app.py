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
    sv="Kartläggningar, ställningstaganden, planer och insatser: bidrag, underskrifter, slutsatser; och avvikelser.",
    en="Assessments, decisions, plans and activities: contributions, signatures, findings; and deviations.",
)


def create(settings: Settings | None = None) -> FastAPI:
    return create_service(settings or Settings.read(), API, router, subscriptions)
