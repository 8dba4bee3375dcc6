"""Calls to other services of the platform: a client a partner, short timeouts, and an error that names who is away."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

import httpx
from opentelemetry import trace

from .errors import Fault, Refused, Unavailable
from .parties import Parties
from .service_tokens import TokenSource
from .telemetry import traceparent_of

CONNECTIONS: Final = httpx.Limits(max_connections=20, max_keepalive_connections=5, keepalive_expiry=30)

SLACK: Final = 0.5
"""Seconds more than the client's own limits: a call that is cancelled meanwhile keeps its connection for ever."""


class NoAddress(Refused):
    """No address is known for that service of that organisation."""

    fault = Fault.PLATFORM


class PartnerAway(Unavailable):
    """Another service does not answer."""


class PartnerRefused(Refused):
    """Another service said no to what this one asked of it."""

    status = 502
    fault = Fault.PLATFORM


class Partners:
    """The services of all organisations, as far as their files say where they are. Never inside a transaction."""

    def __init__(self, parties: Parties, tokens: TokenSource, network: httpx.AsyncBaseTransport | None = None) -> None:
        """`network` carries the calls instead of the machine's own, in tests."""
        self.parties = parties
        self.tokens = tokens
        self.network = network
        self._clients: dict[tuple[str, str], httpx.AsyncClient] = {}

    def address(self, organisation: str, service: str) -> str:
        """Where it is reached. Raises `NoAddress`."""
        found = self.parties[organisation].urls.get(service) if organisation in self.parties else None
        if found is None:
            raise NoAddress("Add it under urls in the organisation's file.", service=service)
        return found

    async def post(
        self,
        organisation: str,
        service: str,
        path: str,
        content: Any = None,
        *,
        seconds: float,
        key: UUID | None = None,
    ) -> dict[str, Any]:
        """Posts to `/<service>/v1<path>`, once, and returns the JSON that it answers.

        Raises `NoAddress`, `TokenUnavailable`, `PartnerAway` (no answer in time, or a fault of theirs),
        `PartnerRefused` with their code.
        """
        client = self._client(organisation, service)
        headers = await self._headers(organisation, service)
        if key is not None:
            headers["Idempotency-Key"] = str(key)
        try:
            async with asyncio.timeout(seconds + SLACK):
                answer = await client.post(f"/{service}/v1{path}", json=content, headers=headers, timeout=seconds)
            said: Any = answer.json()
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            await self._begin_anew(organisation, service, error)
            raise PartnerAway("Try again shortly.", organisation=organisation, service=service) from None
        return _object(said, answer.status_code, organisation, service)

    async def get(
        self,
        organisation: str,
        service: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        seconds: float,
        largest: int,
    ) -> dict[str, Any]:
        """Gets `/<service>/v1<path>`, of at most so many bytes. Raises as `post`."""
        client = self._client(organisation, service)
        headers = await self._headers(organisation, service)
        came = bytearray()
        try:
            async with asyncio.timeout(seconds + SLACK):
                request = client.build_request(
                    "GET", f"/{service}/v1{path}", params=[*query], headers=headers, timeout=seconds
                )
                answer = await client.send(request, stream=True)
                try:
                    async for some in answer.aiter_bytes():
                        came += some
                        if len(came) > largest:
                            raise PartnerRefused("Answer less.", organisation=organisation, service=service)
                finally:
                    await answer.aclose()
            said: Any = json.loads(came)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            await self._begin_anew(organisation, service, error)
            raise PartnerAway("Try again shortly.", organisation=organisation, service=service) from None
        return _object(said, answer.status_code, organisation, service)

    async def _headers(self, organisation: str, service: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {await self.tokens.token(organisation, service)}"}
        if traceparent := traceparent_of(trace.get_current_span()):
            headers["traceparent"] = traceparent
        return headers

    async def _begin_anew(self, organisation: str, service: str, error: Exception) -> None:
        """A client whose connections are all in use by nobody is no use."""
        if isinstance(error, httpx.PoolTimeout) and (client := self._clients.pop((organisation, service), None)):
            await client.aclose()

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    def _client(self, organisation: str, service: str) -> httpx.AsyncClient:
        at = (organisation, service)
        if at not in self._clients:
            self._clients[at] = httpx.AsyncClient(
                base_url=self.address(organisation, service),
                trust_env=False,
                follow_redirects=False,
                limits=CONNECTIONS,
                transport=self.network,
            )
        return self._clients[at]


def _object(said: Any, status: int, organisation: str, service: str) -> dict[str, Any]:
    """What was answered, if it is an answer."""
    if status in (408, 425, 429) or status >= 500:
        raise PartnerAway("Try again shortly.", organisation=organisation, service=service)
    if not isinstance(said, dict) or not 200 <= status < 300:
        raise PartnerRefused("Tell the operators of both.", organisation=organisation, service=service, answered=status)
    return cast(dict[str, Any], said)
