"""Examples for the bodies of an API (DOK.15), made from their schemas; what a schema shows itself goes first."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

Schema = Mapping[str, Any]

REFERRAL = "0190a0b2-41c7-7d15-8f02-6be39a7d5c04"
CASE = "0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10"
PERSON = "0190a0b2-5b5e-7a90-b7c1-08d4e65f3a29"
PLAY = "5f0d8c1e-93b4-5d27-8a6f-1c7be20d4f93"
ORDER = "0190a0b3-1f62-7e08-9c4d-a5b7310fe682"
RELEASE = "0190a0b3-2a90-7b3c-8e15-f4c6d2091b7a"
"""The ids of one story: Kanarina Fågelsson, who does not exist, is referred in Norrby."""

FORMATS = {
    "uuid": "0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10",
    "date-time": "2026-11-03T08:00:00Z",
    "date": "2026-11-03",
}
WORDS = ("held", "fixed-in-1-2", "swe", "somewhere/income-support", "180 days")
"""What the patterns of the platform are met by; a pattern that none of them meets shows its own example."""

DEEPEST = 12


def shown(example: Mapping[str, Any]) -> ConfigDict:
    """The configuration of a body that shows this example, which it must take itself."""
    return ConfigDict(json_schema_extra={"examples": [dict(example)]})


class NoExample(Exception):
    """A pattern that no example here meets: give the field one of its own."""


def complete(shapes: Mapping[str, Any]) -> None:
    """Puts the nulls back that the framework takes out of the examples that models show."""
    for shape in shapes.values():
        fields = shape.get("properties", {})
        for shown_ in shape.get("examples", []):
            for name in shape.get("required", []):
                if {"type": "null"} in fields[name].get("anyOf", []):
                    shown_.setdefault(name, None)


def example(schema: Schema, shapes: Mapping[str, Schema], depth: int = 0) -> Any:
    """A value that the schema allows. Raises `NoExample`."""
    if "$ref" in schema:
        return example(shapes[str(schema["$ref"]).rpartition("/")[2]], shapes, depth + 1)
    if shown := [*schema.get("examples", []), *schema.get("enum", [])]:
        return shown[0]
    for given in ("const", "default"):
        if schema.get(given) not in (None, {}, []):
            return schema[given]
    if either := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return example(either[0], shapes, depth + 1)
    return _of_type(schema, shapes, depth)


def _of_type(schema: Schema, shapes: Mapping[str, Schema], depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, shapes, depth)
        case "array":
            return [example(schema["items"], shapes, depth + 1)] if depth < DEEPEST else []
        case "string":
            return _text(schema)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return None


def _object(schema: Schema, shapes: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    if depth > DEEPEST:
        return {}
    if properties := schema.get("properties"):
        return {name: example(each, shapes, depth + 1) for name, each in properties.items()}
    by_pattern: Mapping[str, Schema] = schema.get("patternProperties", {})
    return {_text({"pattern": name}): example(each, shapes, depth + 1) for name, each in by_pattern.items()}


def _text(schema: Schema) -> str:
    if "format" in schema:
        return FORMATS.get(schema["format"], "text")
    fewest, most = schema.get("minLength", 0), schema.get("maxLength", 1000)
    for word in WORDS:
        if fewest <= len(word) <= most and re.search(schema.get("pattern", ""), word):
            return word
    raise NoExample(f"add examples to the field with the pattern {schema.get('pattern')}")
