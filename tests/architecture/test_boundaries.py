"""What only one place may do. Each rule takes a tree (path → text) and names what breaks it."""

import ast
from collections.abc import Callable, Iterator, Mapping

import pytest

Tree = Mapping[str, str]
Rule = Callable[[Tree], list[str]]

SOURCES = ("services/", "shared/src/")
COMMIT = ("shared/src/shared/db.py", "shared/src/shared/rights.py")
AMQP = ("shared/src/shared/broker/rabbitmq", "shared/src/shared/broker/tolerant", "shared/src/shared/topology")
ENVIRONMENT = ("shared/src/shared/testing/servers",)


def commits_elsewhere(tree: Tree) -> list[str]:
    """Only `Database` and its rights commit: everything else runs inside a transaction its caller opened."""
    return [
        f"{path}:{node.lineno}"
        for path, node in _nodes(tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit" and not path.startswith(COMMIT)
    ]


def amqp_elsewhere(tree: Tree) -> list[str]:
    """Only the RabbitMQ broker and the topology tool know that there is AMQP."""
    return [
        f"{path}:{line}"
        for path, line, module in _imports(tree)
        if module.partition(".")[0] in {"aio_pika", "aiormq", "pamqp"} and not path.startswith(AMQP)
    ]


def environment_elsewhere(tree: Tree) -> list[str]:
    """Only settings read the environment."""
    read = {"os.environ", "os.environb", "os.getenv", "os.getenvb"}
    places = [
        (path, node.lineno)
        for path, node in _nodes(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in read
    ]
    places += [(path, line) for path, line, module in _imports(tree) if module in read]
    return [
        f"{path}:{line}"
        for path, line in places
        if not path.endswith("/settings.py") and not path.startswith(ENVIRONMENT)
    ]


def _nodes(tree: Tree) -> Iterator[tuple[str, ast.AST]]:
    for path, text in tree.items():
        if path.startswith(SOURCES) and path.endswith(".py"):
            yield from ((path, node) for node in ast.walk(ast.parse(text, path)))


def _imports(tree: Tree) -> Iterator[tuple[str, int, str]]:
    """Where, and the full name of what is imported."""
    for path, node in _nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((path, node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((path, node.lineno, f"{node.module}.{name.name}") for name in node.names)


PLANTS: list[tuple[Rule, str, str]] = [
    (commits_elsewhere, "services/booking/src/booking/usecases.py", "async def f(s): await s.commit()"),
    (commits_elsewhere, "shared/src/shared/relay.py", "def f(s): then(s.commit)"),
    (amqp_elsewhere, "services/booking/src/booking/app.py", "def f():\n    from aio_pika import connect"),
    (amqp_elsewhere, "shared/src/shared/relay.py", "import aio_pika.abc"),
    (environment_elsewhere, "services/booking/src/booking/app.py", "import os\nx = os.environ['A']"),
    (environment_elsewhere, "services/booking/src/booking/domain.py", "from os import getenv"),
]


@pytest.mark.parametrize("rule", list(dict.fromkeys(rule for rule, _, _ in PLANTS)))
def test_the_tree_keeps(rule: Rule, tree: Tree):
    assert rule(tree) == [], rule.__doc__


@pytest.mark.parametrize(("rule", "path", "text"), PLANTS)
def test_a_breach_is_found(rule: Rule, path: str, text: str):
    assert [breach.partition(":")[0] for breach in rule({path: text})] == [path]
