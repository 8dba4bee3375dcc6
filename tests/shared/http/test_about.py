"""What each API says of itself, by the national profile."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema import validate as validate_example
from openapi_spec_validator import validate

from shared.testing.apps import FIVE, App, Platform

ENGLISH = re.compile(r"\b(the|of|is|are|to|and|what|which|your|you|this|it)\b", re.IGNORECASE)
HEALTH = {"/livez", "/readyz", "/flowz"}


@pytest.fixture(params=FIVE)
async def app(platform: Platform, request: pytest.FixtureRequest) -> App:
    return await platform.start("norrby", request.param)


@pytest.fixture
async def schema(app: App) -> dict[str, Any]:
    answer = await app.as_nobody().get(f"/{app.here.whoami.service}/v1/openapi.json")
    return answer.json()


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, operation in operations(schema):
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for type_, content in part.get("content", {}).items():
                if "json" in type_:
                    yield name, content


def parameters(operation: dict[str, Any], where: str) -> dict[str, Any]:
    return {each["name"]: each for each in operation["parameters"] if each["in"] == where}


async def test_api_info(app: App):
    service = app.here.whoami.service
    answer = await app.as_nobody().get(f"/{service}/v1/api-info")
    assert answer.json().keys() == {"apiName", "apiVersion", "apiReleased", "apiDocumentation", "apiStatus"}
    assert answer.json()["apiName"] == service
    assert (await app.as_nobody().get(answer.json()["apiDocumentation"])).status_code == 200


async def test_the_description_is_valid_and_says_whose_it_is(schema: dict[str, Any]):
    validate(schema)
    info = schema["info"]
    assert {"name", "url", "email"} <= info["contact"].keys()
    assert {"name", "url"} <= info["license"].keys()
    assert info["termsOfService"]
    assert schema["externalDocs"]["url"]
    assert schema["servers"]
    swedish, english, limits = info["description"].split("\n\n")
    assert ENGLISH.search(english)
    assert not ENGLISH.search(swedish)
    assert limits.startswith("Limits:")


async def test_every_operation_is_described_in_both_languages(schema: dict[str, Any]):
    for name, operation in operations(schema):
        swedish = operation["description"].split(". ")[0]
        assert operation["summary"], name
        assert not ENGLISH.search(swedish), (name, swedish)
        assert all(response["description"] for response in operation["responses"].values()), name
        for each in operation["parameters"]:
            assert each.get("description"), (name, each["name"])


async def test_security_is_said_of_every_operation(schema: dict[str, Any], app: App):
    public = {*HEALTH, f"/{app.here.whoami.service}/v1/api-info"}
    assert schema["components"]["securitySchemes"].keys() == {"token"}
    for name, operation in operations(schema):
        expected: list[Any] = [] if name.partition(" ")[2] in public else [{"token": []}]
        assert operation["security"] == expected, name


async def test_errors_are_problems_and_fastapi_s_own_are_gone(schema: dict[str, Any]):
    assert not {"HTTPValidationError", "ValidationError"} & schema["components"]["schemas"].keys()
    for name, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if status >= "400" and not (name == "GET /flowz" and status == "503"):
                content = answer["content"]
                assert content.keys() == {"application/problem+json"}, (name, status)
                assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
        expected = {"400", "404", "500", "503"}
        if operation["security"]:
            expected |= {"401", "403", "409", "412", "413", "422", "428"}
        assert expected <= operation["responses"].keys(), name


async def test_headers_are_declared(schema: dict[str, Any]):
    for name, operation in operations(schema):
        headers = parameters(operation, "header")
        assert "traceparent" in headers, name
        if name.startswith("POST"):
            fence = name.endswith("/fence")
            assert ("Idempotency-Key" in headers) != fence, name
            assert fence or headers["Idempotency-Key"]["required"]
            assert headers["If-Match"]["required"] is False
        for status, answer in operation["responses"].items():
            if status < "300":
                assert {"traceparent", "ETag"} <= answer["headers"].keys()


async def test_every_body_has_an_example_that_its_schema_allows(schema: dict[str, Any]):
    examples = 0
    for name, content in bodies(schema):
        for example in content["examples"].values():
            wanted = {**content["schema"], "components": schema["components"]}
            try:
                validate_example(example["value"], wanted, Draft202012Validator, format_checker=FormatChecker())
            except ValidationError as error:
                pytest.fail(f"{name}: {error.json_path} {error.message}")
            examples += 1
    assert examples > 30


async def test_names(schema: dict[str, Any]):
    for name, operation in operations(schema):
        path = name.partition(" ")[2]
        assert re.fullmatch(r"(/[a-z0-9-]+|/\{[a-z][A-Za-z]+\})+", path), path
        for parameter in operation["parameters"]:
            assert "_" not in parameter["name"], (name, parameter["name"])
    for shape, described in schema["components"]["schemas"].items():
        for field in described.get("properties", {}):
            assert re.fullmatch(r"_?[a-z][A-Za-z0-9]*", field), (shape, field)
            assert not field.startswith("_") or field in ("_meta", "_links")


async def test_what_is_sent_is_closed(schema: dict[str, Any]):
    """No field is taken that is not described."""
    shapes = schema["components"]["schemas"]
    for name, operation in operations(schema):
        if described := operation.get("requestBody", {}).get("content", {}).get("application/json"):
            shape = described["schema"]["$ref"].rpartition("/")[2]
            assert shapes[shape]["additionalProperties"] is False, (name, shape)
