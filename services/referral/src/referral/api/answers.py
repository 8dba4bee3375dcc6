"""Answers that a party owes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AwareDatetime
from sqlmodel import col, select

from referral.domain.answers import Answer
from referral.usecases import answers
from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import Body, View
from shared.pathways.spelling import Id

router = APIRouter(route_class=Route, tags=["answers"])

AnswerId = Annotated[UUID, Path(alias="answerId", description="The play that home asked for")]


class Reply(Body):
    """The answer: one of those asked for, and when it was given (now, if left out)."""

    model_config = shown({"outcome": "accepted", "at": "2026-11-03T09:15:00+01:00"})

    outcome: Id
    at: AwareDatetime | None = None


class AnswerView(View):
    """A question to a party, and its answer."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "what-now",
            "round": 1,
            "party": "social_services",
            "status": "given",
            "outcomes": ["try_again", "give_up"],
            "outcome": "try_again",
            "openedAt": "2026-11-03T08:00:00Z",
            "version": 2,
        }
    )

    id: UUID
    case_id: UUID
    task: str
    round: int
    party: str
    status: str
    outcomes: list[str]
    outcome: str | None
    opened_at: datetime
    version: int


@router.get("/answers", summary="What your party is asked")
@party
async def list_answers(uow: Transaction, paging: Paged) -> Page[AnswerView]:
    """Frågor som din part har fått. Newest first."""
    return await AnswerView.page(uow, uow.visible(select(Answer), col(Answer.id)), col(Answer.listed), paging)


@router.get("/answers/{answerId}", summary="One question")
@party
async def read_answer(uow: Transaction, answer_id: AnswerId) -> AnswerView:
    """En fråga. With its version as ETag."""
    return AnswerView.of(await uow.get(Answer, answer_id))


@router.post("/answers/{answerId}/replies", status_code=201, summary="Answer")
@party
async def give_answer(uow: Transaction, answer_id: AnswerId, body: Reply) -> AnswerView:
    """Svara. With one of the answers asked for."""
    return AnswerView.of(await answers.give(uow, answer_id, body.outcome, body.at))
