"""docker-compose.yml: valid, and nobody in it may do more than the work needs. Each rule takes a configuration."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

Rendered = Mapping[str, Any]
Render = Callable[..., Rendered]
Rule = Callable[[Rendered], list[str]]

ROOT = Path(__file__).parents[2]
SERVICES = ("assessment", "booking", "consent", "referral", "reporting")
OWN = ("broker-url", "database-url", "events-database-url")
KEYRING = "referral-keyring"


def told(service: Rendered) -> Mapping[str, str]:
    """Its environment."""
    return service.get("environment") or {}


def unlocked(rendered: Rendered) -> list[str]:
    """Nobody runs as root, writes to its image, or can gain a right."""
    return [
        name
        for name, service in rendered["services"].items()
        if not service.get("read_only")
        or service.get("cap_drop") != ["ALL"]
        or service.get("cap_add")
        or service.get("privileged")
        or service.get("security_opt") != ["no-new-privileges:true"]
        or service.get("user", "0").partition(":")[0] in ("", "0", "root")
        or service.get("pid") == "host"
        or service.get("network_mode") == "host"
    ]


def unlimited(rendered: Rendered) -> list[str]:
    """Nobody takes the whole machine."""
    limits = ("mem_limit", "cpus", "pids_limit")
    return [name for name, service in rendered["services"].items() if not all(service.get(limit) for limit in limits)]


def published(rendered: Rendered) -> list[str]:
    """Only the services' ports are published, on this machine alone."""
    return [
        f"{name}:{port['target']}"
        for name, service in rendered["services"].items()
        for port in service.get("ports", ())
        if name not in SERVICES or port.get("host_ip") != "127.0.0.1"
    ]


def foreign_secrets(rendered: Rendered) -> list[str]:
    """A service is given its own secrets; only who migrates it is the owner, only who makes users an administrator."""
    wanted = {
        **{name: {f"{name}-{what}" for what in OWN} | ({KEYRING} & {f"{name}-keyring"}) for name in SERVICES},
        **{f"migrate-{name}": {f"{name}-owner-database-url"} for name in SERVICES},
        "topology": {"broker-admin-url", "management-url", "broker-users"},
        "broker": {"broker-admin.conf"},
        "database": {"database-admin", "databases.sql"},
    }
    return [
        name
        for name, service in rendered["services"].items()
        if {secret["source"] for secret in service.get("secrets", ())} != wanted.get(name, set())
    ]


def written_secrets(rendered: Rendered) -> list[str]:
    """Passwords and keys come from files, never from a configuration."""
    return [
        f"{name}.{key}"
        for name, service in rendered["services"].items()
        for key, value in told(service).items()
        if any(word in key.lower() for word in ("password", "url", "key", "secret"))
        and not value.startswith(("/run/secrets/", "/demo/"))
    ]


def near_the_servers(rendered: Rendered) -> list[str]:
    """Broker and database are reached by those who need them, and reach nobody outside."""
    places = rendered["networks"]
    opened = [name for name in ("broker", "database") if not places[name].get("internal")]
    wanted = {"broker": {"broker"}, "database": {"database"}, "topology": {"broker"}, "demo-prepared": set[str]()}
    wanted |= {f"migrate-{name}": {"database"} for name in SERVICES}
    return opened + [
        name
        for name, service in rendered["services"].items()
        if name in wanted and set(service.get("networks") or ()) != wanted[name]
    ]


def writable(rendered: Rendered) -> list[str]:
    """What is mounted from the tree is read only, but for the demo's own folder."""
    return [
        f"{name}:{volume['target']}"
        for name, service in rendered["services"].items()
        for volume in service.get("volumes", ())
        if volume["type"] == "bind" and not volume.get("read_only")
        if (name, volume["target"]) not in {("demo", "/demo"), ("demo-prepared", "/demo")}
    ]


