"""Referrals in, and what became of them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field
from sqlmodel import col, select

from referral.domain.referrals import Referral
from referral.usecases import intake
from shared.http.examples import CASE, PERSON, REFERRAL, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Service, Transaction
from shared.http.views import Body, View
from shared.identity import Identity
from shared.pathways.spelling import Id, PathwayName

from .parts import PlayedAt

router = APIRouter(route_class=Route, tags=["referrals"])

ReferralId = Annotated[UUID, Path(alias="referralId", description="The referral")]

Line = Annotated[str, Field(min_length=1, max_length=200)]


class Contact(Body):
    """How the person is called and reached. Kept encrypted; never in an event."""

    given_name: Line
    family_name: Line
    phone: Line | None = None
    email: Line | None = None
    address: Line | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{3}$", description="ISO 639-3")] | None = None


class Person(Body):
    """Who is referred."""

    identity: Identity
    contact: Contact


class NewReferral(Body):
    """A referral of one person to one pathway, by one of its doors."""

    model_config = shown(
        {
            "pathway": "norrby/first-steps",
            "door": "application",
            "person": {
                "identity": {"type": "personnummer", "value": "199001012385"},
                "contact": {
                    "givenName": "Kanarina",
                    "familyName": "Fågelsson",
                    "phone": "070-1740605",
                    "language": "som",
                },
            },
            "attests": ["entitled_to_income_support", "no_other_activity"],
        }
    )

    pathway: PathwayName
    door: Id
    person: Person
    attests: Annotated[
        list[Id], Field(max_length=20, default_factory=list, description="What the referrer vouches for")
    ]
    asks: Annotated[
        dict[Id, Id], Field(max_length=20, default_factory=dict, description="Answers to the pathway's questions")
    ]
    dates: Annotated[dict[Id, date], Field(max_length=10, default_factory=dict, description="The pathway's anchors")]


class ReferralView(View):
    """What became of a referral; nobody is in it."""

    model_config = shown(
        {
            "id": REFERRAL,
            "caseId": CASE,
            "personId": PERSON,
            "pathway": "norrby/first-steps",
            "pathwayVersion": 1,
            "door": "application",
            "status": "opened",
            "reason": None,
            "ending": None,
            "receivedAt": "2026-11-02T08:00:00Z",
            "version": 2,
        }
    )

    id: UUID
    case_id: UUID
    person_id: UUID
    pathway: str
    pathway_version: int
    door: str
    status: str
    reason: str | None
    ending: str | None
    received_at: datetime
    version: int


def sent_of(body: NewReferral) -> intake.Sent:
    """The body as intake takes it."""
    return intake.Sent(
        pathway=body.pathway,
        door=body.door,
        identity=body.person.identity,
        contact=body.person.contact.model_dump(exclude_none=True),
        attests=set(body.attests),
        asks=dict(body.asks),
        dates=dict(body.dates),
    )


@router.post("/referrals", status_code=201, summary="Refer a person")
@party
async def receive_referral(
    uow: Transaction, here: Service, home: PlayedAt, body: NewReferral, response: Response
) -> ReferralView:
    """Remittera en person. The entry rules of the pathway decide; the answer holds ids and states only."""
    assert uow.caller is not None
    referral = await intake.receive(uow, home.repertoire, here.vault, uow.caller, sent_of(body))
    response.headers["Location"] = f"{here.settings.url}/referral/v1/referrals/{referral.id}"
    return ReferralView.of(referral)


@router.get("/referrals", summary="Your referrals")
@party
async def list_referrals(uow: Transaction, paging: Paged) -> Page[ReferralView]:
    """De remisser som din part har skickat. Newest first."""
    return await ReferralView.page(uow, uow.visible(select(Referral), col(Referral.id)), col(Referral.id), paging)


@router.get("/referrals/{referralId}", summary="What became of a referral")
@party
async def read_referral(uow: Transaction, referral_id: ReferralId) -> ReferralView:
    """Vad det blev av remissen. With its version as ETag."""
    return ReferralView.of(await uow.get(Referral, referral_id))


@router.post("/referrals/{referralId}/withdrawals", status_code=201, summary="Take a referral back")
@party
async def withdraw_referral(uow: Transaction, referral_id: ReferralId) -> ReferralView:
    """Återta remissen. For its sender, until it is over."""
    return ReferralView.of(await intake.withdraw(uow, referral_id))
