"""The network between the services of a test: no sockets, but cables that can be cut and letters that can be held."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import httpx
from fastapi import FastAPI

from shared.here import Here
from shared.issuer import Signer
from shared.service_tokens import SignedTokens


class Delivery(Protocol):
    """What happens to a request on its way, or to its answer on its way back."""

    def __call__(
        self, request: httpx.Request, deliver: Callable[[], Awaitable[httpx.Response]], /
    ) -> Awaitable[httpx.Response]: ...


async def at_once(_: httpx.Request, deliver: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """A network without faults."""
    return await deliver()


class Network(httpx.AsyncBaseTransport):
    """Brings a service's calls to the others, by the host in their address; `delivery` may hold or lose them."""

    def __init__(self) -> None:
        self.delivery: Delivery = at_once
        self.away: set[str] = set()
        self.seen: list[str] = []
        self._apps: dict[str, FastAPI] = {}

    def join(self, app: FastAPI, signer: Signer) -> None:
        """The service calls others by this network, with tokens of its organisation."""
        here: Here = app.state.here
        whoami = here.whoami
        here.partners.network = self
        here.partners.tokens = SignedTokens(signer, organisation=whoami.organisation, service=whoami.service)
        self._apps[host_of(whoami.organisation, whoami.service)] = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host in self.away or host not in self._apps:
            raise httpx.ConnectError("nobody answers there", request=request)
        await asyncio.sleep(0)
        transport = httpx.ASGITransport(self._apps[host], raise_app_exceptions=False)
        self.seen.append(f"{host}{request.url.path}")
        return await self.delivery(request, lambda: transport.handle_async_request(request))


def host_of(organisation: str, service: str) -> str:
    return f"{service}.{organisation}.example"
