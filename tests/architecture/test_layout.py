"""Where files are and how long they grow. Each rule takes a tree (path → text) and names what breaks it."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import pytest

Tree = Mapping[str, str]
Rule = Callable[[Tree], list[str]]

LINES = 300
WRITTEN = {".py", ".pyi", ".sh", ".js", ".ts", ".css", ".html", ".sql", ".yaml", ".yml", ".toml", ".md", ".mako"}
GENERATED = ("docs/api/", "docs/catalogue/", "shared/src/shared/pathways/schema")
LOCKS = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock"}


def long_files(tree: Tree) -> list[str]:
    """No file that people write is longer than 300 lines: split it by subject."""
    return [
        path
        for path, text in tree.items()
        if PurePosixPath(path).suffix in WRITTEN | {""} and not path.startswith(GENERATED) and text.count("\n") > LINES
    ]


def further_dockerfiles(tree: Tree) -> list[str]:
    """One Dockerfile builds every service."""
    found = [path for path in tree if "dockerfile" in path.rpartition("/")[2].lower()]
    return sorted(found)[1:]


def locks(tree: Tree) -> list[str]:
    """A lock file names package hosts; requirements*.txt do not."""
    return [path for path in tree if PurePosixPath(path).name in LOCKS]


def modules_without_purpose(tree: Tree) -> list[str]:
    """The first line of every module says what it is for."""
    return [path for path, text in tree.items() if path.endswith(".py") and not text.startswith('"""')]


def folders_without_package(tree: Tree) -> list[str]:
    """A folder of modules is a package, and its `__init__.py` says what the folder is for."""
    folders = {PurePosixPath(path).parent for path in tree if "/src/" in path and path.endswith(".py")}
    return [
        str(folder)
        for folder in folders
        if "migrations" not in folder.parts and not tree.get(f"{folder}/__init__.py", "").startswith('"""')
    ]


def packages_of_tests(tree: Tree) -> list[str]:
    """`tests/booking/__init__.py` would hide the package `booking`."""
    return [path for path in tree if path.startswith("tests/") and path.endswith("/__init__.py")]


def subjectless_tests(tree: Tree) -> list[str]:
    """`tests/booking/test_api.py`, or `test_api_<aspect>.py`, is about a module or folder `api` of booking."""
    parts = [PurePosixPath(path).parts for path in tree if path.endswith(".py")]
    names: dict[str, set[str]] = {}
    for package, *inside in (each[each.index("src") + 1 :] for each in parts if "src" in each):
        names.setdefault(package, set()).update(name.removesuffix(".py") for name in inside)
    return [
        "/".join(each)
        for each in parts
        if each[0] == "tests" and len(each) > 2 and each[1] in names
        if not set(each[2:-1]) <= names[each[1]] or not _is_about(each[-1], names[each[1]])
    ]


def _is_about(test: str, names: set[str]) -> bool:
    if not test.startswith("test_"):
        return True
    subject = test.removeprefix("test_").removesuffix(".py")
    return any(subject == name or subject.startswith(f"{name}_") for name in names)


PLANTS: list[tuple[Rule, str, str]] = [
    (long_files, "services/booking/src/booking/api.py", '"""Long."""\n' * (LINES + 1)),
    (long_files, "docs/partners.md", "line\n" * (LINES + 1)),
    (long_files, "Makefile", "line\n" * (LINES + 1)),
    (further_dockerfiles, "services/booking/Dockerfile", "FROM scratch\n"),
    (locks, "uv.lock", "version = 1\n"),
    (modules_without_purpose, "services/booking/src/booking/api.py", "# booking\n"),
    (modules_without_purpose, "services/booking/src/booking/__init__.py", ""),
    (folders_without_package, "services/booking/src/booking/rooms/meetings.py", '"""Meetings."""\n'),
    (packages_of_tests, "tests/booking/__init__.py", '"""Booking."""\n'),
    (subjectless_tests, "tests/booking/test_weather.py", '"""Weather."""\n'),
    (subjectless_tests, "tests/booking/weather/test_api.py", '"""Weather."""\n'),
]
RULES = list(dict.fromkeys(rule for rule, _, _ in PLANTS))


@pytest.mark.parametrize("rule", RULES)
def test_the_tree_keeps(rule: Rule, tree: Tree):
    assert rule(tree) == [], rule.__doc__


@pytest.mark.parametrize(("rule", "path", "text"), PLANTS)
def test_a_breach_is_found(rule: Rule, path: str, text: str, tree: Tree):
    assert rule({**tree, "deploy/Dockerfile": "FROM scratch\n", path: text}) != rule(tree)


def test_the_tree_is_what_git_has_or_would_take(tmp_path: Path, read_tree: Callable[[Path], Tree]):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("left/\n")
    for name in ("left/out.py", "taken/ö.py"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text("text")
    assert dict(read_tree(tmp_path)) == {".gitignore": "left/\n", "taken/ö.py": "text"}
