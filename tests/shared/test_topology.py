"""The topology tool: makes it, finds every difference, repairs it, and gives each service the least it needs."""

import json
from pathlib import Path
from stat import S_IMODE
from typing import Any

import aio_pika
import pytest

from shared.broker.protocol import BrokerAway, Topology
from shared.testing.servers import RabbitMQ, Vhost
from shared.testing.world import HEARS, two_parties
from shared.topology import TopologyWrong, apply, check, of_parties

NORRBY = Topology("norrby", {"booking": ["*.meeting.requested.v1"], "reporting": ["#"]}, ["agency"])
AGENCY = Topology("agency", {"booking": ["*.meeting.requested.v1"]})
BOTH = [NORRBY, AGENCY]


@pytest.fixture
async def made(vhost: Vhost, tmp_path: Path) -> Vhost:
    await apply(vhost.url, BOTH, management_url=vhost.management_url, passwords=tmp_path / "passwords.json", settle=0)
    return vhost


async def differences(vhost: Vhost, *topologies: Topology) -> list[str]:
    return await check(vhost.url, topologies or BOTH, management_url=vhost.management_url)


async def test_what_was_applied_is_as_it_shall_be_and_applying_again_changes_nothing(made: Vhost, tmp_path: Path):
    passwords = tmp_path / "passwords.json"
    before = passwords.read_bytes()
    assert await differences(made) == []
    assert await apply(made.url, BOTH, management_url=made.management_url, passwords=passwords) == []
    assert passwords.read_bytes() == before


async def test_passwords_are_made_up_once_and_readable_by_their_owner_alone(made: Vhost, tmp_path: Path):
    passwords = tmp_path / "passwords.json"
    known = json.loads(passwords.read_bytes())
    assert S_IMODE(passwords.stat().st_mode) == 0o600
    assert sorted(known) == ["agency.booking", "norrby.booking", "norrby.reporting"]
    assert len(set(known.values())) == 3
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"agency.booking": "chosen"}))
    given.chmod(0o600)
    await apply(made.url, [AGENCY], management_url=made.management_url, passwords=given, settle=0)
    address = made.url.partition("@")[2]
    async with await aio_pika.connect(f"amqp://agency.booking:chosen@{address}"):
        pass


async def test_queues_are_quorum_queues_with_one_consumer_no_limit_and_no_broker_s_own_end(
    made: Vhost, rabbitmq: RabbitMQ
):
    queues: dict[str, dict[str, Any]] = {
        row["name"]: row["arguments"] for row in rabbitmq.manage("GET", f"/queues/{made.name}")
    }
    own = queues["samspar.norrby.booking"]
    assert (own["x-queue-type"], own["x-single-active-consumer"]) == ("quorum", True)
    assert own["x-delivery-limit"] > 10**8
    assert not {"x-max-length", "x-max-length-bytes", "x-message-ttl", "x-expires"} & own.keys()
    void = queues["samspar.norrby.void"]
    assert (void["x-max-length"], void["x-overflow"]) == (1, "drop-head")


