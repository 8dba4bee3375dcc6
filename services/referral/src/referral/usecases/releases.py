"""Releases: what of a person is given to another organisation, once its receipt is certain."""

from typing import Any
from uuid import UUID

from shared.errors import Invalid
from shared.releases.words import Category
from shared.uow import UnitOfWork
from shared.vault import Vault

HELD = frozenset({Category.IDENTITY, Category.CONTACT, Category.LANGUAGE})


class NotHeldHere(Invalid):
    """Referral does not hold that about a person."""


def require_held(categories: frozenset[Category]) -> None:
    """Raises `NotHeldHere` before anybody is asked for a permit."""
    if not categories <= HELD:
        raise NotHeldHere(f"Ask referral for: {', '.join(sorted(HELD))}.")


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
