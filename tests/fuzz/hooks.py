"""What schemathesis loads: whose token each request has, ids that exist, and a check that nothing sent comes back."""

import atexit
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4
from zlib import crc32

import schemathesis

from .echo import echoes

PLACE = Path(os.environ["FUZZ_PLACE"])
SERVICE = os.environ["FUZZ_SERVICE"]
COUNTED = PLACE.with_name(f"{SERVICE}-counted.json")
UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
HOME, PATHWAY = "bengtsfors", "bengtsfors/income-support"
KINDS = {
    "meetingId": "meetings",
    "orderId": "interpreter-orders",
    "itemId": "agendas",
    "assessmentId": "assessments",
    "decisionId": "decisions",
    "planId": "plans",
    "activityId": "activities",
    "deviationId": "deviations",
    "basisId": "bases",
    "referralId": "referrals",
    "answerId": "answers",
    "roleId": "roles",
    "documentId": "booking-documents",
}
WHOSE = {"/permits": "service", "/fence": "service", "/returns": "receiver"}
"""Whose move it is; of all else the sender's."""


class Known:
    """The newest of what the world wrote: tokens, which change every two minutes, and ids."""

    def __init__(self) -> None:
        self._written = 0.0
        self._said: dict[str, Any] = {}

    @property
    def said(self) -> dict[str, Any]:
        if (written := PLACE.stat().st_mtime) != self._written:
            self._said, self._written = json.loads(PLACE.read_bytes()), written
        return self._said

    def token(self, path: str, chance: int) -> str:
        """Mostly of whoever may do that, now and then of another."""
        tokens = cast(dict[str, str], self.said["tokens"][SERVICE])
        meant = next((role for end, role in WHOSE.items() if path.endswith(end)), "sender")
        others = sorted(tokens)
        return tokens[meant if chance % 8 else others[chance // 8 % len(others)]]

    def id(self, name: str, chance: int) -> str | None:
        """One that exists, of that kind; a name that says no kind gets one of any."""
        ids = cast(dict[str, list[str]], self.said["ids"])
        kind = KINDS.get(name, name)
        found = ids.get(kind) or ids.get("id", [])
        return found[chance % len(found)] if found and chance % 8 else None


known = Known()
words: dict[str, frozenset[str]] = {}
counted: Counter[str] = Counter()


@atexit.register
def write_counts() -> None:
    """`POST /meetings 201` -> how often."""
    COUNTED.write_text(json.dumps(counted), encoding="utf-8")


def _chance(case: Any) -> int:
    """The same for the same request, so that what failed fails again."""
    said = repr((case.method, case.path, case.path_parameters, case.query, case.body, case.headers))
    return crc32(said.encode(errors="replace"))


@schemathesis.auth(refresh_interval=None)  # pyright: ignore[reportUnknownMemberType] -- partly untyped, as all of it
class Tokens:
    """A bearer token with each request; a check takes it away to see whether that is noticed."""

    def get(self, case: Any, _: Any) -> str:
        return known.token(case.operation.path, _chance(case))

    def set(self, case: Any, data: str, _: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] -- as above
def before_call(_: Any, case: Any, **__: Any) -> None:
    chance = _chance(case)
    for name, value in dict(case.path_parameters or {}).items():
        if isinstance(value, str) and UUIDS.fullmatch(value):
            case.path_parameters[name] = known.id(name, chance) or value
    if chance % 2 and "pathway" in (case.query or {}):
        case.query["pathway"] = [PATHWAY]
    if isinstance(case.body, dict):
        sent = _shown(case) if chance % 4 == 1 else cast(dict[str, Any], case.body)
        case.body = _meant(sent, case.operation.path, chance)
    headers = case.headers
    if headers is None:
        return
    if re.fullmatch(r"[!-~]{1,255}", str(headers.get("Idempotency-Key", ""))) and chance % 16 and not _spoilt(case):
        headers["Idempotency-Key"] = str(uuid4())
    if case.method == "POST" and "If-Match" in headers and chance % 8:
        del headers["If-Match"]


def _shown(case: Any) -> dict[str, Any]:
    """What the description shows as an example, as of now."""
    described: Any = case.operation.schema.raw_schema["paths"][case.operation.path][case.operation.method.lower()]
    shown = described["requestBody"]["content"]["application/json"]["examples"]["example"]["value"]
    return {name: value for name, value in json.loads(json.dumps(shown)).items() if name != "at"}


def _spoilt(case: Any) -> bool:
    """A header is meant to be wrong in this request."""
    parts: dict[Any, Any] = case.meta.components if case.meta else {}
    return any(str(part.mode).endswith("negative") for name, part in parts.items() if str(name).endswith("header"))


def _meant(body: dict[str, Any], path: str, chance: int) -> dict[str, Any]:
    """The body with ids that exist; every other referral is one that could come in."""
    meant = {name: _real(name, value, chance) for name, value in body.items()}
    if path.endswith("/referrals") and chance % 2 and isinstance(body.get("person"), dict):
        identity = {"type": "reserve", "value": f"2026R{chance % 1_000_000:06}"}
        meant |= {"pathway": PATHWAY, "door": "application", "asks": {}, "dates": {}}
        meant |= {"attests": ["entitled_to_income_support", "no_other_activity"]}
        meant["person"] = {**body["person"], "identity": identity}
    return meant


def _real(name: str, value: Any, chance: int) -> Any:
    if isinstance(value, list) and chance % 2:
        return [_own(each, chance) for each in cast(list[Any], value)]
    if isinstance(value, str) and name.endswith("Id") and UUIDS.fullmatch(value):
        return known.id(name, chance) or value
    return cast(Any, value)


def _own(part: Any, chance: int) -> Any:
    """A release that is asked for, by the organisation that releases."""
    if not isinstance(part, dict):
        return part
    known_ = {name: _real(name, value, chance) for name, value in cast(dict[str, Any], part).items()}
    return known_ | ({"from": HOME} if isinstance(known_.get("from"), str) else {})


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] -- as above
def after_call(_: Any, case: Any, response: Any) -> None:
    described = case.method.upper() == case.operation.method.upper()
    counted[f"{case.method} {case.operation.path if described else '*'} {response.status_code}"] += 1


@schemathesis.check
def nothing_sent_comes_back(_: Any, response: Any, case: Any) -> None:
    """No word of the sender's own stands in an error: neither a number nor a name, wherever it was sent."""
    if response.status_code < 400:
        return
    if SERVICE not in words:
        words[SERVICE] = frozenset(re.findall(r"\w{4,}", json.dumps(case.operation.schema.raw_schema)))
    sent = [*_leaves(case.body), *_leaves(case.query), *_leaves(case.path_parameters), *_leaves(case.headers)]
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    found = echoes(sent, response.text + json.dumps(headers), words[SERVICE])
    assert not found, f"the error repeats what was sent: {found[:3]}"


def _leaves(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in cast(dict[str, Any], part).items():
            yield str(name)
            yield from _leaves(value)
    elif isinstance(part, list):
        for each in cast(list[Any], part):
            yield from _leaves(each)
    elif isinstance(part, (str, int)) and not isinstance(part, bool):
        yield str(part)
