"""Errors as problem+json (RFC 9457) with a code that names who failed; never the input, never an exception's text."""

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from opentelemetry import trace
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from shared.errors import Fault, Refused, Unavailable

from .methods import allowed
from .wrong import WrongField, wrong_fields

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
AWAY = (OperationalError, InterfaceError, PoolTimeout, OSError, TimeoutError)
TITLES = {
    400: "The request cannot be read.",
    404: "There is nothing at this address.",
    405: "The method is not used at this address.",
    406: "The answer cannot be given in that form.",
    413: "The request is too large.",
    415: "The content type is not read here.",
}
REMEDIES = {
    404: "Look the address up in the description of the API.",
    405: "Use a method that Allow names.",
    415: "Send the content type that the description of the API names.",
}


class Problem(BaseModel):
    """A problem (RFC 9457). `code` is `<who failed>/<what>`, with who = sender, receiver, platform, schema, consent."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "https://samspar.example/problems/sender/move-not-allowed",
                    "title": "It cannot move there from where it is.",
                    "status": 409,
                    "detail": "From held it can become: nothing more.",
                    "instance": "urn:uuid:0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10",
                    "code": "sender/move-not-allowed",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    code: str
    errors: Annotated[list[WrongField] | None, Field(description="What is wrong, place by place")] = None


def problem(status: int, code: str, title: str, detail: str = "", **more: Any) -> JSONResponse:
    """A problem as a response. Its `instance` is the trace, for whoever looks it up in the logs."""
    headers: dict[str, str] = more.pop("headers", {})
    span = trace.get_current_span().get_span_context()
    content: dict[str, Any] = {
        "type": f"https://samspar.example/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail or None,
        "instance": f"urn:trace:{span.trace_id:032x}" if span.is_valid else None,
        "code": code,
        **more,
    }
    body = {name: value for name, value in content.items() if value is not None}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def of(refusal: Refused) -> JSONResponse:
    """The problem of a refusal."""
    headers: dict[str, str] = {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if refusal.status in (429, 503) or (refusal.status == 409 and refusal.fault is Fault.WAITING):
        headers["Retry-After"] = "2"
    return problem(refusal.status, refusal.code, refusal.title, refusal.remedy, headers=headers, **refusal.facts)


def install(app: FastAPI) -> None:
    """Every error of the app becomes a problem, also where no route is found."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)


async def answer(request: Request, error: Exception) -> Response:
    """The problem of an error, whatever it is."""
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    return await handler(request, error)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return of(error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = wrong_fields(error.errors(), request.app)
    title, remedy = "The request says something that cannot be.", "Correct the fields named."
    return problem(422, "sender/invalid", title, remedy, errors=[each.model_dump() for each in wrong])


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title = TITLES.get(error.status_code, "The request was refused.")
    remedy = REMEDIES.get(error.status_code, "Follow the description of the API.")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = allowed(request.app, request.scope["path"])
    return problem(error.status_code, f"sender/http-{error.status_code}", title, remedy, headers=headers)


async def _database(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)
    state = getattr(error.orig, "sqlstate", "") or ""
    if error.connection_invalidated or state[:2] in {"08", "53", "57", "58", "40", "55"}:
        return await _away(request, error)
    return await _bug(request, error)


async def _away(_: Request, error: Exception) -> JSONResponse:
    log.warning("the database cannot be used now: %s", type(error).__name__)
    return of(Unavailable("Try again with the same key."))


async def _bug(_: Request, error: Exception) -> JSONResponse:
    log.error("unexpected: %s", type(error).__name__, exc_info=error)
    return problem(500, "platform/bug", "Something is wrong in the platform.", "Tell the operator the instance.")


Handler = Callable[[Request, Exception], Awaitable[Response]]
HANDLERS: dict[type[Exception], Handler] = {
    Refused: _refused,
    RequestValidationError: _invalid,
    HTTPException: _http,
    DBAPIError: _database,
    **dict.fromkeys(AWAY, _away),
    Exception: _bug,
}
