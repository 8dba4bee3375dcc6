"""One case of bad input, and what is asserted of every one: a clear problem, and nothing lost, kept or repeated."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from shared.errors import Fault, Refused
from shared.testing.spans import Spans

from .town import Town

SENTENCE = re.compile(r"[A-Z].*[.:]", re.DOTALL)
GENERAL = {"sender/invalid"} | {f"sender/http-{status}" for status in (400, 404, 405, 413, 415)}
"""Codes of what no rule of ours refused."""

Send = Callable[[Town], Awaitable[httpx.Response]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is sent, and how it is refused. `pointers`: the fields that the problem names."""

    what: str
    status: int
    code: str
    remedy: str
    send: Send
    pointers: tuple[str, ...] | None = None


async def assert_refused(town: Town, case: Case) -> dict[str, Any]:
    """The whole of what a case promises. Returns the problem."""
    spans = Spans()
    before = await town.counts()
    answer = await case.send(town)
    said = assert_problem(answer, case.status, case.code)
    assert said["detail"] == case.remedy
    if case.pointers is not None:
        assert tuple(each["pointer"] for each in said["errors"]) == case.pointers
    assert_traced(answer, said, spans)
    await town.platform.quiet()
    assert await town.counts() == before, "something was kept"
    town.assert_silent(answer.text + json.dumps(dict(answer.headers)), "the answer")
    town.assert_silent(spans.text(), "the spans")
    town.assert_nowhere()
    return said


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """RFC 9457 with our code: who failed, and one sentence that says what to do."""
    said = answer.json()
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"https://samspar.example/problems/{code}"
    assert code in known_codes()
    assert code.partition("/")[0] in set(Fault)
    assert SENTENCE.fullmatch(said["title"])
    assert SENTENCE.fullmatch(said["detail"])
    return said


def assert_traced(answer: httpx.Response, said: dict[str, Any], spans: Spans) -> None:
    """The trace is in the answer, is the problem's instance, and is that of one span."""
    _, trace, _, _ = answer.headers["traceparent"].split("-")
    assert said["instance"] == f"urn:trace:{trace}"
    codes = [(span.attributes or {}).get("http.response.status_code") for span in spans.ended]
    assert codes.count(answer.status_code) == 1, codes


def known_codes() -> set[str]:
    """Every code that a rule of the platform can have; the town has imported the services."""
    return GENERAL | {kind.__new__(kind).code for kind in _kinds(Refused)}


def _kinds(of: type[Refused]) -> Iterator[type[Refused]]:
    for kind in of.__subclasses__():
        yield kind
        yield from _kinds(kind)
