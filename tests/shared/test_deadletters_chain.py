"""The chain that waits on a case: what came first and why it stands, and who stands behind it."""

from uuid import UUID

from shared import deadletters
from shared.cli.letters_shown import tree
from shared.deadletters import Chain
from shared.errors import Fault, Refused
from shared.ids import uuid7
from shared.testing.numbers import Broken, Numbers, number
from shared.testing.world import World
from shared.uow import UnitOfWork


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def chain_of(hearer: Numbers, case: UUID) -> Chain:
    async with hearer.database.transaction(writes=False) as uow:
        return await deadletters.chain(uow, case)


async def test_what_fails_holds_all_and_what_waits_its_own_source(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 2, needs=9), number(world.here, case, 3)])
    hearer.breaks[4] = bug
    await hearer.inbox.take(
        [number(world.here, case, 4, teller="hearer"), number(world.here, case, 5, teller="hearer")]
    )
    said = await chain_of(hearer, case)
    waits, after, failed, last = (link.id for link in said.links)
    assert said.length == 4
    assert [(link.id, link.because, link.behind) for link in said.links] == [
        (waits, "awaits", []),
        (after, "behind", [waits, failed]),
        (failed, "failed", []),
        (last, "behind", [failed]),
    ]
    type_, teller, hearers = "number.told.v1", f"/{world.here}/teller", f"/{world.here}/hearer"
    awaited = "it awaits what has not come (1 attempts, waiting: waiting/waits: Tell the number that it needs.)"
    assert list(tree(said.model_dump(mode="json"))) == [
        f"{case}: 4 parked",
        f"├─ {waits} {type_} from {teller}, waiting: {awaited}",
        f"│  └─ {after} {type_} from {teller}, behind: behind {waits}, {failed}",
        f"└─ {failed} {type_} from {hearers}, dead: its own failure (1 attempts, platform: Broken)",
        f"   └─ {last} {type_} from {hearers}, behind: behind {failed}",
    ]


async def test_another_organisation_s_failure_holds_back_its_own_events_alone(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers(organisation=world.there)
    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2)])
    assert [link.behind for link in (await chain_of(hearer, case)).links] == [[], [1]]


async def test_nothing_is_parked_where_all_was_handled(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 1)])
    assert (await chain_of(hearer, case)).model_dump() == {"stream": case, "length": 0, "links": []}


class NoBasis(Refused):
    """Nobody consented."""

    fault = Fault.CONSENT


async def test_a_lacking_consent_is_a_cause_of_its_own_and_is_tried_again(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()

    async def no_basis(_: UnitOfWork) -> None:
        raise NoBasis("Ask for a consent.")

    hearer.breaks[1] = no_basis
    await hearer.inbox.take([number(world.here, case, 1)])
    (link,) = (await chain_of(hearer, case)).links
    assert (link.state, link.cause, link.last_error) == ("failed", "consent", "consent/no-basis: Ask for a consent.")
