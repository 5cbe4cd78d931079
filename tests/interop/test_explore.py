"""The page in a browser: it computes what the package computes, asks nobody and complains of nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jakinib.assay import CellAssay
from jakinib.assay.compare import conditions_of, exposure, inhibition
from jakinib.build import ModelSpec, compose, translated
from jakinib.explore import page
from jakinib.explore.opening import arms
from jakinib.lanes import Lanes
from jakinib.library import get_library
from jakinib.scenario import Scenario
from jakinib.simulate import Protocol, Step, load

BROWSER = shutil.which("chromium")
NEAR = 1e-5  # relative

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs a browser; Debian has it in the package chromium"),
]


@pytest.fixture(scope="module")
def opened(file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the page says of itself, and what the browser said while it was open."""
    assert BROWSER
    profile = tmp_path_factory.mktemp("profile")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
               "--enable-logging=stderr", "--dump-dom"]  # fmt: skip
    run = subprocess.run(
        [BROWSER, *options, f"{file.as_uri()}#selftest"], capture_output=True, encoding="utf-8", timeout=300,
        check=True,
    )  # fmt: skip
    said = re.search(r'<script type="application/json" id="selftest">(.*?)</script>', run.stdout, re.DOTALL)
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert said, console
    found: dict[str, Any] = json.loads(said[1])
    return found | {"console": console}


def model(cytokine: str, cell: str = "") -> Lanes:
    library = get_library()
    return Lanes(
        translated(
            compose(ModelSpec("cytokine_signalling", (cytokine,), tuple(library.inhibitors), cell=cell))
        )
    )


@pytest.mark.parametrize("cytokine", get_library().cytokines)
def test_half_inhibition_lies_where_the_page_says_for_every_inhibitor(
    opened: dict[str, Any], cytokine: str
) -> None:
    lanes = model(cytokine)
    for inhibitor, ic50 in opened["ic50"][cytokine].items():
        conditions = CellAssay(inhibitor, cytokine)
        around = [0.0, *(conditions.free * ic50 * (1 + error) for error in (-NEAR, NEAR))]
        runs = lanes.run_many([conditions.protocol(free) for free in around], [conditions.observable])
        top, below, above = (float(np.asarray(run)[0, 0]) for run in runs)
        assert above < top / 2 < below, inhibitor


@pytest.mark.parametrize("cytokine", get_library().cytokines)
def test_every_cell_takes_the_course_that_the_package_gives_it(opened: dict[str, Any], cytokine: str) -> None:
    library = get_library()
    times = [minutes / 60 for minutes in opened["minutes"]]
    for cell, courses in opened["course"][cytokine].items():
        conditions = CellAssay(next(iter(library.inhibitors)), cytokine, cell=cell)
        protocol = conditions.protocol(100.0)
        longer = Protocol(times, protocol.settings, protocol.steps, protocol.start)
        (table,) = model(cytokine, cell).run_many([longer], [f"{name}_percent" for name in courses])
        assert pytest.approx(np.asarray(table), rel=NEAR) == np.array(list(courses.values())).T, cell


def test_a_day_of_every_inhibitor_in_every_population_is_that_of_the_package(opened: dict[str, Any]) -> None:
    library = get_library()
    formed = {drug.metabolite for drug in library.inhibitors.values()}
    dosed = {drug.id for drug in library.inhibitors.values() if drug.pharmacokinetics} - formed
    assert {one["inhibitor"] for one in opened["days"]} == dosed
    for one in opened["days"]:
        arm, drug = one["arm"], one["inhibitor"]
        often = {24: "qd", 12: "bid"}[arm["plan"]["interval"]]
        day = exposure(f"{drug} {arm['plan']['dose']} mg {often}", one["population"])
        acting = tuple(day.free)
        conditions = conditions_of(day, arm["cytokine"])
        cell = load(
            "cytokine_signalling", cytokines=(arm["cytokine"],), inhibitors=acting, cell=conditions.cell
        )
        at = [int(np.argmin(abs(day.time - hour))) for hour in one["hours"]]
        hours = [round(hour / 0.05) for hour in range(25)]
        for name in acting:
            assert one["free"][name] == pytest.approx(day.free[name][hours], rel=NEAR), (drug, name)
        wanted = inhibition(day, conditions, cell)[at]
        # A slight inhibition is the difference of two signals, each integrated to 1e-8 of itself.
        assert one["inhibition"] == pytest.approx(wanted, rel=NEAR, abs=3e-8), (drug, one["population"])


def test_patients_and_circumstances_change_plasma_as_in_the_package(opened: dict[str, Any]) -> None:
    for one in opened["days"]:
        with_ = tuple(get_library().inhibitor(one["inhibitor"]).conditions)
        day = exposure(
            "7 mg once", one["population"], inhibitor=one["inhibitor"], weight=61, eGFR=41, conditions=with_,
            ends=True,
        )  # fmt: skip
        hours = [round(hour / 0.05) for hour in range(1, 25)]
        for name, free in one["other"].items():
            assert free[1:] == pytest.approx(day.free[name][hours], rel=NEAR), one["inhibitor"]


def test_jaks_are_occupied_as_in_the_model(opened: dict[str, Any]) -> None:
    for one in opened["days"]:
        arm = one["arm"]
        conditions = CellAssay(one["inhibitor"], arm["cytokine"])
        hours = one["hours"].index(1)
        levels = {f"I_{name}": free[1] for name, free in one["free"].items()}
        jaks = list(one["occupancy"])
        dose = Step(0.0, {f"L_{get_library().cytokine(arm['cytokine']).symbol}": conditions.cytokine_dose})
        (table,) = model(arm["cytokine"]).run_many(
            [Protocol([0.25], levels, [dose], -1.0)], [f"occupancy_{jak}" for jak in jaks]
        )
        found = [one["occupancy"][jak][hours] for jak in jaks]
        assert found == pytest.approx(np.asarray(table)[0], rel=NEAR)


def test_the_scenario_that_the_page_writes_is_the_question_it_holds(
    opened: dict[str, Any], tmp_path: Path
) -> None:
    for one in opened["days"]:
        for text, asked in zip(one["yaml"], one["asked"], strict=True):
            file = tmp_path / "scenario.yaml"
            file.write_text(text, encoding="utf-8")
            (arm,) = arms([Scenario.read(file)])
            assert arm == {key: asked[key] for key in arm}, text


def test_the_same_library_gives_the_same_page(file: Path) -> None:
    assert page() == file.read_text(encoding="utf-8")


def test_the_page_asks_nobody_and_complains_of_nothing(file: Path, opened: dict[str, Any]) -> None:
    assert opened["asked"] == []
    assert opened["console"] == []
    text = file.read_text(encoding="utf-8")
    assert len(text.encode()) < 3e6
    assert not re.search(r'\b(?:src|href)=(?!"(?:data:|#))', text.split('<script type="application/json"')[0])
    assert "default-src 'none'" in text
