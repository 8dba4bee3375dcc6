"""Answers: what home asked a party, and what it said."""

from datetime import datetime
from uuid import UUID

from referral.domain.answers import Answer, AnswerStatus
from shared.tasks import HeardRecall, HeardRequest, find_asked, grant_parts
from shared.uow import UnitOfWork


async def request(uow: UnitOfWork, asked: HeardRequest) -> None:
    """Home asks. Asked twice with the same play, it is there once."""
    if await find_asked(uow, Answer, asked) is None:
        uow.add(Answer.requested(asked, uow.now))
        await grant_parts(uow, asked)


async def recall(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the question back; an answer that was given stays."""
    answer = await find_asked(uow, Answer, asked)
    if answer is not None and answer.status == AnswerStatus.REQUESTED:
        answer.move(AnswerStatus.RECALLED, uow.now)


async def give(uow: UnitOfWork, answer_id: UUID, outcome: str, at: datetime | None) -> Answer:
    """The party answers."""
    answer = await uow.get(Answer, answer_id)
    uow.emit(answer.give(outcome, uow.happened(at)))
    return answer
