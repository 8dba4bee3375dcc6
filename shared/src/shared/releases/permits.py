"""Asks the consent service of a case's home for a permit. No answer, or one that cannot be read, is a no."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.errors import Fault, Refused, Unavailable
from shared.partners import Partners

from .words import Category, Purpose

log = logging.getLogger(__name__)

PATIENCE: Final = 2.0
"""Seconds within which a permit must have come."""


class NoBasis(Refused):
    """No consent or waiver in force covers this release."""

    status = 403
    fault = Fault.CONSENT


class PermitUnknown(Unavailable):
    """The consent service gave no permit in time, so nothing is released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a party wants released about a person in a case of `home`."""

    home: str
    person_id: UUID
    party: str
    purpose: Purpose
    categories: frozenset[Category]


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to release once, under this release id: the basis and the number it gave."""

    release_id: UUID
    basis: UUID
    number: int


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)

    release_id: UUID
    granted: bool
    basis: UUID | None = None
    number: int | None = None
    lacks: list[str] = []


class _Answers(BaseModel):
    permits: list[_Answer]


async def ask_permit(partners: Partners, wanted: Wanted, release_id: UUID, *, releaser: str, recipient: str) -> Permit:
    """Raises `NoBasis` for a no, `PermitUnknown` if it cannot be known within two seconds."""
    asked = {
        "releaseId": str(release_id),
        "personId": str(wanted.person_id),
        "purpose": wanted.purpose,
        "from": releaser,
        "to": recipient,
        "toParty": wanted.party,
        "categories": sorted(wanted.categories),
    }
    try:
        async with asyncio.timeout(PATIENCE):
            said = await partners.post(
                wanted.home, "consent", "/permits", {"releases": [asked]}, seconds=PATIENCE, key=release_id
            )
        answer = _read(said, release_id)
    except (Refused, TimeoutError, ValueError) as error:
        log.warning("no permit: %s", error.code if isinstance(error, Refused) else type(error).__name__)
        raise PermitUnknown(
            "Ask again when the consent service of the case's home answers.", home=wanted.home
        ) from None
    if not answer.granted or answer.basis is None or answer.number is None:
        lacks = ", ".join(word for word in ("waiver", "consent") if word in answer.lacks)
        raise NoBasis("Obtain one, then ask again.", lacks=lacks)
    return Permit(release_id, answer.basis, answer.number)


def _read(said: object, release_id: UUID) -> _Answer:
    """The answer to this one release. Raises ValueError."""
    (answer,) = _Answers.model_validate(said).permits
    if answer.release_id != release_id:
        raise ValueError("an answer to another release")
    return answer
