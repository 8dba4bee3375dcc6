"""The page about reliability names tests that exist, and says of every known way to fail what proves the guard."""

import ast
import re
from collections.abc import Callable, Mapping

import pytest

Tree = Mapping[str, str]
Rule = Callable[[Tree], list[str]]

PAGE = "docs/reliability.md"
KNOWN = [
    *(f"I{n}" for n in range(1, 15)),
    *(f"F{n}" for n in range(1, 31)),
    *(f"trap {n}" for n in range(1, 49)),
]
ROW = re.compile(r"^\| ((?:I|F|trap )\d+) \|", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)?::(\w+)`")
FILE = re.compile(r"`([\w./]+\.py)`")
ROOTS = ("", "tests/", "shared/src/shared/")
UNPROVED = ("**not tested yet**", "cannot be tested here because")


def unknown_tests(tree: Tree) -> list[str]:
    """Each test that the page names is a function of that file; `::name` alone, of the file named before it."""
    missing: list[str] = []
    for line in tree[PAGE].splitlines():
        file = ""
        for path, name in NAMED.findall(line):
            file = f"tests/{path}" if path else file
            if name not in _functions(tree.get(file, "")):
                missing.append(f"{file}::{name}")
    return missing


def unknown_files(tree: Tree) -> list[str]:
    """Each module that the page names is one of the repository, of the tests, or of the kit."""
    return [name for name in FILE.findall(tree[PAGE]) if not any(root + name in tree for root in ROOTS)]


def rows_that_are_not_once(tree: Tree) -> list[str]:
    """Every invariant, failure case and trap has one row, in order, and there is no other."""
    rows: list[str] = ROW.findall(tree[PAGE])
    wrong = [name for name in KNOWN if rows.count(name) != 1] + [row for row in rows if row not in KNOWN]
    return wrong or [row for row, name in zip(rows, KNOWN, strict=True) if row != name]


def rows_without_an_answer(tree: Tree) -> list[str]:
    """The last column of each row names a test, or says why there is none, or that there is none yet."""
    rows = [line for line in tree[PAGE].splitlines() if ROW.match(line)]
    answers = {line: line.rstrip(" |").rpartition(" | ")[2] for line in rows}
    return [
        line[:40]
        for line, answer in answers.items()
        if not NAMED.search(answer) and not any(said in answer for said in UNPROVED)
    ]


def _functions(source: str) -> set[str]:
    nodes = ast.parse(source).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


THIS = "`architecture/test_reliability.py::test_the_page_keeps`"
PLANTS: list[tuple[Rule, str]] = [
    (unknown_tests, "`architecture/test_reliability.py::test_that_nobody_wrote`"),
    (unknown_tests, "`architecture/test_nothing.py::test_the_page_keeps`"),
    (unknown_tests, f"{THIS}, `::test_that_nobody_wrote`"),
    (unknown_tests, f"{THIS}\n`::test_the_page_keeps`"),
    (unknown_files, "`somewhere.py`"),
    (rows_that_are_not_once, f"| I1 | again | `db.py` | {THIS} |"),
    (rows_that_are_not_once, f"| I15 | nobody knows it | `db.py` | {THIS} |"),
    (rows_without_an_answer, "| F99 | a fault | `db.py` | surely |"),
    (rows_without_an_answer, f"| F99 | a fault | {THIS} | see there |"),
]
RULES = list(dict.fromkeys(rule for rule, _ in PLANTS))


@pytest.mark.parametrize("rule", RULES)
def test_the_page_keeps(rule: Rule, tree: Tree):
    assert rule(tree) == [], rule.__doc__


@pytest.mark.parametrize(("rule", "planted"), PLANTS)
def test_a_breach_is_found(rule: Rule, planted: str, tree: Tree):
    assert len(rule({**tree, PAGE: f"{tree[PAGE]}\n{planted}\n"})) == 1


def test_a_row_that_is_left_out_is_named(tree: Tree):
    page = re.sub(r"(?m)^\| F7 \|.*\n", "", tree[PAGE])
    assert rows_that_are_not_once({**tree, PAGE: page}) == ["F7"]


def test_two_rows_in_another_order_are_named(tree: Tree):
    page = tree[PAGE].replace("| F7 |", "| F0 |").replace("| F8 |", "| F7 |").replace("| F0 |", "| F8 |")
    assert rows_that_are_not_once({**tree, PAGE: page}) == ["F8", "F7"]
