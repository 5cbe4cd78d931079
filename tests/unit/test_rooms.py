"""The rooms of the package: nothing imports anything on its right; each number is found by its definition."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import jakinib

ROOT = Path(jakinib.__file__).parent
CONTRIBUTING = (ROOT.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
PICTURE = re.findall(r"^    ([a-z][a-z >]+?)(?:  .*)?$", CONTRIBUTING, re.MULTILINE)
ROOMS = tuple(room for line in PICTURE if ">" in line for room in line.replace(">", " ").split())


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if room != "__init__":
            yield room, path


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Rooms that a module imports, also inside functions and for type checkers, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            names = [node.module or ""]
            if node.module == "jakinib":
                names = [f"jakinib.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "jakinib" and len(parts) > 1 and parts[1] in ROOMS:
                yield parts[1], node.lineno


def test_the_picture_shows_every_room_once() -> None:
    assert sorted(ROOMS) == sorted({room for room, _ in modules()})


@pytest.mark.parametrize("room", [room for room in ROOMS if (ROOT / room).is_dir()])
def test_a_room_says_in_its_first_lines_what_lives_there_and_what_it_may_import(room: str) -> None:
    first, *_, last = (importlib.import_module(f"jakinib.{room}").__doc__ or "").strip().splitlines()
    assert len(first) > 40
    assert last.endswith(f"up to jakinib.{ROOMS[ROOMS.index(room) - 1]}.")


def test_tests_reach_the_public_interface_alone() -> None:
    """Ruff refuses a private attribute; here are the private names that are imported or replaced."""
    found = []
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jakinib"):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                replaced = node.func.attr in ("setattr", "delattr", "object")
                names = [str(a.value) for a in node.args if isinstance(a, ast.Constant)] if replaced else []
            found += [
                f"{path.name}:{node.lineno}: {name}"
                for name in names
                if any(part.startswith("_") and not part.startswith("__") for part in name.split("."))
            ]
    assert found == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_nothing_on_its_right(room: str) -> None:
    right = set(ROOMS[ROOMS.index(room) + 1 :])
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {other}"
        for here, path in modules() if here == room
        for other, line in imported(path) if other in right
    ]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("room", ["experiments", "evaluate"])
def test_what_a_number_means_is_found_by_go_to_definition(room: str) -> None:
    """Nothing is looked up by a composed name, cast to what it is not, or written into __dict__."""
    found = []
    for path in (path for here, path in modules() if here == room):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            written = isinstance(node, ast.Attribute) and node.attr == "__dict__"
            if called in ("getattr", "setattr", "cast") or written:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_no_function_is_longer_than_60_lines_and_no_module_than_400() -> None:
    long = []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        long += [path.name] if len(text.splitlines()) > 400 else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                long += [f"{path.name}: {node.name}, {length} lines"] if length > 60 else []
    assert long == []
