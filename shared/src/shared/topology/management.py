"""RabbitMQ's management API, as far as the topology needs it: users, permissions and what AMQP cannot list."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from .plan import TopologyWrong, User

NOT_FOUND = 404
CONFIGURE_NOTHING = READ_NOTHING = "^$"


class Management:
    """One broker's administration, for one virtual host."""

    def __init__(self, client: httpx.AsyncClient, vhost: str) -> None:
        self._client = client
        self._vhost = vhost

    async def bindings(self, exchange: str) -> set[tuple[str, str]]:
        """(queue, pattern) of everything bound to an exchange; none if there is no such exchange."""
        found = await self._get("exchanges", exchange, "bindings", "source")
        return {(row["destination"], row["routing_key"]) for row in found or ()}

    async def queues(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in await self._get("queues") or ()}

    async def users(self) -> dict[str, list[str]]:
        """Every user of the broker and its tags."""
        return {row["name"]: list(row["tags"]) for row in await self._call("GET", "users")}

    async def make_user(self, user: User, password: str) -> None:
        await self._call("PUT", "users", user.name, body={"password": password, "tags": ""})

    async def drop_user(self, name: str) -> None:
        """With its connections, since a broker remembers for a while what a connection may do."""
        for row in await self._call("GET", "connections"):
            if row.get("user") == name:
                await self._call("DELETE", "connections", row["name"])
        await self._call("DELETE", "users", name)

    async def permit(self, user: User) -> None:
        """Least privilege, and a routing key in its own name on every exchange it writes to."""
        rights = {"configure": CONFIGURE_NOTHING, "write": user.write, "read": user.read}
        await self._call("PUT", "permissions", self._vhost, user.name, body=rights)
        for exchange, pattern in user.topics.items():
            topic = {"exchange": exchange, "write": pattern, "read": READ_NOTHING}
            await self._call("PUT", "topic-permissions", self._vhost, user.name, body=topic)

    async def rights(self) -> dict[str, tuple[str, str, str]]:
        """(configure, write, read) by user."""
        rows = await self._call("GET", "vhosts", self._vhost, "permissions")
        return {row["user"]: (row["configure"], row["write"], row["read"]) for row in rows}

    async def topics(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(write, read) by user and exchange."""
        rows = await self._call("GET", "vhosts", self._vhost, "topic-permissions")
        return {(row["user"], row["exchange"]): (row["write"], row["read"]) for row in rows}

    async def _get(self, kind: str, *path: str) -> Any:
        return await self._call("GET", kind, self._vhost, *path)

    async def _call(self, method: str, *path: str, body: object = None) -> Any:
        """The JSON it answers; None for what is not there. Raises `TopologyWrong`."""
        address = "/api/" + "/".join(quote(part, safe="") for part in path)
        try:
            response = await self._client.request(method, address, json=body)
        except httpx.HTTPError as error:
            raise TopologyWrong("Check the management URL; nothing answers there.") from error
        if response.status_code == NOT_FOUND:
            return None
        if response.is_error:
            raise TopologyWrong(f"Give an administrator's credentials; {method} {path[0]} was refused.")
        return response.json() if response.content else None


@asynccontextmanager
async def management(url: str, vhost: str) -> AsyncGenerator[Management]:
    """`url` as `https://administrator:password@host:15671`."""
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
        yield Management(client, vhost)
