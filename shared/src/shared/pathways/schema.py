"""The published JSON Schema of definitions, with one closed form of task a kind."""

import json
from copy import deepcopy
from typing import cast

from pydantic import TypeAdapter

from shared.pathways.documents import Area, Pathway
from shared.pathways.kinds import KINDS
from shared.pathways.spelling import ID, LENGTH, TARGET

Node = dict[str, object]
_NAME: Node = {"type": "string", "pattern": ID, "maxLength": LENGTH}
_TARGET: Node = {
    "anyOf": [
        {"type": "null"},
        {"type": "string", "pattern": TARGET},
    ]
}


def schema() -> Node:
    """The JSON Schema (2020-12) of one definition file: an area or a pathway."""
    whole = cast(Node, TypeAdapter(Pathway | Area).json_schema())
    defs = cast(dict[str, Node], whole["$defs"])
    task = defs.pop("Task")
    for kind in KINDS:
        defs[f"{kind}-task"] = _task(task, kind)
    defs["Task"] = {"oneOf": [{"$ref": f"#/$defs/{kind}-task"} for kind in KINDS]}
    together = _closed({"together": {"type": "array", "items": {"$ref": "#/$defs/Task"}, "minItems": 2}}, ["together"])
    step: Node = {"anyOf": [{"$ref": "#/$defs/Task"}, together]}
    stage = cast(dict[str, Node], defs["Stage"]["properties"])
    stage["tasks"] = {"type": "array", "items": step, "minItems": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Samspår definition: an area or a pathway",
        **whole,
    }


def to_text() -> str:
    """The schema as it is published, byte for byte."""
    return json.dumps(schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _task(task: Node, kind: str) -> Node:
    """The task as written: its kind is the key of its name, and only this kind's own keys beside the common ones."""
    others = {key for each in KINDS.values() for key in each.keys} - KINDS[kind].keys
    properties = deepcopy(cast(dict[str, Node], task["properties"]))
    kept = {key: node for key, node in properties.items() if key not in others | {"kind", "name"}}
    kept["outcomes"] = {
        "anyOf": [
            {"type": "array", "items": _NAME, "minItems": 1},
            {"type": "object", "propertyNames": _NAME, "additionalProperties": _TARGET},
        ]
    }
    for key in ("after_each", "after_outcome"):
        kept[key] = {"anyOf": [_NAME, {"type": "array", "items": _NAME}]}
    return _closed({kind: _NAME, **kept}, [kind])


def _closed(properties: dict[str, Node], required: list[str]) -> Node:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


if __name__ == "__main__":
    print(to_text(), end="")