async def test_each_difference_is_one_sentence(made: Vhost, rabbitmq: RabbitMQ):
    at = made.name
    rabbitmq.manage("DELETE", f"/queues/{at}/samspar.agency.void")
    rabbitmq.manage("DELETE", f"/bindings/{at}/e/samspar.norrby/q/samspar.norrby.reporting/%23")
    rabbitmq.manage("POST", f"/bindings/{at}/e/samspar.norrby/q/samspar.norrby.booking", {"routing_key": "old.#"})
    rabbitmq.manage("PUT", f"/queues/{at}/samspar.norrby.consent", {"durable": True})
    rabbitmq.manage("PUT", f"/permissions/{at}/norrby.booking", {"configure": ".*", "write": ".*", "read": ".*"})
    rabbitmq.manage("DELETE", f"/topic-permissions/{at}/norrby.reporting")
    rabbitmq.manage("PUT", "/users/norrby.consent", {"password": "x", "tags": ""})
    rabbitmq.manage("PUT", "/users/agency.booking", {"password": "x", "tags": "administrator"})
    assert sorted(await differences(made)) == [
        "Queue samspar.agency.void does not hear #.",
        "Queue samspar.agency.void is missing.",
        "Queue samspar.norrby.booking hears old.#, which nobody asks for.",
        "Queue samspar.norrby.consent belongs to no service; empty and delete it.",
        "Queue samspar.norrby.reporting does not hear #.",
        "User agency.booking administers the broker; take its tags away.",
        "User norrby.booking has other permissions than it shall have.",
        "User norrby.consent is there, but its organisation does not run that service.",
        "User norrby.reporting may use any routing key on samspar.agency.",
        "User norrby.reporting may use any routing key on samspar.norrby.",
    ]


async def test_applying_again_repairs_everything_but_what_may_hold_messages(
    made: Vhost, rabbitmq: RabbitMQ, tmp_path: Path
):
    await test_each_difference_is_one_sentence(made, rabbitmq)
    said = await apply(
        made.url, BOTH, management_url=made.management_url, passwords=tmp_path / "passwords.json", settle=0
    )
    assert await differences(made) == ["Queue samspar.norrby.consent belongs to no service; empty and delete it."]
    assert "samspar.norrby.booking no longer hears old.#." in said
    assert "samspar.agency.void was made." in said
    assert "User norrby.consent was deleted: its organisation no longer runs that service." in said


async def test_a_missing_exchange_and_a_queue_in_another_form_are_found_over_amqp_alone(
    made: Vhost, rabbitmq: RabbitMQ
):
    rabbitmq.manage("DELETE", f"/exchanges/{made.name}/samspar.agency")
    rabbitmq.manage("DELETE", f"/queues/{made.name}/samspar.norrby.booking")
    rabbitmq.manage("PUT", f"/queues/{made.name}/samspar.norrby.booking", {"durable": True})
    assert await check(made.url, BOTH) == [
        "Queue samspar.norrby.booking is there in another form.",
        "Exchange samspar.agency is missing.",
        "Bindings and users were not looked at: give the management URL.",
    ]
    with pytest.raises(TopologyWrong, match=r"Empty and delete samspar\.norrby\.booking"):
        await apply(made.url, BOTH, settle=0)


async def test_without_the_management_api_apply_says_what_it_could_not_do(vhost: Vhost):
    said = await apply(vhost.url, [AGENCY], settle=0)
    assert said == [
        "samspar.agency.void was made.",
        "samspar.agency.booking was made.",
        "Users and bindings that nobody asks for were not looked at: give the management URL.",
    ]


async def test_a_service_s_own_credentials_are_not_enough(made: Vhost, tmp_path: Path):
    password = json.loads((tmp_path / "passwords.json").read_bytes())["agency.booking"]
    url = f"amqp://agency.booking:{password}@{made.url.partition('@')[2]}"
    with pytest.raises(TopologyWrong, match="administrator"):
        await apply(url, [Topology("agency", {"booking": [], "consent": []})], settle=0)
    with pytest.raises(BrokerAway):
        await apply(f"amqp://nobody:nothing@{made.url.partition('@')[2]}", BOTH)


def test_the_parties_say_who_has_which_queues_and_who_sends_to_whom():
    parties = two_parties("norrby", "agency")
    norrby, agency = of_parties(parties, HEARS)
    assert (norrby.organisation, norrby.recipients) == ("norrby", ("agency",))
    assert norrby.bindings == {service: tuple(patterns) for service, patterns in HEARS.items()}
    assert (agency.bindings.keys(), agency.recipients) == ({"hearer"}, ("norrby",))
    with pytest.raises(TopologyWrong, match="hearer"):
        of_parties(parties, {"teller": []})
