"""Fills the real services' event logs by their own use-cases, as HTTP would, many referrals in one transaction each."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlmodel import col, select

from assessment.domain import Assessment
from assessment.usecases import assessments
from booking.domain import Meeting
from booking.usecases import meetings
from consent import usecases as consent
from consent.domain import Basis, Form
from referral.usecases import intake
from referral.usecases.repertoire import Repertoire
from shared.calendar import STOCKHOLM
from shared.caller import Caller
from shared.clock import StoppedClock
from shared.db import Database
from shared.identity import Identity, IdentityType
from shared.settings import Settings
from shared.uow import UnitOfWork
from shared.vault import KeyRing, Vault
from shared.whoami import Whoami

from .deployed import ORGANISATION, PATHWAY, SENDER, Deployment

COACH = "labour_market_unit"
CONTACT = {"givenName": "Bo", "familyName": "Bengtsson", "phone": "070-1740601", "language": "swe"}


def last_noon() -> StoppedClock:
    """People meet by day, whenever it is measured."""
    now = datetime.now(STOCKHOLM)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return StoppedClock(noon if noon <= now else noon - timedelta(days=1))


@asynccontextmanager
async def referrals(deployment: Deployment, count: int) -> AsyncGenerator[None]:
    """So many referrals are received: each puts `referral.received` into referral's event log, when the block ends."""
    settings = deployment.settings("referral")
    repertoire, vault = Repertoire(settings.pathways, ORGANISATION), Vault(KeyRing.load(settings.keyring_file))
    async with _transaction(settings, SENDER) as uow:
        for n in range(count):
            assert uow.caller is not None
            await intake.receive(uow, repertoire, vault, uow.caller, _sent(n))
        yield


@asynccontextmanager
async def moves(deployment: Deployment) -> AsyncGenerator[None]:
    """Every consent is given, every meeting booked and held, every assessment completed: five facts a referral.

    All of them are told when the block ends.
    """
    async with (
        _transaction(deployment.settings("consent"), SENDER) as at_consent,
        _transaction(deployment.settings("booking"), COACH) as at_booking,
        _transaction(deployment.settings("assessment"), COACH) as at_assessment,
    ):
        for basis in (await at_consent.session.scalars(select(col(Basis.id)))).all():
            await consent.grant(at_consent, basis, Form.WRITTEN, at=None, until=None)
        for meeting in (await at_booking.session.scalars(select(col(Meeting.id)))).all():
            begins = at_booking.now
            await meetings.book(at_booking, meeting, starts=begins, ends=begins + timedelta(hours=1))
            await meetings.hold(at_booking, meeting, None, None)
        for assessment in (await at_assessment.session.scalars(select(col(Assessment.id)))).all():
            await assessments.complete(at_assessment, assessment, None, {}, None)
        yield


def _sent(n: int) -> intake.Sent:
    return intake.Sent(
        pathway=PATHWAY,
        door="referral",
        identity=Identity(type=IdentityType.RESERVE, value=f"BENCH{n:08}"),
        contact=dict(CONTACT),
        attests=set(),
    )


@asynccontextmanager
async def _transaction(settings: Settings, party: str) -> AsyncGenerator[UnitOfWork]:
    database = Database(settings.database, Whoami(ORGANISATION, settings.service), last_noon())
    caller = Caller(ORGANISATION, party, "bench", "bench", frozenset())
    try:
        async with database.transaction(caller=caller) as uow:
            yield uow
    finally:
        await database.close()
