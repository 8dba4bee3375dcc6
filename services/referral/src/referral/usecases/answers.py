"""Answers: what home asked a party, and what it said."""

from datetime import datetime
from uuid import UUID

from referral.domain.answers import Answer, AnswerStatus
from shared.tasks import HeardRequest, grant_parts
from shared.uow import UnitOfWork


async def request(uow: UnitOfWork, asked: HeardRequest) -> None:
    """Home asks. Asked twice with the same play, it is there once."""
    if await uow.find(Answer, asked.play) is None:
        uow.add(Answer.requested(asked, uow.now))
        await grant_parts(uow, asked)


async def recall(uow: UnitOfWork, answer_id: UUID, *, home: str) -> None:
    """Home takes the question back; an answer that was given stays, and so does what another home asked."""
    answer = await uow.find(Answer, answer_id)
    if answer is not None and answer.home == home and answer.status == AnswerStatus.REQUESTED:
        answer.move(AnswerStatus.RECALLED, uow.now)


async def give(uow: UnitOfWork, answer_id: UUID, outcome: str, at: datetime | None) -> Answer:
    """The party answers."""
    answer = await uow.get(Answer, answer_id)
    uow.emit(answer.give(outcome, uow.happened(at)))
    return answer
