"""From what the player decides to what home tells, and to whom."""

from referral import events
from referral.domain.cases import Case
from shared.events import Event
from shared.parties import Parties
from shared.pathways import (
    KINDS,
    Ask,
    Asking,
    CaseFile,
    Close,
    Decision,
    Met,
    Missed,
    Moved,
    Opened,
    Recall,
    Score,
    Turn,
    audience,
)
from shared.pathways.parts import party_of
from shared.tasks import PEOPLE, Interpreters, Participant


class Teller:
    """Tells of one case after one fact. `newcomers` may hear of it for the first time."""

    def __init__(self, case: Case, score: Score, file: CaseFile, parties: Parties) -> None:
        self.case = case
        self.score = score
        self.file = file
        self.parties = parties
        self.newcomers = self._participants(audience(score, file) - set(case.parties))
        self.untold = list(self.newcomers)

    def event(self, decision: Decision) -> Event | None:
        """What is told of a decision; nothing of those that only home needs."""
        match decision:
            case Opened():
                return self._opened(decision)
            case Ask():
                return self._asked(decision)
            case Recall():
                return self.case.tells(
                    events.RECALLS[decision.kind],
                    decision.at,
                    task=decision.task,
                    round=decision.round,
                    play=decision.play,
                    addressee=self._serving(decision.party, decision.kind),
                )
            case Moved():
                return self._moved(decision)
            case Turn(stage=stage, round=round_, at=at):
                return self.case.tells(events.CaseTurned, at, stage=stage, round=round_, told_to=self._everybody())
            case Met():
                return self.case.tells(
                    events.DeadlineMet,
                    decision.at,
                    task=decision.task,
                    round=decision.round,
                    play=decision.play,
                    reach=decision.reach,
                    due=decision.due,
                    owner=decision.owner,
                    learnt_late=decision.learnt_late,
                )
            case Missed():
                return self.case.tells(
                    events.DeadlineMissed,
                    decision.due,
                    task=decision.task,
                    round=decision.round,
                    play=decision.play,
                    reach=decision.reach,
                    due=decision.due,
                    owner=decision.owner,
                    told_to=frozenset({self._organisation(decision.owner)}),
                )
            case Close(ending=ending, at=at):
                return self.case.tells(events.CaseClosed, at, ending=ending, told_to=self._everybody())
            case _:
                return None

    def answering(self, asking: Asking) -> frozenset[str]:
        """Whose facts about an asking are believed: the asked party's, home's, and those of whoever serves it now."""
        serving = self._serving(asking.party, asking.kind)
        return frozenset({self._organisation(asking.party), self.case.home, serving})

    def _opened(self, decision: Opened) -> Event:
        everybody = self._participants(audience(self.score, self.file))
        self.untold.clear()
        return self.case.tells(
            events.CaseOpened,
            decision.at,
            pathway=self.case.pathway,
            version=self.case.pathway_version,
            parties=everybody,
            told_to=frozenset(p.organisation for p in everybody),
        )

    def _asked(self, ask: Ask) -> Event:
        acting = {ask.party, ask.owner}
        contributions = {party: need for name, need in ask.contributions.items() if (party := self._party(name))}
        signed_by = [party or name for name in ask.signed_by if (party := self._party(name)) or name in PEOPLE]
        seated = {seat.party for seat in ask.seats if seat.party} | acting | contributions.keys()
        seated |= set(signed_by) - PEOPLE
        acting = seated if KINDS[ask.kind].seats_move else acting
        acting = acting | {ask.interpreter} if ask.interpreter else acting
        return self.case.tells(
            events.REQUESTS[ask.kind],
            ask.at,
            addressee=self._serving(ask.party, ask.kind),
            task=ask.task,
            round=ask.round,
            play=ask.play,
            person_id=self.case.person_id,
            kind=ask.kind,
            party=ask.party,
            owner=ask.owner,
            participants=self._participants(seated | acting, acting=acting),
            due=ask.due,
            outcomes=list(ask.outcomes),
            finds={name: list(values) for name, values in ask.finds.items()} or None,
            contributions=contributions or None,
            signed_by=signed_by or None,
            each_decides=ask.each_decides or None,
            hours=ask.hours,
            choose_from=list(ask.choose_from) or None,
            package=ask.package,
            lasts=ask.lasts,
            waiver=ask.waiver if ask.kind == "consent" else None,
            between=self._participants(ask.between) or None,
            interpreters=self._interpreters(ask),
            group=f"{self.score.area}/{ask.group}" if ask.group else None,
            every=ask.every if ask.group else None,
            authority=ask.authority or None,
        )

    def _interpreters(self, ask: Ask) -> Interpreters | None:
        area = self.score.interpreters
        if ask.interpreter is None:
            return None
        return Interpreters(
            ordered_by=ask.interpreter,
            providers=[self._participant(party) for party in area.providers],
            lead=area.lead,
            answer_within=area.answer_within,
        )

    def _moved(self, moved: Moved) -> Event | None:
        """For onlookers in other organisations; inside one, services hear each other's facts, but not who is new.

        A note is not for them: that an interpreter is missing says that the person needs one.
        """
        if moved.moment in KINDS[moved.kind].notes:
            return None
        told_to = self._organisations(audience(self.score, self.file, authority=moved.authority))
        if not self.file.opened or (told_to <= {self.case.home} and not self.untold):
            return None
        new, self.untold = self.untold, []
        return self.case.tells(
            events.CaseMoved,
            moved.at,
            task=moved.task,
            round=moved.round,
            kind=moved.kind,
            moment=moved.moment,
            outcome=moved.outcome,
            parties=new or None,
            told_to=told_to,
        )

    def _everybody(self) -> frozenset[str]:
        """Whoever may hear of the case now: nobody but those asked, while its needs are not settled."""
        return self._organisations(audience(self.score, self.file)) if self.file.opened else frozenset()

    def _organisations(self, parties: set[str]) -> frozenset[str]:
        return frozenset(self._organisation(party) for party in parties)

    def _participants(
        self, parties: set[str] | tuple[str, ...], *, acting: set[str] | None = None
    ) -> list[Participant]:
        acts = acting or set()
        return [self._participant(party, acts=party in acts) for party in sorted(parties)]

    def _participant(self, party: str, *, acts: bool = False) -> Participant:
        return Participant(party=party, organisation=self._organisation(party), acts=acts)

    def _party(self, name: str) -> str | None:
        """The party of a role, or the party itself; nothing for the participant."""
        return party_of(self.score, self.file, name)

    def _organisation(self, party: str) -> str:
        return self.score.parties[party].organisation or self.score.home

    def _serving(self, party: str, kind: str) -> str:
        asked_of = self.case.home if KINDS[kind].at_home else self._organisation(party)
        return self.parties.serving(asked_of, KINDS[kind].service, self.case.home)
