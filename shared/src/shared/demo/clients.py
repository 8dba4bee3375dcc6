"""HTTP to the demo's services: each party with its own token, again until it is answered."""

from datetime import datetime
from typing import Any

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from shared.caller import audience_of
from shared.errors import Refused
from shared.http.policies import OPERATE

from .world import World

PATIENCE = 120.0
OPERATORS = "operations"


class NotAsTheScriptSays(Refused):
    """A service answered otherwise than the script expects."""


class _Again(Exception):
    """The service is away, or says to come again."""


class Clients:
    """Speaks to every service of a demo."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._http = httpx.AsyncClient(timeout=15, trust_env=False)

    async def post(self, service: str, path: str, body: dict[str, Any], *, party: str, key: str) -> dict[str, Any]:
        """Raises `NotAsTheScriptSays` for any answer that is not a success and will not become one."""
        headers = self._bearer(service, party) | {"Idempotency-Key": f"{self._world.run.name}-{key}"}
        return await self._ask(service, "POST", f"/{service}/v1{path}", headers, body)

    async def send(self, service: str, path: str, file: tuple[str, bytes], *, party: str, key: str) -> dict[str, Any]:
        """A file: its media type and content. Raises `NotAsTheScriptSays`, as `post` does."""
        headers = self._bearer(service, party) | {"Idempotency-Key": f"{self._world.run.name}-{key}"}
        kind, content = file
        path = f"/{service}/v1{path}"
        return await self._ask(service, "POST", path, headers | {"Content-Type": kind}, content=content)

    async def get(self, service: str, path: str, *, party: str = OPERATORS) -> dict[str, Any]:
        """As the operators of the organisation, unless a party asks."""
        return await self._ask(service, "GET", f"/{service}/v1{path}", self._bearer(service, party))

    async def flow(self, service: str) -> dict[str, Any] | None:
        """What waits there, or nothing while it is away or stalled."""
        try:
            headers = self._bearer(service, OPERATORS)
            answer = await self._http.get(f"{self._world.url(service)}/{service}/v1/flow", headers=headers)
        except httpx.TransportError:
            return None
        if answer.status_code != 200:
            return None
        said = answer.json()
        return said if said["status"] == "ok" else None

    async def move_clock(self, service: str, to: datetime) -> None:
        headers = {"X-Demo-Key": self._world.run.key}
        await self._ask(service, "PUT", "/clock", headers, {"now": to.isoformat()})

    async def close(self) -> None:
        await self._http.aclose()

    def _bearer(self, service: str, party: str) -> dict[str, str]:
        token = self._world.signer.issue(
            organisation=self._world.script.organisation_of(party),
            party=party,
            subject=f"demo-{party}",
            client_id=f"demo-{party}",
            audience=audience_of(self._world.script.organisation, service),
            scopes=[f"samspar.{service}", *([OPERATE] if party == OPERATORS else [])],
        )
        return {"Authorization": f"Bearer {token}"}

    @retry(
        retry=retry_if_exception_type(_Again),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        stop=stop_after_delay(PATIENCE),
        reraise=True,
    )
    async def _ask(
        self,
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: dict[str, Any] | None = None,
        content: bytes | None = None,
    ) -> dict[str, Any]:
        url = self._world.url(service) + path
        try:
            answer = await self._http.request(method, url, headers=headers, json=body, content=content)
        except httpx.TransportError as error:
            raise _Again from error
        if answer.status_code in (502, 503) or answer.headers.get("Retry-After"):
            raise _Again
        if not answer.is_success:
            said = answer.json()
            raise NotAsTheScriptSays(
                f"{method} {path} gave {answer.status_code}: {said.get('title')} {said.get('detail', '')}".strip(),
                code=str(said.get("code")),
            )
        return answer.json()
