"""HTTP in. A route parses, calls one use-case and returns; rules live in domain.py."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import AwareDatetime, Field
from sqlmodel import col, select

from shared.http.desk import Wait, Waits, parked_waits
from shared.http.examples import CASE, PERSON, PLAY, RELEASE, shown
from shared.http.paging import Page, Paged
from shared.http.policies import Forbidden, operator, party, peer
from shared.http.route import Service, Transaction, routes
from shared.http.views import Body, View
from shared.releases.words import Category, Purpose

from . import usecases
from .domain import Basis, Form, NotCallable, Permit, Status, Use

router = routes("consent")

Only = Annotated[Status | None, Query(description="Only those with this status")]
BasisId = Annotated[UUID, Path(alias="basisId", description="The play that home asked for")]
LACKS = ("waiver", "consent")


class Grant(Body):
    """The person has given it: in which form, when (now, if left out), and until when (no end, if left out)."""

    model_config = shown({"form": "written", "at": "2026-11-02T13:00:00+01:00", "until": "2027-05-02T00:00:00+02:00"})

    form: Form
    at: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Answer(Body):
    """When the person said so (now, if left out)."""

    model_config = shown({"at": "2026-11-02T13:00:00+01:00"})

    at: AwareDatetime | None = None


class Side(View):
    """One of those between whom it lifts secrecy."""

    party: str
    organisation: str


class BasisView(View):
    """A consent or a waiver, without the person."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "waiver",
            "round": 1,
            "waiver": True,
            "status": "granted",
            "form": "written",
            "between": [
                {"party": "social_services", "organisation": "norrby"},
                {"party": "employment_service", "organisation": "af"},
            ],
            "givenAt": "2026-11-02T12:00:00Z",
            "until": "2027-05-01T22:00:00Z",
            "withdrawnAt": None,
            "version": 2,
        }
    )

    id: UUID
    case_id: UUID
    task: str
    round: int
    waiver: bool
    status: str
    form: str | None
    between: list[Side]
    given_at: datetime | None
    until: datetime | None
    withdrawn_at: datetime | None
    version: int


WANTED: dict[str, Any] = {
    "releaseId": RELEASE,
    "personId": PERSON,
    "purpose": "meeting",
    "from": "norrby",
    "to": "af",
    "toParty": "employment_service",
    "categories": ["identity", "contact"],
}


class WantedRelease(Body):
    """A release for which a permit is asked, under an id of the releaser's own making."""

    model_config = shown(WANTED)

    release_id: UUID
    person_id: UUID
    purpose: Purpose
    releaser: str = Field(alias="from", max_length=32)
    recipient: str = Field(alias="to", max_length=32)
    party: str = Field(alias="toParty", max_length=60)
    categories: list[Category] = Field(min_length=1, max_length=10)


class PermitsWanted(Body):
    """Releases, of which each gets a yes or a no of its own."""

    model_config = shown({"releases": [WANTED]})

    releases: list[WantedRelease] = Field(min_length=1, max_length=100)


PERMIT: dict[str, Any] = {"releaseId": RELEASE, "granted": True, "basis": PLAY, "number": 3, "lacks": []}


class PermitView(View):
    """Yes, with the basis and its next number; or no, with the kinds of basis of which one is needed."""

    model_config = shown(PERMIT)

    release_id: UUID
    granted: bool
    basis: UUID | None = None
    number: int | None = None
    lacks: tuple[str, ...] = ()


class Permits(View):
    """One answer for each release."""

    model_config = shown({"permits": [PERMIT]})

    permits: list[PermitView]


@router.get("/bases", tags=["bases"], summary="Consents and waivers you have a part in")
@party
async def list_bases(uow: Transaction, paging: Paged, status: Only = None) -> Page[BasisView]:
    """Samtycken och sekretesslättnader som din part hanterar. Newest first."""
    query = uow.visible(select(Basis), col(Basis.id))
    if status is not None:
        query = query.where(col(Basis.status) == status)
    return await BasisView.page(uow, query, col(Basis.listed), paging)


@router.get("/bases/{basisId}", tags=["bases"], summary="One consent or waiver")
@party
async def read_basis(uow: Transaction, basis_id: BasisId) -> BasisView:
    """Ett samtycke eller en sekretesslättnad. With its version as ETag."""
    return BasisView.of(await uow.get(Basis, basis_id))


@router.post("/bases/{basisId}/grants", tags=["bases"], status_code=201, summary="The person gives it")
@party
async def grant_basis(uow: Transaction, basis_id: BasisId, body: Grant) -> BasisView:
    """Personen lämnar det. A waiver only in writing; the document stays with the party that obtained it."""
    return BasisView.of(await usecases.grant(uow, basis_id, body.form, at=body.at, until=body.until))


@router.post("/bases/{basisId}/refusals", tags=["bases"], status_code=201, summary="The person does not give it")
@party
async def refuse_basis(uow: Transaction, basis_id: BasisId, body: Answer) -> BasisView:
    """Personen lämnar det inte. Home decides what follows."""
    return BasisView.of(await usecases.refuse(uow, basis_id, body.at))


@router.post("/bases/{basisId}/withdrawals", tags=["bases"], status_code=202, summary="The person withdraws it")
@party
async def withdraw_basis(uow: Transaction, basis_id: BasisId, body: Answer) -> BasisView:
    """Personen återkallar det. No permit from here; `withdrawn` once no release is under way any more."""
    return BasisView.of(await usecases.withdraw(uow, basis_id, body.at))


@router.post("/permits", tags=["permits"], status_code=201, summary="Permits to release")
@peer
async def ask_permits(uow: Transaction, here: Service, body: PermitsWanted) -> Permits:
    """Tillstånd att lämna ut. For the service that releases; good for one release each, for a minute at most.

    What a no names follows from the rules alone, never from what is known of the person.
    """
    assert uow.caller is not None
    releaser, service = uow.caller.organisation, uow.caller.service
    if any(wanted.releaser != releaser for wanted in body.releases):
        raise Forbidden("Ask for what your own organisation releases.")
    if service not in here.parties[releaser].urls:
        raise NotCallable("Put its address under urls in the organisation's file.")
    given = await usecases.permit(
        uow,
        [usecases.Wanted(**wanted.model_dump(exclude={"releaser"})) for wanted in body.releases],
        releaser=releaser,
        service=service,
    )
    return Permits(permits=[_answer(release_id, permit) for release_id, permit in given.items()])


@router.get("/cases/{caseId}/waits", tags=["operators"], summary="What a case waits for here")
@operator
async def read_waits(uow: Transaction, case_id: Annotated[UUID, Path(alias="caseId", description="The case")]) -> Waits:
    """Vad ärendet väntar på i den här tjänsten. Parked events, and releasers that have not confirmed a withdrawal."""
    query = select(Permit).join(Basis).where(Permit.case_id == case_id, Permit.status == Use.OPEN)
    permits = (await uow.session.scalars(query.where(col(Basis.withdrawn_at).is_not(None)))).all()
    unconfirmed = [
        Wait(
            what="release.fence",
            owner=permit.releaser,
            since=permit.fence_at,
            state="unconfirmed",
            sentence=f"withdrawn, one release unconfirmed by {permit.releaser}.{permit.service}",
        )
        for permit in permits
    ]
    return Waits(caseId=case_id, items=[*await parked_waits(uow, case_id), *unconfirmed])


def _answer(release_id: UUID, permit: Permit | None) -> PermitView:
    if permit is None:
        return PermitView(release_id=release_id, granted=False, lacks=LACKS)
    return PermitView(release_id=release_id, granted=True, basis=permit.basis_id, number=permit.number)
