"""The same run in other tools, from the same file, at the same relative tolerance; medians and distances.

A dosed day in blood, whose doses are events of the file, and one hour of a cell under IL-6. What is not
installed is said: ``pip install bngsim``; AMICI needs a C++ compiler, BLAS (Debian: g++, libopenblas-dev) and
swig. Both may also stand in another environment, whose interpreter JAKINIB_INTEROP names (a list of paths).
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import libsbml
import numpy as np
import roadrunner
from cases import CYTOKINE, DOSE, as_if_new, day_in_blood
from measure import Measurement, rounds
from numpy.typing import NDArray
from rich.table import Table

import jakinib as jk
from jakinib.lanes import Lanes
from jakinib.simulate import RTOL

ROUNDS, TOGETHER = 11, 16
ATOL = 1e-12  # in what the tool integrates in, where it has no vector of them; COPASI scales it by itself
NAMES = {"amici": "AMICI"}  # of packages that are spelled otherwise
Values = NDArray[np.float64]
Tools = Mapping[str, Callable[[], Values]]


@dataclass(frozen=True)
class Task:
    """A run of a model by ``protocol``, which is also what the file ``text`` does by itself."""

    name: str
    model: jk.Model
    protocol: jk.Protocol
    text: str

    @property
    def times(self) -> Values:
        return np.asarray(self.protocol.times, dtype=float)

    @functools.cached_property
    def amounts(self) -> dict[str, str]:
        """Home of the species that are amounts."""
        document = libsbml.readSBMLFromString(self.text)  # which holds the species
        listed = document.getModel().getListOfSpecies()
        return {s.getId(): s.getCompartment() for s in listed if s.getHasOnlySubstanceUnits()}

    @functools.cached_property
    def sizes(self) -> Values:
        """Volume of the species that are amounts, 1 of the others."""
        homes = (self.amounts.get(name) for name in self.model.species)
        return np.array([self.model.initial(home) if home else 1.0 for home in homes])


def tasks() -> Iterator[Task]:
    cell = jk.load("cytokine_signalling", cytokines="IL-6")
    hour = jk.Protocol(np.linspace(0, 1, 61), CYTOKINE)
    yield Task("IL-6, 60 min, 61 points", cell, hour, _stimulated(cell.sbml))
    with tempfile.TemporaryDirectory() as folder:
        (path,) = jk.export("blood_pkpd", folder, ["sbml-l3v2"], DOSE)
        text = path.read_text(encoding="utf-8")
    yield Task("blood_pkpd, 24 h, 4 mg, 97 points", jk.load("blood_pkpd"), day_in_blood(), _stimulated(text))


def _stimulated(text: str) -> str:
    """The file with the cytokine at its initial value."""
    document = libsbml.readSBMLFromString(text)
    for symbol, value in CYTOKINE.items():
        document.getModel().getSpecies(symbol).setInitialConcentration(value)
    return str(libsbml.writeSBMLToString(document))


def comparison(task: Task) -> list[tuple[Measurement, float]]:
    """Time of each tool and the largest relative difference of its result from ours; ours stands first."""
    lanes, model = Lanes.of(task.model), task.model
    together = [task.protocol] * TOGETHER
    in_lanes = f"jakinib, {TOGETHER} runs in lanes, each"
    tools = {
        "jakinib": lambda: model.run(task.protocol, model.species),
        in_lanes: lambda: np.asarray(lanes.run_many(together, model.species)[0]),
        **_tellurium(task),
        **_copasi(task),
    }
    seconds = rounds(tools, ROUNDS)
    found = {name: (seconds[name], run()) for name, run in tools.items()}
    found |= {
        f"{NAMES.get(tool, tool)}, loaded once": own for tool in OUTSIDE if (own := _outside(task, tool))
    }
    ours = found["jakinib"][1]
    scale = np.abs(ours).max(axis=0)
    return [
        (
            Measurement.of(name, [1e3 * s / (TOGETHER if name == in_lanes else 1) for s in taken], "ms"),
            float((np.abs(values - ours).max(axis=0) / scale).max()),
        )
        for name, (taken, values) in found.items()
    ]


def table(task: Task, compared: list[tuple[Measurement, float]]) -> Table:
    out = Table(title=f"{task.name}, all species, rtol {RTOL:g}", title_justify="left")
    for column in ("tool", "median", "quartiles", "times jakinib", "largest difference"):
        out.add_column(column, justify="left" if column == "tool" else "right")
    ours = compared[0][0].median
    for one, difference in compared:
        out.add_row(
            one.name, f"{one.median:.3g} {one.unit}", f"{one.low:.3g} to {one.high:.3g}",
            f"{one.median / ours:.2g}", f"{difference:.0e}",
        )  # fmt: skip
    for tool in OUTSIDE:
        if not _python_with(tool):
            out.add_row(f"{NAMES.get(tool, tool)}: not installed", "", "", "", "")
    return out


def _tellurium(task: Task) -> Tools:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tellurium
    selections = [s if s in task.amounts else f"[{s}]" for s in task.model.species]

    def load(text: str) -> roadrunner.RoadRunner:
        loaded = tellurium.loadSBMLModel(text)
        loaded.integrator.relative_tolerance = RTOL
        return loaded

    def run(loaded: roadrunner.RoadRunner) -> Values:
        loaded.resetToOrigin()
        return np.array(loaded.simulate(task.times[0], task.times[-1], len(task.times), selections))

    once = load(task.text)
    return {
        "tellurium, loaded and compiled for each run": lambda: run(load(as_if_new(task.text))),
        "tellurium, loaded for each run, compiled code reused": lambda: run(load(task.text)),
        "tellurium, loaded once and reset": lambda: run(once),
    }


def _copasi(task: Task) -> Tools:
    import basico

    def run(loaded: object) -> Values:
        found = basico.run_time_course(
            model=loaded, values=task.times.tolist(), use_sbml_id=True, method="deterministic",
            r_tol=RTOL, a_tol=1e-20, use_initial_values=True,
        )  # fmt: skip
        return np.column_stack([found[name].to_numpy() for name in task.model.species]) * task.sizes

    def naive() -> Values:
        loaded = basico.load_model_from_string(task.text)
        try:
            return run(loaded)
        finally:
            basico.remove_datamodel(loaded)

    once = basico.load_model_from_string(task.text)
    return {"COPASI, loaded for each run": naive, "COPASI, loaded once": lambda: run(once)}


def _outside(task: Task, tool: str) -> tuple[list[float], Values] | None:
    """Seconds and result of a tool, which shares no process with others; None where it is not installed."""
    python = _python_with(tool)
    if not python:
        return None
    asked = [task.text, task.times.tolist(), list(task.model.species), ROUNDS, RTOL, ATOL]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.json"
        path.write_text(json.dumps(asked), encoding="utf-8")
        command = [python, "-W", "ignore", "-c", ASKED + OUTSIDE[tool] + ANSWER, str(path)]
        beside = os.pathsep.join((str(Path(python).parent), os.environ["PATH"]))  # AMICI calls swig
        done = subprocess.run(
            command, check=True, capture_output=True, encoding="utf-8", cwd=folder,
            env={**os.environ, "PATH": beside},
        )  # fmt: skip
    seconds, values = json.loads(done.stdout.splitlines()[-1])
    return seconds, np.array(values)


@functools.cache
def _python_with(tool: str) -> str:
    """The interpreter that has a tool: this one, or one of JAKINIB_INTEROP; empty where none has it."""
    if importlib.util.find_spec(tool):
        return sys.executable
    for other in filter(os.path.exists, os.environ.get("JAKINIB_INTEROP", "").split(os.pathsep)):
        if not subprocess.run([other, "-c", f"import {tool}"], capture_output=True).returncode:
            return str(Path(other).absolute())
    return ""


ASKED = """
import json, sys, time
import numpy as np
text, times, species, rounds, rtol, atol = json.load(open(sys.argv[1], encoding="utf-8"))
"""
ANSWER = """
run()
seconds = []
for _ in range(rounds):
    begin = time.process_time()
    values = run()
    seconds.append(time.process_time() - begin)
print(json.dumps([seconds, np.asarray(values).tolist()]))
"""
OUTSIDE = {
    "bngsim": """
import bngsim
model = bngsim.Model.from_sbml_string(text)
simulator = bngsim.Simulator(model)
columns = [list(model.species_names).index(name) for name in species]
def run():
    model.reset()
    found = simulator.run(t_span=(times[0], times[-1]), n_points=len(times), rtol=rtol, atol=atol)
    return np.asarray(found.species)[:, columns]
""",
    "amici": """
import amici
from amici.sim.sundials import run_simulation
importer = amici.SbmlImporter(text, from_file=False)
model = importer.sbml2amici(
    "measured", "compiled", compute_conservation_laws=False, generate_sensitivity_code=False
)
model.set_timepoints(times)
solver = model.create_solver()
solver.set_relative_tolerance(rtol)
solver.set_absolute_tolerance(atol)
columns = [list(model.get_state_ids()).index(name) for name in species]
def run():
    return np.asarray(run_simulation(model, solver).x)[:, columns]
""",
}
