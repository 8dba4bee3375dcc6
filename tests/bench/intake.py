"""The bare intake that POST /referrals is measured against: `python -m bench.intake <port>`.

FastAPI and asyncpg, the body validated, a row and its event in one transaction. No token, key, vault, span or policy.
"""

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from shared.ids import uuid7

from .plain import pooled
from .program import main
from .settings import LeanSettings

SCHEMA = """
CREATE TABLE referral (id uuid PRIMARY KEY, pathway text NOT NULL, door text NOT NULL, person jsonb NOT NULL);
CREATE TABLE outbox (seq bigserial PRIMARY KEY, id uuid NOT NULL, type text NOT NULL, body jsonb NOT NULL);
"""


class NewReferral(BaseModel):
    """As much of a referral as its sender gives."""

    pathway: str = Field(min_length=1, max_length=80)
    door: str = Field(min_length=1, max_length=80)
    person: dict[str, dict[str, str]]


class Received(BaseModel):
    """The answer."""

    id: UUID
    status: str


def create(database: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.pool = pool = await pooled(database, 16)
        yield
        await pool.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/referrals", status_code=201)
    async def _receive(request: Request, body: NewReferral) -> Received:
        pool: Any = request.app.state.pool
        referral, event = uuid7(), uuid7()
        async with pool.acquire() as connection, connection.transaction():
            person = json.dumps(body.person)
            row = "INSERT INTO referral VALUES ($1, $2, $3, $4)"
            await connection.execute(row, referral, body.pathway, body.door, person)
            told = "INSERT INTO outbox (id, type, body) VALUES ($1, $2, $3)"
            await connection.execute(told, event, "referral.received", json.dumps({"referralId": str(referral)}))
        return Received(id=referral, status="received")

    return app


if __name__ == "__main__":
    app = create(LeanSettings.model_validate({}).database)
    config = uvicorn.Config(app, port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)
    main(uvicorn.Server(config).serve())
