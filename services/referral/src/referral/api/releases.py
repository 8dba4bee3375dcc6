"""Releases: a person's data to whoever may have it, against a permit and with a receipt."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from referral.usecases import releases
from shared.http.examples import CASE, PERSON, shown
from shared.http.policies import releasing
from shared.http.route import Route, Service
from shared.http.views import Body, View
from shared.identity import Identity
from shared.releases.permits import Wanted
from shared.releases.routes import Releasing, add_fence
from shared.releases.words import Category, Purpose

router = APIRouter(route_class=Route, tags=["releases"])
add_fence(router)


class Disclosure(Body):
    """What is asked for: of whose case, for what, and which categories."""

    model_config = shown({"caseId": CASE, "purpose": "meeting", "categories": ["identity", "contact"]})

    case_id: UUID
    party: Annotated[str, Field(max_length=60, description="Only for a service: the party it asks for")] | None = None
    purpose: Purpose
    categories: Annotated[list[Category], Field(min_length=1, max_length=6)]


class PersonView(View):
    """What was released; categories that were not asked for are left out."""

    model_config = shown(
        {
            "personId": PERSON,
            "identity": {"type": "personnummer", "value": "199001012385"},
            "contact": {"given_name": "Kanarina", "family_name": "Fågelsson", "phone": "070-1740605"},
        }
    )

    person_id: UUID
    identity: Identity | None = None
    contact: dict[str, Any] | None = None
    language: str | None = None


@router.post("/releases", status_code=201, summary="Ask for a person's data", response_model_exclude_none=True)
@releasing
async def release_person(body: Disclosure, release: Releasing, here: Service) -> PersonView:
    """Begär ut uppgifter om en person. Only on a basis in force; never repeated: a new key is a release of its own."""
    categories = frozenset(body.categories)
    releases.require_held(categories)
    async with release.looking() as uow:
        case = await releases.open_case(uow, body.case_id)
    wanted = Wanted(
        home=case.home,
        person_id=case.person_id,
        party=release.party(body.party),
        purpose=body.purpose,
        categories=categories,
    )
    found = await release(wanted, lambda uow: releases.person(uow, here.vault, wanted.person_id, categories))
    return PersonView.model_validate(found)
