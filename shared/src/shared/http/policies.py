"""Who may call a route. A route without a policy stops the service from starting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from shared.caller import SERVICE, Caller
from shared.errors import Refused

F = TypeVar("F", bound=Callable[..., Any])
OPERATE = "samspar.operate"
FEED = "samspar.feed"


class Forbidden(Refused):
    """Your token does not allow this."""

    status = 403


class NoPolicy(Exception):
    """A route says nothing about who may call it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a caller must be. `anonymous` needs no token at all.

    `peer`: a service that calls on its own behalf, the one named or any (`*`). `releases`: the route opens no
    transaction; what it releases has one of its own, after the permit.
    """

    name: str
    anonymous: bool = False
    scope: str | None = None
    own_organisation: bool = False
    idempotent: bool = True
    peer: str | None = None
    releases: bool = False

    def check(self, caller: Caller, *, organisation: str, service: str) -> None:
        """Raises `Forbidden`, which says what the token lacks."""
        wanted = self.scope or f"samspar.{service}"
        if wanted not in caller.scopes:
            raise Forbidden("Ask for a token with the scope named.", scope=wanted)
        if self.own_organisation and caller.organisation != organisation:
            raise Forbidden("Only the organisation that runs this service may ask.")
        if self.peer is not None and (caller.service is None or self.peer not in ("*", caller.service)):
            raise Forbidden("Only a service of the platform may ask.", peer=self.peer)


def _marks(policy: Policy) -> Callable[[F], F]:
    def mark(endpoint: F) -> F:
        endpoint.__dict__["policy"] = policy
        return endpoint

    return mark


integration = _marks(Policy("integration", scope=FEED))
"""An organisation's own system that reads the feed: it hears for all parties of its organisation."""

public = _marks(Policy("public", anonymous=True))
"""Anybody: descriptions and health, never data."""

party = _marks(Policy("party"))
"""A party's system or person, with a token for this service; rows are filtered by the caller's part in them."""

operator = _marks(Policy("operator", scope=OPERATE, own_organisation=True))
"""Those who run this service."""

peer = _marks(Policy("peer", scope=SERVICE, peer="*"))
"""Another service of the platform, on its own behalf."""

releasing = _marks(Policy("releasing", releases=True))
"""As `party`, for a route that discloses: permit, then a transaction with the receipt, then the bytes."""

fencing = _marks(Policy("fencing", scope=SERVICE, peer="consent", idempotent=False))
"""The consent service of the home that gave the permit; the fence is its own key."""

technical = _marks(Policy("technical", anonymous=True, idempotent=False))
"""Guarded by a key of its own, as the demo's clock."""


def policy_of(endpoint: Callable[..., Any]) -> Policy | None:
    return getattr(endpoint, "policy", None)


def require_policies(app: FastAPI) -> None:
    """Raises `NoPolicy`, naming the routes: without a policy, or of a kind that would not ask for it."""
    bare = [found.path or "a mount" for found in iter_route_contexts(app.routes) if not _guarded(app, found)]
    if bare:
        raise NoPolicy(f"say who may call, on a route of `routes()`: {', '.join(sorted(bare))}")


def _guarded(app: FastAPI, found: RouteContext) -> bool:
    route = found.original_route
    if not isinstance(route, APIRoute):
        return found.path == app.openapi_url
    policy = policy_of(route.endpoint)
    return policy is not None and (policy.anonymous or getattr(route, "enforces", False))


def routes_of(app: FastAPI) -> Iterator[tuple[str, frozenset[str], APIRoute]]:
    """Every route with its whole path and methods, those of included routers too, which `app.routes` does not show."""
    for found in iter_route_contexts(app.routes):
        if isinstance(found.original_route, APIRoute):
            yield found.path_format or "", frozenset(found.methods or ()), found.original_route
