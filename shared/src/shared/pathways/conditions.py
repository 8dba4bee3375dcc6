"""Conditions: keys together are *and*, a list is *one of*, `any` is *or*. No arithmetic, no functions."""

from collections.abc import Callable, Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


class Not(BaseModel):
    """`{not: w}` or `{not: [w, …]}`: true also of what has no value, as a skipped task."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    words: Annotated[str | tuple[str, ...], Field(alias="not")]


Condition = TypeAliasType(
    "Condition", "dict[str, str | Not | Annotated[tuple[str | Condition, ...], Field(min_length=1)]]"
)
"""`{task: outcome, task.finding: [a, b], case.door: {not: c}, any: [{…}, {…}]}`."""


def holds(condition: Condition | None, read: Callable[[str], str | None]) -> bool:
    """Whether it is true of what `read` gives for each key; no condition is true."""
    for key, test in (condition or {}).items():
        if key == "any":
            if not any(holds(one, read) for one in _branches(test)):
                return False
            continue
        value, words = read(key), wanted(test)
        if (value in words) is isinstance(test, Not):
            return False
    return True


def atoms(condition: Condition | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every key it reads, with the values it compares with."""
    for key, test in (condition or {}).items():
        if key == "any":
            for one in _branches(test):
                yield from atoms(one)
        else:
            yield key, wanted(test)


def wanted(test: "str | Not | tuple[str | Condition, ...]") -> tuple[str, ...]:
    """The values a test names."""
    if isinstance(test, Not):
        return wanted(test.words)
    if isinstance(test, str):
        return (test,)
    return tuple(word for word in test if isinstance(word, str))


def _branches(test: "str | Not | tuple[str | Condition, ...]") -> "list[Condition]":
    if isinstance(test, str | Not):
        return []
    return [one for one in test if not isinstance(one, str)]
