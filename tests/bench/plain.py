"""asyncpg, which ships no types: connections and pools as whatever they are."""

from importlib import import_module
from typing import Any

_asyncpg: Any = import_module("asyncpg")


async def connected(url: str) -> Any:
    """A connection that plans each statement anew, since a plan made for an empty table is a trap."""
    return await _asyncpg.connect(url, server_settings={"plan_cache_mode": "force_custom_plan"})


async def pooled(url: str, size: int) -> Any:
    """A pool of so many."""
    return await _asyncpg.create_pool(url, min_size=size, max_size=size)
