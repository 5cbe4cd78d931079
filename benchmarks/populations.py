"""Virtual populations: their speed, and that of other tools on the same patients.

Side by side: blood_pkpd over 7 days of 4 mg once daily under a constant cytokine, patients that differ in
weight and eGFR, read every 15 min of the last day, rtol 1e-6. The population itself needs less than that: it
runs the PK over 7 days and stimulates each patient's cells at a few concentrations.
Speeds are processor time, which other programs on the machine do not lengthen; wall time is given as well.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from measure import Measurement
from rich.table import Table

import jakinib as jk
from jakinib.assay import Disposition
from jakinib.assay.dosing import dosed as dosed_protocol
from jakinib.population.run import population

REGIMEN, RTOL, CYTOKINE = jk.Regimen.parse("4 mg qd x 7"), 1e-6, 1.0  # mg, -, nM
READ = np.linspace(144, 168, 97)  # h, the last day
ROUNDS = 7
PATIENTS = {"jakinib": 40, "COPASI": 20, "tellurium": 4}  # a round of each tool
TARGET_TIMES = {"tellurium, loaded and compiled for each patient": 20, "COPASI, loaded once": 3}


def people(n: int) -> list[tuple[float, float]]:
    """Weight (kg) and eGFR (mL/min) of the patients of a round."""
    rng = np.random.default_rng(7)
    return [
        (float(w), float(g)) for w, g in zip(rng.uniform(50, 110, n), rng.uniform(40, 130, n), strict=True)
    ]


def _ours() -> Callable[[], object]:
    model = jk.load("blood_pkpd", population="ra_adult", rtol=RTOL)
    uptake = {"baricitinib": Disposition.of("baricitinib", "ra_adult")}
    patients = people(PATIENTS["jakinib"])

    def run() -> np.ndarray:
        for weight, eGFR in patients:
            settings = {"weight": weight, "eGFR": eGFR, "L_IL6": CYTOKINE}
            protocol = dosed_protocol(model, REGIMEN, uptake, READ, settings)
            table = model.run(protocol, ["C_baricitinib", "pSTAT3_percent"])
        return table

    return run


OTHERS = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
text, people, tool, rounds = json.load(open(sys.argv[1], encoding="utf-8"))
seconds = []
if tool == "COPASI":
    import basico
    model = basico.load_model_from_string(text)
    def run():
        for weight, eGFR in people:
            basico.set_parameters("weight", exact=True, initial_value=weight, model=model)
            basico.set_parameters("eGFR", exact=True, initial_value=eGFR, model=model)
            basico.run_time_course(
                model=model, values=[0.0, *np.linspace(144, 168, 97)], method="deterministic", r_tol=1e-6,
                a_tol=1e-20, use_initial_values=True,
            )
else:
    import tellurium
    def run():
        for weight, eGFR in people:
            # The code of a live model that is the same would be reused: another name, another model.
            number = len(seconds) * len(people) + people.index([weight, eGFR])
            r = tellurium.loadSBMLModel(text.replace('name="', 'name="%d ' % number, 1))
            r.integrator.relative_tolerance = 1e-6
            r.weight, r.eGFR = weight, eGFR
            r.simulate(0, 144, 2)
            r.simulate(144, 168, 97, ["time", "C_baricitinib", "pSTAT3_percent"])
run()
for _ in range(rounds):
    begin = time.process_time()
    run()
    seconds.append((time.process_time() - begin) / len(people))
print("SECONDS", json.dumps(seconds))
"""


def _others(text: str, tool: str) -> list[float]:
    """ms a patient of another tool, in a process of its own."""
    import json

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.json"
        path.write_text(json.dumps([text, people(PATIENTS[tool]), tool, ROUNDS]), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", OTHERS, str(path)], check=True, capture_output=True, encoding="utf-8"
        )
    line = next(line for line in done.stdout.splitlines() if line.startswith("SECONDS"))
    return [1e3 * s for s in json.loads(line.removeprefix("SECONDS"))]


