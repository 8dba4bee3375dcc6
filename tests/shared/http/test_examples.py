"""What an API shows as an example is true: its own model takes it, and it is nobody else's."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from pydantic import BaseModel

from shared.http.views import Body, View
from shared.installed import names, service
from shared.testing.apps import FIVE, Platform

NUMBERS = {"199001012385"}
"""Test numbers of the Tax Agency's, and the only ones that are shown."""


def kinds(of: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def models() -> dict[str, type[BaseModel]]:
    """Every body and view of the five services, by name."""
    for name in names():
        service(name)
    found = (*kinds(Body), *kinds(View))
    own = [kind for kind in found if kind.__module__.split(".")[0] in FIVE]
    return {f"{kind.__module__}.{kind.__name__}": kind for kind in own}


def shown(kind: type[BaseModel]) -> list[Any]:
    extra = cast(dict[str, Any], kind.model_config.get("json_schema_extra") or {})
    return list(extra.get("examples", []))


@pytest.mark.parametrize("name", models())
def test_a_model_takes_its_own_example(name: str):
    kind = models()[name]
    for example in shown(kind):
        read = kind.model_validate(example)
        known = read.model_dump(mode="json", by_alias=True)
        assert example.keys() <= known.keys(), "it shows what there is not"
        assert not issubclass(kind, View) or example.keys() >= required(kind), "it hides what there is"


def required(kind: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in kind.model_fields.items() if field.is_required()}


@pytest.mark.parametrize("name", models())
def test_an_example_is_not_its_parent_s(name: str):
    kind = models()[name]
    own = set(kind.model_fields) - {field for base in kind.__bases__ for field in getattr(base, "model_fields", {})}
    inherited = any(shown(kind) == shown(base) for base in kind.__bases__ if issubclass(base, BaseModel))
    assert not (shown(kind) and inherited and own), "it has fields more, and shows the example without"


@pytest.mark.parametrize("name", FIVE)
async def test_every_body_that_is_sent_and_every_row_that_is_listed_shows_one_of_its_own(platform: Platform, name: str):
    """And none is made up from a pattern."""
    schema = (await platform.start("norrby", name)).app.openapi()
    shapes = schema["components"]["schemas"]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parts = [
                operation.get("requestBody", {}),
                operation["responses"].get("200", {}),
                operation["responses"].get("201", {}),
            ]
            for content in [part.get("content", {}).get("application/json", {}) for part in parts]:
                shape = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                if not shape or shape in ("Feed", "Waits"):
                    continue
                shape = items(shapes, shape)
                if is_own(shape):
                    assert "examples" in shapes[shape], (method, path, shape)


def is_own(shape: str) -> bool:
    """Of the service itself; the kit's are shown by the kit."""
    return any(name.endswith(f".{shape}") for name in models())


def items(shapes: dict[str, Any], shape: str) -> str:
    """A list's rows; what wraps them shows them."""
    rows = shapes[shape].get("properties", {}).get("items", {}).get("items", {})
    return str(rows["$ref"]).rpartition("/")[2] if "$ref" in rows and "examples" not in shapes[shape] else shape


def test_nobody_is_shown_who_could_be_somebody():
    for name, kind in models().items():
        said = str(shown(kind))
        digits = {word.strip("'\"") for word in said.split() if sum(map(str.isdigit, word)) == 12 and "-" not in word}
        assert {word.strip(",}]'") for word in digits} <= NUMBERS, name
