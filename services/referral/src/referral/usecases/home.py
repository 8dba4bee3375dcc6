"""Home: plays the pinned score of a case. It stores what the pure player decides, and tells it; nothing else."""

import logging
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from referral.domain.cases import Case
from referral.heard import ReferralReceived
from shared.calendar import STOCKHOLM
from shared.errors import Waits
from shared.parties import Parties
from shared.pathways import (
    CaseFile,
    Close,
    Decision,
    Early,
    Happening,
    Opened,
    Raised,
    Rang,
    Received,
    Returned,
    StartTimer,
    StopTimer,
    Told,
    audience,
    play,
)
from shared.tasks import Participant
from shared.timers import clear_timer, set_timer
from shared.uow import UnitOfWork

from .repertoire import Repertoire
from .telling import Teller

log = logging.getLogger(__name__)
TIMER = "case"


class Home:
    """The player's hands: hear, ask, expire."""

    def __init__(self, repertoire: Repertoire, parties: Parties) -> None:
        self.repertoire = repertoire
        self.parties = parties

    async def begin(self, uow: UnitOfWork, received: ReferralReceived) -> None:
        """A referral was received: its case begins."""
        if await uow.find(Case, received.case_id) is not None:
            return
        attributes = {"referrer": received.referrer, **received.answers}
        dates = {name: datetime.combine(day, time(), STOCKHOLM) for name, day in received.dates.items()}
        file = CaseFile.start(case=received.case_id, received=received.time, attributes=attributes, dates=dates)
        case = Case(
            id=received.case_id,
            case_id=received.case_id,
            home=received.home,
            person_id=received.person_id,
            referral_id=received.referral_id,
            pathway=received.pathway,
            pathway_version=received.version,
            sha256=received.sha256,
            file=file.to_text(),
            changed_at=uow.now,
        )
        uow.add(case)
        await self.hear(uow, case.id, Received(received.time))

    async def hear(self, uow: UnitOfWork, case_id: UUID, happening: Happening, *, told_by: str | None = None) -> None:
        """Something happened to a case; one that is not here is not ours. Raises `Waits` for what comes too early.

        `told_by`: an organisation; of a task, only those are believed that it was asked of. Nobody answers before
        home has asked, so a play that the case does not know is nobody's.
        """
        case = await uow.find(Case, case_id)
        if case is None:
            return
        score = await self.repertoire.pinned(uow, case.sha256)
        decisions, file = play(score, case.casefile(), happening)
        teller = Teller(case, score, file, self.parties)
        if isinstance(happening, Told):
            asking = file.asking(happening.play)
            if asking is None or told_by not in teller.answering(asking):
                log.warning("a fact about play %s was told by %s, which was not asked", happening.play, told_by)
                return
        if early := next((each for each in decisions if isinstance(each, Early)), None):
            raise Waits("It is tried again when the case has moved.", needs=early.needs)
        case.heard(file, uow.now)
        await self._admit(uow, case, teller.newcomers)
        for decision in decisions:
            await self._carry_out(uow, case, decision, teller)
        told = {each.party for each in teller.newcomers} - {each.party for each in teller.untold}
        case.parties = sorted({*case.parties, *told})

    async def expire(self, uow: UnitOfWork, case_id: UUID, key: str, due: datetime) -> None:
        """A timer of the case went off."""
        await self.hear(uow, case_id, Rang(due - _grace(key), key))

    async def give_back(self, uow: UnitOfWork, case_id: UUID, reason: str) -> Case:
        """The receiver returns the referral. Raises `NotReturnable`."""
        case = await uow.get(Case, case_id)
        score = await self.repertoire.pinned(uow, case.sha256)
        uow.emit(case.give_back(score, reason, uow.now))
        await self.hear(uow, case_id, Returned(uow.now, reason))
        return case

    async def raise_task(self, uow: UnitOfWork, case_id: UUID, task: str) -> Case:
        """A party raises a task that is asked by need."""
        case = await uow.get(Case, case_id)
        assert uow.caller is not None
        await self.hear(uow, case_id, Raised(uow.now, task, uow.caller.party))
        return case

    async def deviates(self, uow: UnitOfWork, case_id: UUID, party: str, at: datetime, *, told_by: str) -> None:
        """A party reports a deviation. Only one that has a part in the case is believed; a pathway may have no rule."""
        case = await uow.find(Case, case_id)
        if case is None:
            return
        score = await self.repertoire.pinned(uow, case.sha256)
        task = next((each.name for each in score.always if each.kind == "deviation"), None)
        known = False
        if party in audience(score, case.casefile()):
            own = score.parties[party].organisation or score.home
            known = told_by in {own, case.home, self.parties.serving(own, "assessment", case.home)}
        if task is None or not known:
            log.warning("a deviation of case %s was told by %s, and nothing follows from it", case_id, told_by)
            return
        await self.hear(uow, case_id, Raised(at, task, party))

    async def _carry_out(self, uow: UnitOfWork, case: Case, decision: Decision, teller: Teller) -> None:
        match decision:
            case StartTimer(key=key, at=at):
                set_timer(uow, TIMER, stream=case.id, key=key, due=at + _grace(key))
            case StopTimer(key=key):
                clear_timer(uow, TIMER, stream=case.id, key=key)
            case Opened(at=at):
                case.opened_at = at
            case Close(ending=ending, at=at):
                case.ending, case.closed_at = ending, at
            case _:
                pass
        if (event := teller.event(decision)) is not None:
            uow.emit(event)

    async def _admit(self, uow: UnitOfWork, case: Case, heard: Sequence[Participant]) -> None:
        """Whoever may hear of the case may see it; the receiver may also act on it."""
        score = await self.repertoire.pinned(uow, case.sha256)
        parts = [(p.organisation, p.party) for p in heard]
        receiver = [part for part in parts if part[1] == score.entry.receiver]
        uow.grant(case.id, parts, acts=receiver)


def _grace(key: str) -> timedelta:
    """What is done at the very instant when it is due is in time: a deadline rings a second later."""
    return timedelta(seconds=1) if key.startswith("due/") else timedelta()
