"""Cases as home plays them: what they wait for, and the receiver's word."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from sqlmodel import col, select

from referral.domain.cases import Case
from referral.usecases import cases
from shared.http.desk import Wait, Waits, parked_waits
from shared.http.examples import CASE, REFERRAL, shown
from shared.http.paging import Page, Paged
from shared.http.policies import operator, party
from shared.http.route import Route, Service, Transaction
from shared.http.views import Body, View
from shared.pathways import say, waits
from shared.pathways.spelling import Id

from .parts import PlayedAt

router = APIRouter(route_class=Route, tags=["cases"])

CaseId = Annotated[UUID, Path(alias="caseId", description="The case")]


class Return(Body):
    """Why the referral is sent back: one of the pathway's reasons."""

    model_config = shown({"reason": "wrong_receiver"})

    reason: Id


ONE: dict[str, Any] = {
    "id": CASE,
    "referralId": REFERRAL,
    "pathway": "norrby/first-steps",
    "pathwayVersion": 1,
    "openedAt": "2026-11-02T08:00:00Z",
    "closedAt": None,
    "ending": None,
    "version": 4,
}


class CaseView(View):
    """A case, without anybody in it."""

    model_config = shown(ONE)

    id: UUID
    referral_id: UUID
    pathway: str
    pathway_version: int
    opened_at: datetime | None
    closed_at: datetime | None
    ending: str | None
    version: int


class OneCase(CaseView):
    """With the other cases of the same person, where the caller is the receiver of both."""

    model_config = shown(ONE | {"samePerson": ["0190a0c4-7a10-7e2b-8d41-5b9c03f1a6d2"]})

    same_person: list[UUID]


@router.get("/cases", summary="Cases you have a part in")
@party
async def list_cases(uow: Transaction, paging: Paged) -> Page[CaseView]:
    """De ärenden som din part har del i. Newest first."""
    return await CaseView.page(uow, uow.visible(select(Case), col(Case.id)), col(Case.id), paging)


@router.get("/cases/{caseId}", summary="One case")
@party
async def read_case(uow: Transaction, here: Service, case_id: CaseId) -> OneCase:
    """Ett ärende. With its version as ETag; the receiver sees which other cases are of the same person."""
    case = await uow.get(Case, case_id)
    same_person = await cases.of_the_same_person(uow, here.vault, case)
    return OneCase(**CaseView.of(case).model_dump(by_alias=False), same_person=same_person)


@router.post("/cases/{caseId}/returns", status_code=201, summary="Send the referral back")
@party
async def return_referral(uow: Transaction, home: PlayedAt, case_id: CaseId, body: Return) -> CaseView:
    """Återsänd remissen med skäl. For the receiver, until what was asked has begun."""
    return CaseView.of(await home.give_back(uow, case_id, body.reason))


@router.get("/cases/{caseId}/waits", tags=["operators"], summary="What a case waits for")
@operator
async def read_waits(uow: Transaction, home: PlayedAt, case_id: CaseId) -> Waits:
    """Vad ärendet väntar på. What home waits for, of whom, by when; and what is parked here."""
    case = await uow.session.get(Case, case_id)
    found = await parked_waits(uow, case_id)
    if case is None:
        return Waits(caseId=case_id, items=found)
    score = await home.repertoire.pinned(uow, case.sha256)
    file = case.casefile()
    mine = [
        Wait(
            what=f"{each.task}.{each.reach}",
            owner=each.owner,
            due=each.due,
            since=each.since,
            state="late" if each.missed else "open",
            sentence=f"{each.party}: {score.word(each.task, 'en')}, {score.word(each.reach, 'en')}"
            + (f"; {score.word(each.noted, 'en')}" if each.noted else ""),
            kind=each.kind,
            play=each.play,
        )
        for each in waits(score, file)
    ]
    sentences = {"sv": say(score, file, "sv"), "en": say(score, file, "en")}
    return Waits(caseId=case_id, items=[*mine, *found], sentences=sentences)
