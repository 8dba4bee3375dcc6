"""Everything that was ever told is told once more, to everybody: nothing changes, also not a year later."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from shared.broker.protocol import Message, exchange_of
from shared.relay import message_of
from shared.tables import event
from shared.testing.apps import FIVE, App
from shared.testing.assessment_plans import sign, sign_for, write
from shared.testing.everybody import DAY, Everybody
from shared.testing.sending import NUMBERS

ROOT = Path(__file__).parents[2]
HOME, PATHWAY = "trollhattan", "trollhattan/adults"
SOCIAL, UNIT, AF = "social_services", "labour_market_unit", "af"
RUNS = {HOME: FIVE, "af": ("assessment", "booking"), "tolkbyran": (), "sprakbron": ()}
WHERE = {AF: "af", "interpreter_agency": "tolkbyran", "second_interpreter_agency": "sprakbron"}
YEAR_AND_MORE = timedelta(days=400)

Dump = dict[tuple[str, str, str], list[str]]


@dataclass(frozen=True)
class Sent:
    """A message, for whose exchange, and the stream and source whose order it keeps."""

    to: str
    message: Message

    @property
    def stream(self) -> str:
        return f"{self.to} {self.message.headers['ce-source']} {self.message.headers['ce-partitionkey']}"


@dataclass(frozen=True)
class Asked:
    """What home asked for, by the id that its service knows it by."""

    play: UUID


@pytest.fixture
async def played(tmp_path: Path) -> AsyncGenerator[Everybody]:
    """Two people on their way through all five services, in two organisations."""
    async with Everybody.running(tmp_path, deploy=ROOT / "deploy", home=HOME, runs=RUNS, where=WHERE) as everybody:
        await refused(everybody)
        await at_work(everybody)
        yield everybody


async def referred(everybody: Everybody, value: str) -> str:
    contact = {"givenName": "Alma", "familyName": "Almkvist", "phone": "070-1740601", "language": "som"}
    person = {"identity": {"type": "personnummer", "value": value}, "contact": contact}
    referral = await everybody.says(AF, "referral/referrals", pathway=PATHWAY, door="direct", person=person)
    return referral["caseId"]


async def refused(everybody: Everybody) -> None:
    await referred(everybody, NUMBERS[1])
    await everybody.waiver(AF, "refusals")


async def at_work(everybody: Everybody) -> None:
    case = await referred(everybody, NUMBERS[0])
    await everybody.waiver(AF)
    (talk,) = await everybody.sees(UNIT, "booking/meetings", "af")
    await everybody.book(AF, talk["id"], everybody.now + DAY, "af")
    order = {"language": "som", "mode": "on_site"}
    await everybody.says(AF, f"booking/meetings/{talk['id']}/interpreter-orders", "af", **order)
    asked = await everybody.order("interpreter_agency", "af")
    path = f"booking/interpreter-orders/{asked['id']}/confirmations"
    await everybody.says("interpreter_agency", path, "af", interpreter="T-10234")
    await everybody.meet(AF, "assessment-talk", at="af")
    (found,) = await everybody.sees(UNIT, "assessment/assessments", task="competence")
    for party in (SOCIAL, UNIT):
        await everybody.says(party, f"assessment/assessments/{found['id']}/contributions")
    path = f"assessment/assessments/{found['id']}/completions"
    await everybody.says(UNIT, path, findings={"depth": "enough"})
    (role,) = await everybody.sees(UNIT, "referral/roles")
    await everybody.says(UNIT, f"referral/roles/{role['id']}/assignments", holder="JC-117")
    (plan,) = await everybody.sees(UNIT, "assessment/plans")
    unit, mine = everybody.client(UNIT, "assessment"), Asked(UUID(plan["id"]))
    for answer in (await write(unit, mine), await sign(unit, mine), await sign_for(unit, mine)):
        assert answer.is_success
    await everybody.platform.quiet()
    (work,) = await everybody.sees(UNIT, "assessment/activities")
    await everybody.says(UNIT, f"assessment/activities/{work['id']}/starts", activity="education")
    await everybody.says(AF, "assessment/deviations", caseId=case, reason="absence")
    await everybody.meet(UNIT, "deviation-meeting", outcome="plan_stands")


async def everything(everybody: Everybody) -> list[Sent]:
    """All that anybody told, as its relay and its forwarders sent it, in the order of its telling."""
    return [each for app in everybody.platform.apps.values() async for each in told_by(app)]


async def told_by(app: App) -> AsyncGenerator[Sent]:
    me = app.here.whoami
    async with app.here.database.reading() as connection:
        rows = (await connection.execute(select(event).order_by(event.c.position))).all()
    for row in rows:
        for organisation in {me.organisation, *(row.audience & RUNS.keys())}:
            inside = organisation == me.organisation
            yield Sent(organisation, message_of(row, me.source, me.user, inside=inside))


def mixed(sent: Sequence[Sent], dice: Random) -> list[Sent]:
    """In any order of the streams, and in order within each."""
    streams = {name: iter([*some]) for name, some in by_stream(sent)}
    turns = [each.stream for each in sent]
    dice.shuffle(turns)
    return [next(streams[name]) for name in turns]


def by_stream(sent: Sequence[Sent]) -> Iterator[tuple[str, Iterator[Sent]]]:
    return groupby(sorted(sent, key=lambda each: each.stream), key=lambda each: each.stream)


def shuffled(sent: Sequence[Sent], dice: Random) -> list[Sent]:
    return dice.sample(sent, len(sent))


async def tell_again(everybody: Everybody, sent: Sequence[Sent]) -> None:
    """Each organisation's, in this order, until everybody has stored all of it."""
    async with everybody.referral.here.broker.publisher() as publisher:
        for organisation in RUNS:
            messages = [each.message for each in sent if each.to == organisation]
            assert await publisher.publish(exchange_of(organisation), messages) == len(messages)
    await everybody.platform.quiet()


async def dumped(everybody: Everybody) -> Dump:
    """Every row of every table of every service."""
    dump: Dump = {}
    for (organisation, service), app in everybody.platform.apps.items():
        async with app.here.database.reading() as connection:
            tables = (await connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'"))).all()
            for table in tables:
                rows: Sequence[Any] = (await connection.execute(text(f'SELECT * FROM "{table}"'))).all()
                dump[organisation, service, table] = sorted(repr(tuple(row)) for row in rows)
    return dump


def changed(before: Dump, after: Dump) -> list[tuple[str, str, str]]:
    return [table for table in before.keys() | after.keys() if before.get(table) != after.get(table)]


async def test_all_of_it_told_again_changes_nothing_also_400_days_later(played: Everybody) -> None:
    for later in (timedelta(0), YEAR_AND_MORE):
        await played.at(later)
        sent, dice = await everything(played), Random(7)
        tellers = {each.message.headers["ce-source"] for each in sent}
        assert tellers >= {f"/{HOME}/{name}" for name in FIVE if name != "reporting"} | {"/af/booking"}
        before = await dumped(played)
        assert before[HOME, "reporting", "inbox"]
        for order in (mixed, shuffled):
            await tell_again(played, order(sent, dice))
            assert changed(before, await dumped(played)) == []
    assert await played.parked() == []