RULES: tuple[Rule, ...] = (
    unlocked, unlimited, published, foreign_secrets, written_secrets, near_the_servers, writable,
)  # fmt: skip
PLANTS: list[tuple[Rule, str, Any]] = [
    (unlocked, "booking.read_only", False),
    (unlocked, "database.user", "0:0"),
    (unlocked, "broker.cap_drop", []),
    (unlocked, "topology.security_opt", []),
    (unlocked, "consent.privileged", True),
    (unlimited, "reporting.mem_limit", None),
    (published, "database.ports", [{"target": 5432, "host_ip": "127.0.0.1"}]),
    (published, "booking.ports", [{"target": 8103, "host_ip": "0.0.0.0"}]),
    (foreign_secrets, "booking.secrets", [{"source": f"referral-{what}"} for what in OWN]),
    (written_secrets, "booking.environment", {"SAMSPAR_DATABASE_URL": "postgresql://u:p@database/x"}),
    (near_the_servers, "migrate-consent.networks", {"broker": None}),
    (writable, "booking.volumes", [{"type": "bind", "target": "/etc/samspar"}]),
]


@pytest.mark.parametrize("rule", RULES)
def test_the_files_keep(rule: Rule, platform: Rendered, demo: Rendered):
    assert (rule(platform), rule(demo)) == ([], []), rule.__doc__


@pytest.mark.parametrize(("rule", "where", "planted"), PLANTS)
def test_a_breach_is_found(rule: Rule, where: str, planted: Any, platform: Rendered):
    service, key = where.split(".")
    changed = copy.deepcopy(dict(platform))
    changed["services"][service][key] = planted
    assert [breach.partition(":")[0].partition(".")[0] for breach in rule(changed)] == [service]


@pytest.fixture(params=["platform", "demo"])
def either(request: pytest.FixtureRequest) -> Rendered:
    return request.getfixturevalue(request.param)


def test_the_compose_specification_knows_every_field(either: Rendered, tmp_path: Path):
    file = tmp_path / "compose.json"
    file.write_text(json.dumps(either), encoding="utf-8")
    command = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_a_profile_starts_one_service_and_what_it_needs(service: str, render: Render):
    wanted = {"broker", "database", "topology", f"migrate-{service}", service}
    assert set(render("docker-compose.yml", profile=service)["services"]) == wanted


def test_each_service_is_another_image_user_database_and_port(platform: Rendered):
    five = [platform["services"][name] for name in SERVICES]
    assert [each["build"]["args"] for each in five] == [{"SERVICE": name} for name in SERVICES]
    assert len({port["published"] for each in five for port in each["ports"]}) == len(SERVICES)
    files = {secret["file"] for secret in platform["secrets"].values()}
    assert len(files) == len(platform["secrets"])


@pytest.mark.parametrize("name", ["bengtsfors", "trollhattan"])
def test_the_organisation_is_the_deployed_one_at_its_addresses_here(name: str, platform: Rendered):
    here, deployed = (_organisation(folder, name) for folder in ("compose", "parties"))
    ports = {name: platform["services"][name]["environment"]["SAMSPAR_PORT"] for name in SERVICES}
    assert here.pop("urls") == {name: f"http://{name}:{port}" for name, port in ports.items()}
    del deployed["urls"], deployed["forwards_to"]
    assert here == deployed


def _organisation(folder: str, name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "deploy" / folder / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["bengtsfors", "trollhattan"])
def test_every_service_is_told_of_the_organisation_that_is_named(name: str, render: Render):
    rendered = render("docker-compose.yml", "docker-compose.demo.yml", profile="demo", SAMSPAR_ORGANISATION=name)
    five = [rendered["services"][service] for service in SERVICES]
    assert {told(each)["SAMSPAR_ORGANISATION"] for each in five} == {name}
    described = f"/etc/samspar/parties/{name}.yaml"
    assert all(described in [volume["target"] for volume in each["volumes"]] for each in five)
    given = rendered["services"]["demo"]["volumes"]
    assert str(ROOT / "examples" / name) in [volume["source"] for volume in given]


def test_the_demos_clock_is_on_this_machine_alone(demo: Rendered):
    assert list(_where_the_clock_stands_still(demo)) == [("127.0.0.1", "service:stage", False)] * len(SERVICES)
    assert "ports" not in demo["services"]["stage"]


def _where_the_clock_stands_still(rendered: Rendered) -> Iterator[tuple[str, str, bool]]:
    for service in rendered["services"].values():
        if "SAMSPAR_DEMO_CLOCK_FILE" in told(service):
            yield told(service)["SAMSPAR_HOST"], service["network_mode"], bool(service.get("ports"))