def dosed() -> str:
    """blood_pkpd of an adult with RA, doses as events, cytokine at its initial value."""
    import libsbml

    with tempfile.TemporaryDirectory() as folder:
        (path,) = jk.export("blood_pkpd", folder, ["sbml-l3v2"], REGIMEN, "ra_adult")
        document = libsbml.readSBMLFromFile(str(path))
    document.getModel().getSpecies("L_IL6").setInitialConcentration(CYTOKINE)
    return str(libsbml.writeSBMLToString(document))


def side_by_side() -> list[Measurement]:
    """ms a patient: jakinib, tellurium and COPASI on the same model and task."""
    run, text = _ours(), dosed()
    run()
    ours = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        run()
        ours.append(1e3 * (time.process_time() - begin) / PATIENTS["jakinib"])
    return [
        Measurement.of("jakinib", ours, "ms"),
        Measurement.of("COPASI, loaded once", _others(text, "COPASI"), "ms"),
        Measurement.of("tellurium, loaded and compiled for each patient", _others(text, "tellurium"), "ms"),
    ]


def own_time() -> Measurement:
    """Share of a chunk's time spent inside the lane engine, percent; the rest is plasma and bookkeeping."""
    from jakinib.lanes import native
    from jakinib.population.engine import Worker
    from jakinib.population.study import study

    job, _ = study("ra_adult", 250, "4 mg qd x 7")
    worker, call = Worker(job), native.run
    worker.run(0)
    shares, inside = [], 0.0

    def timed(*args: object, **options: object) -> object:
        nonlocal inside
        begin = time.perf_counter()
        try:
            return call(*args, **options)  # type: ignore[arg-type]
        finally:
            inside += time.perf_counter() - begin

    native.run = timed  # type: ignore[assignment]
    try:
        for _ in range(ROUNDS):
            inside, begin = 0.0, time.perf_counter()
            worker.run(0)
            shares.append(100 * inside / (time.perf_counter() - begin))
    finally:
        native.run = call
    return Measurement.of("the lane engine's share of the time", shares, "%")


@dataclass(frozen=True)
class Throughput:
    """Wall seconds, processor seconds of all workers, and the largest resident memory of a worker (MB)."""

    wall: float
    processor: float
    memory: float


def throughput(n: int, workers: int) -> Throughput:
    """A population of ``n`` on fresh workers that have imported the package and compiled nothing."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        before = _states(pool, workers)
        begin = time.perf_counter()
        table = population("ra_adult", n, "4 mg qd x 7", executor=pool, workers=workers)
        wall = time.perf_counter() - begin
        after = _states(pool, workers)
    if (table["status"] != "ok").any():
        raise RuntimeError("patients failed; the figure would flatter")
    spent = sum(after[pid][0] - before[pid][0] for pid in after)
    return Throughput(wall, spent, max(memory for _, memory in after.values()))


def _states(pool: ProcessPoolExecutor, workers: int) -> dict[int, tuple[float, float]]:
    """Processor seconds and peak memory of every worker, by process."""
    states: dict[int, tuple[float, float]] = {}
    while len(states) < workers:
        states.update({pid: (cpu, mb) for pid, cpu, mb in pool.map(_state, range(4 * workers))})
    return states


def _state(_: int) -> tuple[int, float, float]:
    import_module("jakinib.population.engine")
    time.sleep(0.05)
    return os.getpid(), time.process_time(), _peak()


def _peak() -> float:
    """Largest resident memory of this process, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss begins at that of the process that started this one
        line = next(x for x in status.read_text(encoding="utf-8").splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def table() -> Table:
    """A patient in other tools."""
    compared = side_by_side()
    title = "blood_pkpd, 7 days, weight and eGFR vary, 97 points of the last day, rtol 1e-6"
    out = Table(title=title, title_justify="left")
    for column in ("tool", "ms a patient", "quartiles", "times jakinib", "target", ""):
        out.add_column(column, justify="left" if column in ("tool", "") else "right")
    for one in compared:
        target, times = TARGET_TIMES.get(one.name), one.median / compared[0].median
        met = "" if target is None else "met" if times > target else "missed"
        out.add_row(one.name, f"{one.median:.3g}", f"{one.low:.3g} to {one.high:.3g}", f"{times:.3g}",
                    "" if target is None else f"> {target}", met)  # fmt: skip
    return out
