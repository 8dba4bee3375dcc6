"""Releases: what of a person is given to another organisation, once its receipt is certain."""

from typing import Any
from uuid import UUID

from referral.domain.cases import Case
from shared.errors import Invalid, Refused
from shared.releases.words import Category
from shared.uow import UnitOfWork
from shared.vault import Vault

HELD = frozenset({Category.IDENTITY, Category.CONTACT, Category.LANGUAGE})


class Ended(Refused):
    """The case has ended, and nothing more is released in it."""


class NotHeldHere(Invalid):
    """Referral does not hold that about a person."""


def require_held(categories: frozenset[Category]) -> None:
    """Raises `NotHeldHere` before anybody is asked for a permit."""
    if not categories <= HELD:
        raise NotHeldHere(f"Ask referral for: {', '.join(sorted(HELD))}.")


async def open_case(uow: UnitOfWork, case_id: UUID) -> Case:
    """The case, while it goes on. Raises `Ended`."""
    case = await uow.get(Case, case_id)
    if case.closed_at is not None:
        raise Ended("What is needed afterwards is asked for in a case of its own.")
    return case


async def person(uow: UnitOfWork, vault: Vault, person_id: UUID, categories: frozenset[Category]) -> dict[str, Any]:
    """What the categories name, and nothing else."""
    contact = await vault.get(uow.session, person_id, "contact") or {}
    language = contact.pop("language", None)
    found: dict[str, Any] = {"person_id": person_id}
    if Category.IDENTITY in categories:
        found["identity"] = await vault.identity(uow.session, person_id)
    if Category.CONTACT in categories:
        found["contact"] = contact
    if Category.LANGUAGE in categories:
        found["language"] = language
    return found
