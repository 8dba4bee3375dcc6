"""Booking, put together. `uvicorn --factory booking.app:create`"""

from fastapi import FastAPI

from shared.http.about import Api
from shared.service import create_service

from .api import router
from .settings import Settings
from .subscriptions import subscriptions

API = Api(
    name="booking",
    title="Samspår booking",
    sv="Möten: begärda, bokade, hållna, uteblivna, inställda, avböjda och bokade på nytt.",
    en="Meetings: requested, booked, held, missed, cancelled, declined and booked again.",
)


def create(settings: Settings | None = None) -> FastAPI:
    return create_service(settings or Settings.read(), API, router, subscriptions)
