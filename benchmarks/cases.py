"""What jakinib itself is measured on."""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from measure import Measurement, rounds, timed

import jakinib as jk
from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import dosing_steps
from jakinib.assay.kinase import KinaseAssay
from jakinib.build import built, compose, to_sbml
from jakinib.fit.plan import plan_path, read_plan
from jakinib.fit.problem import Problem
from jakinib.library.measurements import get_data

DRUG, DOSE, CYTOKINE = "baricitinib", jk.Regimen.single(4), {"L_IL6": 1.0}  # mg, nM
DAY = np.linspace(0, 24, 97)
RUNS = 2000  # for the memory check


def day_in_blood() -> jk.Protocol:
    """24 h after one dose of 4 mg under a constant 1 nM of IL-6, read every 15 min."""
    return jk.Protocol(DAY, CYTOKINE, dosing_steps(DOSE, Disposition.of(DRUG, "healthy_adult"), DRUG))


def hour(model: jk.Model) -> jk.Protocol:
    """60 min under 0.5 nM of every cytokine that a cell model knows, read at the end."""
    return jk.Protocol([1.0], {name: 0.5 for name in model.settable if name.startswith("L_")})


def measurements() -> Iterator[Callable[[], Measurement]]:
    """Each call takes one figure; targets are those of the requirements."""
    blood, protocol = jk.load("blood_pkpd"), day_in_blood()
    yield lambda: timed(
        "blood_pkpd, 24 h, 4 mg, 97 points, all species (Model.run)",
        lambda: blood.run(protocol, blood.species), 101, target=5,
    )  # fmt: skip
    yield lambda: timed(
        "the same as a table with units and provenance (jakinib.simulate)",
        lambda: jk.simulate(blood, protocol), 51, target=5,
    )  # fmt: skip
    cell = jk.load("cytokine_signalling", cytokines="IL-6")
    hour = jk.Protocol(np.linspace(0, 1, 61), {"L_IL6": 1.0, f"I_{DRUG}": 30.0})
    yield lambda: timed(
        "one cytokine (IL-6), 60 min, 61 points, all species",
        lambda: cell.run(hour, cell.species),
        101,
        target=1,
    )
    whole = jk.load("cytokine_signalling")
    doses = {symbol: 0.5 for symbol in whole.settable if symbol.startswith("L_")}
    all_at_once = jk.Protocol(np.linspace(0, 1, 13), doses)
    yield lambda: timed(
        "composite cell, all cytokines at once, 60 min",
        lambda: whole.run(all_at_once, ["pSTAT3_percent"]),
        31,
        target=6,
    )
    yield lambda: timed(
        "cell IC50 (IL-6, pSTAT3, whole blood)", lambda: jk.assay(DRUG, "IL-6", "pSTAT3").ic50, 31, target=25
    )
    yield lambda: timed("enzyme IC50 (JAK1)", lambda: KinaseAssay(DRUG, "JAK1").curve().ic50, 31, target=25)

    yield lambda: timed("compile blood_pkpd from its SBML", lambda: jk.Model(as_if_new(blood.sbml)), 15)
    yield lambda: timed("compose all committed models and write their SBML", _build_all, 5)

    problem = Problem(read_plan(plan_path("pathways"), get_data()), get_data())
    yield lambda: timed("one evaluation of the pathways objective", _moved(problem), 9, target=150)

    yield lambda: _start("import jakinib, fresh process", [sys.executable, "-c", "import jakinib"], 0.35)
    script = str(Path(sys.executable).with_name("jakinib"))
    yield lambda: _start("jakinib --help, fresh process", [script, "--help"], 0.6)
    yield lambda: _start("import jakinib and load blood_pkpd, fresh process", [sys.executable, "-c", _LOAD])
    yield _leak


_LOAD = "import jakinib; jakinib.load('blood_pkpd')"


def _moved(problem: Problem) -> Callable[[], object]:
    """An evaluation at a point a little further each time: the last one is remembered."""
    step = itertools.count(1)
    return lambda: problem.residuals(problem.start + 1e-9 * next(step))


def as_if_new(sbml: str) -> str:
    """The model under another name, for libRoadRunner reuses the code of a live model that is the same."""
    return sbml.replace('name="', f'name="{next(_COUNTER)} ', 1)


_COUNTER = itertools.count(1)


def _build_all() -> None:
    for name, spec in built().items():
        to_sbml(compose(spec, name))


def _start(name: str, command: list[str], target: float | None = None) -> Measurement:
    seconds = rounds(
        {name: lambda: subprocess.run(command, check=True, capture_output=True)}, 11, clock=time.perf_counter
    )[name]
    return Measurement.of(name, seconds, "s", target)


def _leak() -> Measurement:
    """Growth of resident memory over 2,000 runs, in a process that does nothing else."""
    command = [sys.executable, __file__]
    grown = [
        float(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
        for _ in range(3)
    ]
    return Measurement.of(f"resident memory gained in {RUNS:,} runs of blood_pkpd", grown, "MB")


def _memory_gained() -> float:
    """MB by which resident memory grows over the runs, after a hundred to warm up."""
    blood, protocol = jk.load("blood_pkpd"), day_in_blood()
    for _ in range(100):
        blood.run(protocol, blood.species)
    before = _resident()
    for _ in range(RUNS):
        blood.run(protocol, blood.species)
    return _resident() - before


def _resident() -> float:
    """Resident memory of this process in MB."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text(encoding="utf-8").split()[1]) * resource.getpagesize() / 1e6
    command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    return int(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout) * 1024 / 1e6


if __name__ == "__main__":
    print(_memory_gained())
