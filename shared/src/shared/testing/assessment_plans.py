"""Plans in tests: written and signed over HTTP, as a party's system does it."""

from typing import Any, Protocol
from uuid import UUID

import httpx


class Asked(Protocol):
    """What was asked for, by its play."""

    @property
    def play(self) -> UUID: ...


def step(activity: str = "practice", hours: int = 20, **said: Any) -> dict[str, Any]:
    """One step of a plan, of the participant's, from Monday on unless said otherwise."""
    return {"activity": activity, "party": "participant", "starts": "2026-11-02", "weeklyHours": hours} | said


async def write(client: httpx.AsyncClient, request: Asked, *steps: dict[str, Any], **said: Any) -> httpx.Response:
    """A version with these steps, or with one."""
    return await client.post(f"/plans/{request.play}/revisions", json={"steps": list(steps) or [step()], **said})


async def sign(client: httpx.AsyncClient, request: Asked, revision: int = 1, **said: Any) -> httpx.Response:
    """The client's party signs, or takes in the signature of the `signer` said."""
    return await client.post(f"/plans/{request.play}/signatures", json={"revision": revision, **said})


async def sign_for(client: httpx.AsyncClient, request: Asked, revision: int = 1, **said: Any) -> httpx.Response:
    """The client's party takes in the participant's signature, on paper."""
    return await sign(client, request, revision, **{"signer": "participant", "manner": "paper"} | said)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Its status, and which rule refused it."""
    return answer.status_code, answer.json()["code"].removeprefix("sender/")
