"""Booking, put together. `uvicorn --factory booking.app:create`"""

from fastapi import FastAPI

from shared.http.about import Api
from shared.service import create_service

from .api import router
from .settings import Settings
from .subscriptions import subscriptions, timers

API = Api(
    name="booking",
    title="Samspår booking",
    sv="Möten som begärs, bokas, hålls, uteblir och ställs in; tolkar till dem; stående gruppers dagordning.",
    en="Meetings requested, booked, held, missed and cancelled; their interpreters; the agendas of standing groups.",
)


def create(settings: Settings | None = None) -> FastAPI:
    return create_service(settings or Settings.read(), API, router, subscriptions, timers)
