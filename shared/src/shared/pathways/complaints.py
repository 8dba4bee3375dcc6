"""What is wrong with the form of a definition, in sentences of the grammar's own, each at the line it is about."""

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError

from shared.pathways.kinds import KINDS
from shared.pathways.source import Finding, Source, type_path
from shared.pathways.spelling import AGES, ID, PATHWAY_ID, SPELT, TARGET, Miswritten, meant

_SHAPES = {
    "string_type": ("is not text", "Write one word or text, in quotes if need be."),
    "int_type": ("is not a number", "Write a whole number."),
    "int_parsing": ("is not a number", "Write a whole number."),
    "bool_type": ("is neither true nor false", "Write true or false."),
    "bool_parsing": ("is neither true nor false", "Write true or false."),
    "datetime_type": ("is not a time", "Write it as 2026-03-02 09:00."),
    "datetime_parsing": ("is not a time", "Write it as 2026-03-02 09:00."),
    "datetime_from_date_parsing": ("is not a time", "Write it as 2026-03-02 09:00."),
    "tuple_type": ("is not a list", "Write [one, two]."),
    "list_type": ("is not a list", "Write [one, two]."),
    "too_short": ("has nothing in it", "Write at least one."),
    "string_too_short": ("is empty", "Write its words."),
    "dict_type": ("is not a table", "Write {key: value}."),
    "model_type": ("is not a table", "Write {key: value}."),
    "model_attributes_type": ("is not a table", "Write {key: value}."),
}
_PATTERNS = {
    ID: ("is not a name", f"Write {SPELT}."),
    TARGET: ("leads nowhere", "Write `end X`, `back to S` or `~`."),
    AGES: ("is not a span of ages", "Write 18-64, or 16- for no upper age."),
    PATHWAY_ID: ("is not <area>/<name>", f"Write each with {SPELT}."),
}
_CONDITION = "Write {task: outcome}, {task.finding: [one, other]} or {case.door: name}."


def complaints(
    error: ValidationError, source: Source, path: type_path, document: type[BaseModel] | None = None
) -> list[Finding]:
    """One finding for each part of the file that the grammar cannot read; `path`: where what was read stands.

    `document`: what the file holds, if not a definition.
    """
    keys = frozenset(_of(document, set())) if document else _keys()
    found: dict[type_path, Finding] = {}
    for each in error.errors(include_url=False, include_input=False):
        where, data = _place(source.data, (*path, *each["loc"]))
        if each["type"] == "missing":
            where = _place(source.data, (*path, *each["loc"][:-1]))[0]
        wrong = each.get("ctx", {}).get("error")
        if isinstance(wrong, Miswritten) and wrong.key:
            where = (*where, wrong.key)
        message, remedy = _told(cast(dict[str, Any], each), where, data, keys)
        key = (*where, message) if each["type"] == "missing" else where
        found.setdefault(key, source.finding(where, message, remedy))
    return list(found.values())


def _told(error: dict[str, Any], where: type_path, data: object, keys: frozenset[str]) -> tuple[str, str]:
    kind, context = str(error["type"]), cast(dict[str, Any], error.get("ctx", {}))
    word = next((str(part) for part in reversed(where) if isinstance(part, str)), "the file")
    if kind == "missing":
        return f"'{error['loc'][-1]}' is missing.", "Write it."
    if kind == "extra_forbidden":
        return f"'{word}' is not a key here.", f"{meant(word, keys)}Take it away, or check its spelling."
    if isinstance(wrong := context.get("error"), Miswritten):
        return wrong.message, wrong.remedy
    if "when" in where or "joins_if" in where:
        return f"'{word}' is not a condition that can be read.", _CONDITION
    said = data not in ("", None) and isinstance(data, str | int) and not isinstance(data, bool)
    shown = f"'{data}' at '{word}'" if said else f"'{word}'"
    if data is None and kind in _SHAPES:
        return f"'{word}' is empty.", "Write its value, or take the key away."
    if kind == "literal_error":
        return f"{shown} is not known.", f"It can be {context['expected']}."
    if kind == "string_too_long":
        return f"{shown} is too long.", f"Write {SPELT}."
    if kind == "string_pattern_mismatch":
        says, remedy = _PATTERNS.get(context["pattern"], ("is not written so", f"It looks like {context['pattern']}."))
        return f"{shown} {says}.", remedy
    if kind in _SHAPES:
        says, remedy = _SHAPES[kind]
        return f"{shown} {says}.", remedy
    return f"At '{word}': {str(error['msg']).removeprefix('Value error, ')}.", "Write it as the grammar says."


def _place(data: object, loc: type_path) -> tuple[type_path, object]:
    """Where in the file a complaint is about, and what stands there: a task's name is its kind's value there."""
    path: type_path = ()
    here = data
    for part in loc:
        if isinstance(here, dict):
            written = cast(dict[str, object], here)
            key = next((kind for kind in KINDS if kind in written), part) if part == "name" else part
            if key in written:
                path, here = (*path, key), written[str(key)]
            elif "together" in written and isinstance(part, int):
                path, here = _nth((*path, "together"), written["together"], part)
        elif isinstance(part, int):
            path, here = _nth(path, here, part)
    return path, cast(object, here)


def _nth(path: type_path, data: object, n: int) -> tuple[type_path, object]:
    items = cast(list[object], data) if isinstance(data, list) else []
    return ((*path, n), items[n]) if n < len(items) else (path, cast(object, data))


@cache
def _keys() -> frozenset[str]:
    """Every key of the grammar."""
    from shared.pathways.documents import Area, Pathway

    return frozenset({*KINDS, *_of(Area, set()), *_of(Pathway, set())})


def _of(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    seen.add(model)
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in _models(field.annotation):
            if inner not in seen:
                yield from _of(inner, seen)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not get_args(annotation):
        if issubclass(annotation, BaseModel):
            yield annotation
    elif get_origin(annotation) in (dict, tuple, list, Union, types.UnionType, Mapping):
        for each in get_args(annotation):
            yield from _models(each)
