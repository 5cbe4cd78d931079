"""Runs of one model, many at a time in lanes and one by one in libRoadRunner, as goals ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from cases import CYTOKINE, DAY, DOSE, DRUG, hour
from goals import Row, in_turn
from numpy.typing import NDArray

import jakinib as jk
from jakinib.assay import Disposition
from jakinib.assay.dosing import dosed, dosing_steps
from jakinib.fit.context import FIT_RTOL
from jakinib.lanes import Lanes
from jakinib.paths import models
from jakinib.population.engine import Worker
from jakinib.population.sampling import CHUNK
from jakinib.population.study import study

RUNS, ROUNDS = 16, 11
PARAMETERS, AT_A_TIME = 42, 4  # of a gradient; gradients one after the other, as a fit takes them
SIGNAL = ["pSTAT3_percent"]
PEOPLE = "ra_adult"
# Times that a prototype of the lanes was faster than libRoadRunner, by relative tolerance.
GOALS = {"IL-6 cut, 60 min": (8.5, 4.1), "all cytokines, 60 min": (9.6, 4.4), "blood, 24 h": (3.8, 3.4)}


def rows() -> Iterator[Row]:
    for work, goals in GOALS.items():
        name, protocol = _case(work)
        text = (models() / "sbml" / f"{name}.xml").read_text(encoding="utf-8")
        for rtol, goal in zip((1e-6, 1e-8), goals, strict=True):
            model = jk.Model(text, rtol)
            lanes = Lanes(text, rtol, reference=model)
            ways = {
                "libRoadRunner": partial(_each, model, [protocol] * RUNS),
                "lanes": partial(lanes.run_many, [protocol] * RUNS, SIGNAL),
            }
            yield in_turn(f"{work}, rtol {rtol:g}", ways, ROUNDS, RUNS, ratio=goal)
    yield from _gradients()
    yield _plasma()
    yield _population()


def _case(work: str) -> tuple[str, jk.Protocol]:
    """Name of a committed model, and what is done to it."""
    if work.startswith("blood"):
        doses = dosing_steps(DOSE, Disposition.of(DRUG, "healthy_adult"), DRUG)
        return "blood_pkpd", jk.Protocol(DAY, CYTOKINE, doses)
    name = "cytokine_signalling_IL6" if work.startswith("IL-6") else "cytokine_signalling"
    return name, hour(jk.load(name))


def _each(model: jk.Model, protocols: list[jk.Protocol]) -> None:
    for protocol in protocols:
        model.run(protocol, SIGNAL)


def _gradients() -> Iterator[Row]:
    """Differences by 42 parameters: by runs of their own, or in lanes that share their steps."""
    text = (models() / "sbml" / "cytokine_signalling_IL6.xml").read_text(encoding="utf-8")
    lanes, fine = Lanes(text, 1e-6), Lanes(text, 1e-11)
    for rtol, goal in ((FIT_RTOL, 19), (1e-8, None)):
        model = jk.Model(text, rtol)
        base = hour(model)
        free = [p for p in model.parameters if p in model.settable and model.initial(p) > 0][:PARAMETERS]
        moved = [{**base.settings, name: 1.001 * model.initial(name)} for name in free]
        asked = [base, *(jk.Protocol(base.times, settings) for settings in moved)]
        ways = {
            f"libRoadRunner at {rtol:g}": lambda model=model, asked=asked: _each(model, asked * AT_A_TIME),
            "lanes at 1e-06": lambda asked=asked: [
                lanes.run_many(asked, SIGNAL, together=True) for _ in range(AT_A_TIME)
            ],
        }
        work = f"gradient by {len(free)} parameters of the IL-6 cut"
        row = in_turn(work, ways, ROUNDS, AT_A_TIME, ratio=goal)
        true = _slopes(fine.run_many(asked, SIGNAL, together=True))
        found = (
            [model.run(protocol, SIGNAL) for protocol in asked],
            lanes.run_many(asked, SIGNAL, together=True),
        )
        errors = [np.abs(_slopes(runs) - true).max() / np.abs(true).max() for runs in found]
        yield replace(row, note=f" (off by {errors[0]:.0e} and {errors[1]:.0e} of the largest)")


def _slopes(runs: Any) -> NDArray[np.float64]:
    """Differences of what is read last from the first run."""
    values = np.array([run[-1, 0] for run in runs])
    return values[1:] - values[0]


def _plasma() -> Row:
    """Plasma of one patient, a week of doses read every quarter hour of its last day."""
    exact = jk.load("oral_pk", inhibitors=DRUG, population=PEOPLE)
    integrated = jk.Model(exact.sbml, exact=False)
    uptake, read = {DRUG: Disposition.of(DRUG, PEOPLE)}, np.linspace(144, 168, 97)
    doses = jk.Regimen.parse("4 mg qd x 7")
    ways = {
        name: partial(model.run, dosed(model, doses, uptake, read, {"weight": 80.0}), [f"C_{DRUG}"])
        for name, model in (("integrated", integrated), ("closed form", exact))
    }
    return in_turn("plasma of a patient, 7 days", ways, 101)


def _population() -> Row:
    """A chunk of patients on one core, a week and the cells of its last day; first by libRoadRunner alone."""
    job, _ = study(PEOPLE, CHUNK, "4 mg qd x 7")
    ours, theirs = Worker(job), Worker(job)
    theirs.cell.reason = "measured without the lanes"
    theirs.pk = jk.Model(job.pk_sbml, job.rtol, exact=False)
    ways = {"libRoadRunner": lambda: theirs.run(0), "lanes and closed form": lambda: ours.run(0)}
    return in_turn(f"a patient of a population, 7 days, of {CHUNK}", ways, 5, CHUNK, ratio=14)
