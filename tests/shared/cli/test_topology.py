"""The topology from the command line: what the installed services hear, for every organisation."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.installed import bindings
from shared.parties import Parties
from shared.testing.servers import RabbitMQ, Vhost

Run = Callable[..., Any]


def test_it_is_missing_then_made_then_as_it_shall_be(place: Path, samspar: Run, vhost: Vhost, rabbitmq: RabbitMQ):
    broker = ("--broker", vhost.url, "--management", vhost.management_url)
    before = samspar("topology", "check", *broker)
    assert (before.code, "Queue samspar.af.booking is missing." in before.output) == (1, True)
    began = time.monotonic()
    made = samspar("topology", "apply", *broker, "--passwords", place / "passwords.json", "--json")
    assert time.monotonic() - began > 3, "a quorum queue is left alone for its first seconds"
    assert "samspar.bengtsfors.referral was made." in json.loads(made.output)["changed"]
    parties = Parties.load(place / "deploy/parties")
    own = {f"{name}.{service}" for name in parties.organisations for service in parties[name].own}
    assert json.loads((place / "passwords.json").read_bytes()).keys() == own
    after = samspar("topology", "check", *broker)
    assert (after.code, after.output) == (0, "All is as it shall be.\n")
    bound = rabbitmq.manage("GET", f"/bindings/{vhost.name}/e/samspar.bengtsfors/q/samspar.bengtsfors.booking")
    assert {row["routing_key"] for row in bound} == set(bindings("booking"))


def test_without_the_management_api_it_says_what_it_did_not_see(samspar: Run, vhost: Vhost):
    samspar("topology", "apply", "--broker", vhost.url)
    checked = samspar("topology", "check", "--broker", vhost.url)
    assert checked.code == 0
    assert checked.output == "Bindings and users were not looked at: give the management URL.\n"


def test_a_broker_that_is_away(samspar: Run):
    checked = samspar("topology", "check", "--broker", "amqp://127.0.0.1:1")
    assert (checked.code, "Start the broker, or correct --broker" in checked.refusal) == (1, True)


def test_a_service_that_is_run_somewhere_and_not_installed_here(place: Path, samspar: Run):
    services = place / "deploy/parties/services.yaml"
    services.write_text(services.read_text() + "weather:\n  - weather.*\n")
    af = place / "deploy/parties/af.yaml"
    af.write_text(af.read_text().replace("  booking: own\n", "  booking: own\n  weather: own\n"))
    assert "Install weather, which af runs" in samspar("topology", "check", "--broker", "amqp://127.0.0.1:1").refusal
