"""Who may call a route. A route without a policy stops the service from starting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.routing import APIRoute

from shared.caller import Caller
from shared.errors import Refused

F = TypeVar("F", bound=Callable[..., Any])
OPERATE = "samspar.operate"


class Forbidden(Refused):
    """Your token does not allow this."""

    status = 403


class NoPolicy(Exception):
    """A route says nothing about who may call it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a caller must be. `anonymous` needs no token at all."""

    name: str
    anonymous: bool = False
    scope: str | None = None
    own_organisation: bool = False
    idempotent: bool = True

    def check(self, caller: Caller, *, organisation: str, service: str) -> None:
        """Raises `Forbidden`, which says what the token lacks."""
        wanted = self.scope or f"samspar.{service}"
        if wanted not in caller.scopes:
            raise Forbidden("Ask for a token with the scope named.", scope=wanted)
        if self.own_organisation and caller.organisation != organisation:
            raise Forbidden("Only the organisation that runs this service may ask.")


def _marks(policy: Policy) -> Callable[[F], F]:
    def mark(endpoint: F) -> F:
        endpoint.__dict__["policy"] = policy
        return endpoint

    return mark


public = _marks(Policy("public", anonymous=True))
"""Anybody: descriptions and health, never data."""

party = _marks(Policy("party"))
"""A party's system or person, with a token for this service; rows are filtered by the caller's part in them."""

operator = _marks(Policy("operator", scope=OPERATE, own_organisation=True))
"""Those who run this service."""

technical = _marks(Policy("technical", anonymous=True, idempotent=False))
"""Guarded by a key of its own, as the demo's clock."""


def policy_of(endpoint: Callable[..., Any]) -> Policy | None:
    return getattr(endpoint, "policy", None)


def require_policies(app: FastAPI) -> None:
    """Raises `NoPolicy`, naming the routes."""
    bare = [r.path for r in app.routes if isinstance(r, APIRoute) and policy_of(r.endpoint) is None]
    if bare:
        raise NoPolicy(f"say who may call: {', '.join(sorted(bare))}")
