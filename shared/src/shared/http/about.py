"""What an API says of itself: api-info (national REST profile, VER.06–07) and its OpenAPI description."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from .examples import complete, example
from .policies import policy_of, public, routes_of
from .problems import MEDIA_TYPE, Problem

IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A key of your own making; the same key and body get the same answer",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "examples": ["0190a0b2-refer-1"]},
}
TRACE = {
    "name": "traceparent",
    "in": "header",
    "required": False,
    "description": "W3C Trace Context; taken up and passed on",
    "schema": {"type": "string"},
}
VERSION = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what you read; a change made from an older version is refused",
    "schema": {"type": "string"},
}
ERRORS = {
    "400": "The request cannot be read, or its Idempotency-Key is missing",
    "401": "The token is not believed",
    "403": "The token does not allow this",
    "404": "There is no such thing that you may see",
    "409": "Not from the state it is in, or the same request is still running",
    "412": "It was changed since you read it",
    "413": "Larger than 1 MiB",
    "422": "It says something that cannot be",
    "428": "If-Match is missing",
    "500": "A fault of the platform",
    "503": "The platform cannot do this right now; try again with the same key",
}


CHANGES = ("POST", "PUT", "PATCH", "DELETE")
SAID = {
    "traceparent": {"description": "The trace this answer belongs to", "schema": {"type": "string"}},
    "ETag": {"description": "The version of what is shown, where it is one thing", "schema": {"type": "string"}},
}


@dataclass(frozen=True)
class Api:
    """One API: its name in addresses, its version, and what it is for, in both languages."""

    name: str
    title: str
    sv: str
    en: str
    version: str = "1.0.0"
    released: date = date(2026, 11, 1)
    status: str = "beta"


def add_about(routes: APIRouter, api: Api) -> None:
    """Gives an API its api-info."""

    @routes.get("/api-info", tags=["about"], summary="Which API this is")
    @public
    async def read_api_info() -> dict[str, str]:
        """Om API:et. Name, version, status and where its description is."""
        return {
            "apiName": api.name,
            "apiVersion": api.version,
            "apiReleased": api.released.isoformat(),
            "apiDocumentation": f"/{api.name}/v1/openapi.json",
            "apiStatus": api.status,
        }


def describe(app: FastAPI, api: Api, *, url: str) -> None:
    """Replaces FastAPI's own description by one that follows the national profile."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _described(app, api, url)
        return app.openapi_schema

    app.openapi = openapi


def _described(app: FastAPI, api: Api, url: str) -> dict[str, Any]:
    schema = get_openapi(
        title=api.title,
        version=api.version,
        description=f"{api.sv}\n\n{api.en}\n\nLimits: bodies of at most 1 MiB; lists are exact to 10,000 rows.",
        routes=app.routes,
        servers=[{"url": url, "description": "This instance"}],
        contact={"name": "Samspår", "url": "https://samspar.example", "email": "info@samspar.example"},
        license_info={"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
        terms_of_service="https://samspar.example/terms",
    )
    schema["externalDocs"] = {"url": "https://samspar.example/docs", "description": "Guides"}
    parts = schema.setdefault("components", {})
    parts.setdefault("securitySchemes", {})["token"] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT (RFC 9068)",
        "description": "OAuth 2.0 client credentials; the audience is this service, at most five minutes",
    }
    shapes = parts.setdefault("schemas", {})
    shapes["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    shapes |= shapes["Problem"].pop("$defs", {})
    for path, methods, route in routes_of(app):
        for method in methods:
            operation = schema["paths"].get(path, {}).get(method.lower())
            if operation is not None:
                _complete(operation, route, method)
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    complete(shapes)
    _show(schema["paths"], shapes)
    return schema


def _show(part: Any, shapes: dict[str, Any]) -> None:
    """An example with every body of the API that is JSON."""
    if isinstance(part, list):
        for each in cast(list[Any], part):
            _show(each, shapes)
    if not isinstance(part, dict):
        return
    for name, each in cast(dict[str, Any], part).items():
        if name in ("application/json", MEDIA_TYPE):
            each.setdefault("examples", {"example": {"value": example(each["schema"], shapes)}})
        else:
            _show(each, shapes)


def _complete(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    policy = policy_of(route.endpoint)
    secured = policy is not None and not policy.anonymous
    operation["security"] = [{"token": []}] if secured else []
    parameters = operation.setdefault("parameters", [])
    parameters.append(TRACE)
    if secured and method == "POST" and policy is not None and policy.idempotent:
        parameters.append(IDEMPOTENCY)
    if secured and method in CHANGES:
        parameters.append(VERSION | {"required": method != "POST"})
    answers = operation.setdefault("responses", {})
    answers.pop("422", None)
    for status, meaning in ERRORS.items():
        if status in ("400", "500", "503", "404") or secured:
            answers[status] = {
                "description": meaning,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
    for status, answer in answers.items():
        if status < "300":
            answer.setdefault("headers", {}).update(SAID)
