"""The demo's clock: it stands still, is moved by the demo's driver, and survives a restart of the service."""

import hmac
from datetime import UTC, datetime

from fastapi import FastAPI, Request
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select

from .db import Database
from .errors import NotFound
from .http.policies import technical
from .http.route import here_of
from .tables import demo_clock


class Instant(BaseModel):
    """An instant, RFC 3339."""

    now: AwareDatetime


class DemoClock:
    """Stands still until it is moved; never runs backwards."""

    def __init__(self, start: datetime) -> None:
        self._at = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    async def load(self, database: Database) -> None:
        """Where it stood when the service last ran."""
        async with database.reading() as connection:
            stood = await connection.scalar(select(demo_clock.c.instant))
        if stood is not None:
            self._at = max(self._at, stood)

    async def move(self, database: Database, to: datetime) -> None:
        """Stored before it is shown, so that a restart does not turn it back."""
        to = max(self._at, to.astimezone(UTC))
        async with database.writing() as connection:
            moved = await connection.execute(demo_clock.update().values(instant=to))
            if not moved.rowcount:
                await connection.execute(demo_clock.insert().values(one=1, instant=to))
        self._at = to


def add_clock(app: FastAPI, clock: DemoClock) -> None:
    """Mounts `PUT /clock`, which answers only to the demo's own key."""

    @app.put("/clock", include_in_schema=False)
    @technical
    async def move_clock(body: Instant, request: Request) -> Instant:
        here = here_of(request)
        key = here.settings.demo_key
        given = request.headers.get("x-demo-key", "")
        if key is None or not hmac.compare_digest(given, key.get_secret_value()):
            raise NotFound("There is no clock to move here.")
        await clock.move(here.database, body.now)
        here.timers.wake()
        return Instant(now=clock.now())
