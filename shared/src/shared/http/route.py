"""How a request becomes one transaction: token, policy, key, use-case, commit; only then an answer."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from starlette.exceptions import HTTPException

from shared.caller import Caller
from shared.db import is_tie
from shared.errors import Refused
from shared.here import Here
from shared.telemetry import context_of, traceparent_of, tracer
from shared.tokens import Unauthenticated, Verifier
from shared.tokens.verifier import Reason
from shared.uow import UnitOfWork

from .idempotency import attempt_of
from .policies import NoPolicy, Policy, policy_of

LARGEST = 1024 * 1024
SAFE = ("GET", "HEAD", "OPTIONS")
CONDITIONAL = ("PUT", "PATCH", "DELETE")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class TooLarge(Refused):
    """The body is larger than 1 MiB."""

    status = 413


class VersionMissing(Refused):
    """A change needs the version it is made from."""

    status = 428


def here_of(request: Request) -> Here:
    """The service that answers."""
    return cast(Here, request.app.state.here)


def uow_of(request: Request) -> UnitOfWork:
    """The transaction that this request is; committed after the route has returned and before the answer goes out."""
    return cast(UnitOfWork, request.state.uow)


Transaction = Annotated[UnitOfWork, Depends(uow_of)]
Service = Annotated[Here, Depends(here_of)]


class Route(APIRoute):
    """A route whose body runs inside one transaction."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()
        policy = policy_of(self.endpoint)

        async def run(request: Request) -> Response:
            with _span(request, self.path_format) as span:
                response = await _run(request, handler, policy, self.path_format)
                span.set_attribute("http.response.status_code", response.status_code)
                if traceparent := traceparent_of(span):
                    response.headers["traceparent"] = traceparent
                return response

        return run


def routes(api: str, **options: Any) -> APIRouter:
    """The routes of one API, under `/<api>/v1`."""
    return APIRouter(prefix=f"/{api}/v1", route_class=Route, **options)


async def _run(request: Request, handler: Handler, policy: Policy | None, path: str) -> Response:
    here = here_of(request)
    if policy is None:
        raise NoPolicy(path)
    if policy.anonymous:
        return await handler(request)
    caller = await authenticate(request, here.verifier)
    policy.check(caller, organisation=here.whoami.organisation, service=here.whoami.service)
    if request.method in CONDITIONAL and "if-match" not in request.headers:
        raise VersionMissing("Send If-Match with the ETag of what you read.")
    body = await _body(request)
    if policy.releases:
        request.state.caller = caller
        request.state.attempt = attempt_of(request, route=path, caller=caller, body=body, secret=here.secret)
        return await handler(request)
    for last in (False, False, True):
        try:
            return await _once(request, handler, policy, caller, body, path)
        except Exception as error:
            if last or not is_tie(error):
                raise
    raise AssertionError


async def _once(request: Request, handler: Handler, policy: Policy, caller: Caller, body: bytes, path: str) -> Response:
    here = here_of(request)
    writes = request.method not in SAFE
    traceparent = traceparent_of(trace.get_current_span())
    async with here.database.transaction(
        caller=caller, writes=writes, traceparent=traceparent, if_match=request.headers.get("if-match")
    ) as uow:
        request.state.uow = uow
        attempt = None
        if request.method == "POST" and policy.idempotent:
            attempt = attempt_of(request, route=path, caller=caller, body=body, secret=here.secret)
            if original := await attempt.answered(uow):
                return original
        response = await handler(request)
        if uow.etag:
            response.headers["ETag"] = uow.etag
        if attempt is not None:
            await attempt.remember(uow, response)
        return response


async def authenticate(request: Request, verifier: Verifier) -> Caller:
    """Who calls, by the bearer token (RFC 6750). Raises `Unauthenticated`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(Reason.MALFORMED)
    return await verifier.verify(token.strip())


async def _body(request: Request) -> bytes:
    """The whole body, read once. Raises `TooLarge` before more than a MiB is in memory."""
    if request.method in SAFE:
        return b""
    if int(request.headers.get("content-length") or 0) > LARGEST:
        raise TooLarge("Send less at a time.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge("Send less at a time.")
    request._body = bytes(body)  # pyright: ignore[reportPrivateUsage] -- where starlette keeps a body that was read
    if body and "json" not in request.headers.get("content-type", ""):
        raise HTTPException(415)
    return bytes(body)


def _span(request: Request, path: str) -> Any:
    return tracer().start_as_current_span(
        f"{request.method} {path}",
        context_of(request.headers.get("traceparent")),
        SpanKind.SERVER,
        {"http.request.method": request.method, "http.route": path, "url.scheme": request.url.scheme},
        record_exception=False,
        set_status_on_exception=False,
    )
