"""How a request becomes one transaction: token, policy, key, use-case, commit; only then an answer."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from shared.caller import Caller
from shared.db import is_tie
from shared.errors import Refused
from shared.here import Here
from shared.telemetry import origin_of, traceparent_of, tracer
from shared.tokens import Unauthenticated, Verifier
from shared.tokens.verifier import Reason
from shared.uow import UnitOfWork

from . import problems
from .bodies import Files, body_of, files_of
from .idempotency import attempt_of
from .policies import NoPolicy, Policy, policy_of

SAFE = ("GET", "HEAD", "OPTIONS")
CONDITIONAL = ("PUT", "PATCH", "DELETE")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class VersionMissing(Refused):
    """A change needs the version it is made from."""

    status = 428


def here_of(request: Request) -> Here:
    """The service that answers."""
    return cast(Here, request.app.state.here)


async def uow_of(request: Request) -> UnitOfWork:
    """The transaction that this request is; committed after the route has returned and before the answer goes out."""
    return cast(UnitOfWork, request.state.uow)


async def _here(request: Request) -> Here:
    return here_of(request)


Transaction = Annotated[UnitOfWork, Depends(uow_of)]
Service = Annotated[Here, Depends(_here)]
"""All dependencies are coroutines: the others go through a thread."""


class Route(APIRoute):
    """A route whose body runs inside one transaction, under one span; its errors become problems under that span."""

    enforces: ClassVar[bool] = True

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()
        policy, files = policy_of(self.endpoint), files_of(self.endpoint)

        async def run(request: Request) -> Response:
            path = _whole(request, self.path_format)
            caller, refusal = await _caller(request, policy)
            with _span(request, path, policy, caller) as span:
                try:
                    if refusal is not None:
                        raise refusal
                    response = await _run(request, handler, policy, caller, path, files)
                except Exception as error:  # noqa: BLE001 -- what the app's handlers do, while the span is open
                    response = await problems.answer(request, error)
                _close(span, response)
                return response

        return run


def routes(api: str, **options: Any) -> APIRouter:
    """The routes of one API, under `/<api>/v1`."""
    return APIRouter(prefix=f"/{api}/v1", route_class=Route, **options)


async def _caller(request: Request, policy: Policy | None) -> tuple[Caller | None, Refused | None]:
    """Who calls, or why nobody is believed; asked before the span, whose parent depends on it."""
    if policy is None or policy.anonymous:
        return None, None
    try:
        return await authenticate(request, here_of(request).verifier), None
    except Refused as refusal:
        return None, refusal


async def _run(
    request: Request, handler: Handler, policy: Policy | None, caller: Caller | None, path: str, files: Files | None
) -> Response:
    here = here_of(request)
    if policy is None:
        raise NoPolicy(path)
    if caller is None:
        return await handler(request)
    policy.check(caller, organisation=here.whoami.organisation, service=here.whoami.service)
    if request.method in CONDITIONAL and "if-match" not in request.headers:
        raise VersionMissing("Send If-Match with the ETag of what you read.")
    body = b"" if request.method in SAFE else await body_of(request, files)
    if policy.releases:
        request.state.caller = caller
        request.state.attempt = attempt_of(request, route=path, caller=caller, body=body, secret=here.secret)
        return await handler(request)
    for last in (False, False, True):
        try:
            return await _once(request, handler, policy, caller, body, path)
        except Refused:
            if original := await _answered_meanwhile(request, policy, caller, body, path):
                return original
            raise
        except Exception as error:
            if last or not is_tie(error):
                raise
    raise AssertionError


async def _answered_meanwhile(
    request: Request, policy: Policy, caller: Caller, body: bytes, path: str
) -> Response | None:
    """The answer of another request with this key, which ended while this one looked for it and met what it did."""
    if request.method != "POST" or not policy.idempotent:
        return None
    here = here_of(request)
    attempt = attempt_of(request, route=path, caller=caller, body=body, secret=here.secret)
    async with here.database.transaction(caller=caller) as uow:
        return await attempt.answered(uow)


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
        if request.method in CONDITIONAL and uow.shown is None:
            raise AssertionError("a change gets the row that it changes, whose version If-Match names")
        if uow.etag:
            response.headers["ETag"] = uow.etag
        if attempt is not None:
            attempt.remember(uow, response)
        return response


async def authenticate(request: Request, verifier: Verifier) -> Caller:
    """Who calls, by the bearer token (RFC 6750). Raises `Unauthenticated`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(Reason.MALFORMED)
    return await verifier.verify(token.strip())


def _whole(request: Request, path: str) -> str:
    """The route's template with the prefix of the routers that it is included by, which the route itself lacks."""
    prefix = request.scope["path"].split("/")[: -path.count("/")]
    return "/".join(prefix) + path


def _span(request: Request, path: str, policy: Policy | None, caller: Caller | None) -> Any:
    """The caller's trace goes on inside one organisation; at its border a new one begins, with a link to theirs."""
    own = here_of(request).whoami.organisation
    inside = policy is None or policy.anonymous or (caller is not None and caller.organisation == own)
    context, links = origin_of(request.headers.get("traceparent"), inside=inside)
    return tracer().start_as_current_span(
        f"{request.method} {path}",
        context,
        SpanKind.SERVER,
        {"http.request.method": request.method, "http.route": path, "url.scheme": request.url.scheme},
        links,
        record_exception=False,
        set_status_on_exception=False,
    )


def _close(span: Span, response: Response) -> None:
    span.set_attribute("http.response.status_code", response.status_code)
    if response.status_code >= 500:
        span.set_attribute("error.type", str(response.status_code))
        span.set_status(StatusCode.ERROR)
    if traceparent := traceparent_of(span):
        response.headers["traceparent"] = traceparent
