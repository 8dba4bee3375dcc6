"""Which methods an address takes, over all its routes: what the Allow of a 405 lists (RFC 9110, 15.5.6)."""

import re
from functools import cache

from fastapi import FastAPI
from starlette.routing import compile_path

from .policies import routes_of


def allowed(app: FastAPI, path: str) -> str:
    """As the header has them; the framework itself names those of the first route alone."""
    found = {method for address, methods in _addresses(app) if address.match(path) for method in methods}
    return ", ".join(sorted(found))


@cache
def _addresses(app: FastAPI) -> list[tuple[re.Pattern[str], frozenset[str]]]:
    return [(compile_path(path)[0], methods) for path, methods, _ in routes_of(app)]
