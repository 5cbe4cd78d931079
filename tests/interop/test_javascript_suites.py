"""Other people's models in JavaScript, where JAKINIB_SHARED names the folder that holds them."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import libsbml
import numpy as np
import pytest
from node import NODE, Node
from numpy.typing import NDArray

import jakinib as jk
from jakinib.errors import ExportError, JakinibError
from jakinib.simulate import Protocol

SHARED = Path(os.environ.get("JAKINIB_SHARED", "")) / "foreign"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None, reason="Node is not installed"),
    pytest.mark.skipif(
        "JAKINIB_SHARED" not in os.environ or not SHARED.is_dir(),
        reason="JAKINIB_SHARED names no folder of models",
    ),
]


@pytest.fixture
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    started = Node(tmp_path_factory.mktemp("modules"))
    yield started
    started.close()


def unpacked(archive: str, folder: Path) -> Path:
    with tarfile.open(SHARED / archive) as packed:
        packed.extractall(folder, filter="data")
    return folder


def listed(text: str) -> list[str]:
    return [part for part in text.replace(",", " ").split() if part]


def expected(folder: Path) -> tuple[list[str], NDArray[np.float64]]:
    head, *rows = [line.split(",") for line in (folder / "results.csv").read_text().splitlines() if line]
    names = [name.strip().strip('"') for name in head]
    return names[1:], np.array([[float(cell) for cell in row] for row in rows])


def powers(text: str, asked: dict[str, str]) -> dict[str, tuple[str, int]]:
    """Species asked for in another measure than their symbol has: their compartment and its power."""
    found = {}
    document = libsbml.readSBMLFromString(text)
    for species in document.getModel().getListOfSpecies():
        amount = species.getHasOnlySubstanceUnits()
        if species.getId() in listed(asked.get("concentration" if amount else "amount", "")):
            found[species.getId()] = (species.getCompartment(), -1 if amount else 1)
    return found


def test_no_case_of_the_sbml_test_suite_is_wrong(
    node: Node, tmp_path_factory: pytest.TempPathFactory
) -> None:
    passed, wrong = 0, []
    for folder in sorted(
        p.parent
        for p in unpacked("sbml_semantic.tgz", tmp_path_factory.mktemp("suite")).rglob("settings.txt")
    ):
        lines = (folder / "settings.txt").read_text().splitlines()
        asked = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        if not asked.get("duration"):
            continue
        text = (folder / "model.xml").read_text(encoding="utf-8")
        try:
            module = node.module(text)
        except ExportError:
            continue
        names, table = expected(folder)
        for name in set(names) - set(listed(asked["variables"])):
            names.remove(name)
        scales = powers(text, asked)
        read = [*names, *(scales[name][0] for name in names if name in scales)]
        found = node.run(module, Protocol(table[:, 0]), read, rtol=1e-9)
        for k, name in enumerate(names):
            home, power = scales.get(name, (name, 0))
            ours, theirs = found[:, k] * found[:, read.index(home)] ** power, table[:, 1 + k]
            if not np.allclose(ours, theirs, float(asked["relative"]), float(asked["absolute"])):
                wrong.append(f"{folder.name}: {name}")
        passed += 1
    assert wrong == []
    assert passed >= 318


def test_no_published_model_is_wrong(node: Node, tmp_path: Path) -> None:
    """Within 1e-3 of what the package says, which is held against libRoadRunner by itself."""
    times, passed, wrong = Protocol([0.0, 1.0, 5.0, 10.0]), 0, []
    for file in sorted(unpacked("curated.tgz", tmp_path).rglob("*.xml")):
        try:
            model = jk.load(file)
            theirs = model.run(times, model.species)
            module = node.module(model.sbml)
        except JakinibError:
            continue
        ours = node.run(module, times, list(model.species))
        if (abs(ours - theirs) > 1e-3 * abs(theirs) + 1e-9 * abs(theirs).max(axis=0) + 1e-15).any():
            wrong.append(file.stem)
        passed += 1
    assert wrong == []
    assert passed >= 65
