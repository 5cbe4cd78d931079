"""What cache, closed-form plasma and lanes save: both ways in turn, so that both see the same noise.

The ratio of medians is held against the goal; a fresh process is timed from the shell.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
from cases import as_if_new
from measure import rounds
from rich.table import Table

import jakinib as jk
from jakinib import cache
from jakinib.assay import Disposition
from jakinib.assay.dosing import dosed
from jakinib.population.engine import Worker
from jakinib.population.sampling import CHUNK
from jakinib.population.study import study

SCRIPT = str(Path(sys.executable).with_name("jakinib"))
PEOPLE, DRUG = "ra_adult", "baricitinib"
Ratio = tuple[str, str, str, float, float, float | None, float | None]  # ms; goals: ms, ratio


def ratios() -> Iterator[Ratio]:
    """(what, one way, the other, median ms of each, goal of the other in ms, goal of the ratio)."""
    with tempfile.TemporaryDirectory() as folder:
        for name, goal in (
            ("cytokine_signalling_IL6", 30),
            ("cytokine_signalling", 150),
            ("blood_pkpd", None),
        ):
            yield _loaded(name, folder, goal)
        for command, goal in ((["assay", "--no-band"], 1200), (["list"], None)):
            yield _process(command, folder, goal)
    for regimen in ("4 mg qd x 7", "4 mg qd x 14", "4 mg bid ss"):
        yield _plasma(regimen)
    yield _population()


def _set(folder: str) -> None:
    os.environ[cache.SWITCH] = folder


def _taken(name: str, ways: dict[str, Callable[[], object]], number: int, **goals: float | None) -> Ratio:
    seconds = rounds(ways, number)
    (first, a), (second, b) = ((way, 1e3 * median(times)) for way, times in seconds.items())
    return name, first, second, a, b, goals.get("ms"), goals.get("ratio")


def _loaded(name: str, folder: str, goal: float | None) -> Ratio:
    """A model from its SBML; the engine reuses the code of a live model, so the name differs each time."""
    text = jk.load(name).sbml
    known: list[str] = []

    def kept() -> None:  # an entry that was written by another round
        _set(folder)
        if not known:
            known.append(as_if_new(text))
            jk.Model(known[0])
        jk.Model(known[0])

    def new() -> None:
        _set("off")
        jk.Model(as_if_new(text))

    return _taken(f"load {name}", {"compiled": new, "from the cache": kept}, 11, ms=goal)


def _process(command: list[str], folder: str, goal: float | None) -> Ratio:
    def run(place: str) -> Callable[[], object]:
        env = {**os.environ, cache.SWITCH: place}
        return lambda: subprocess.run([SCRIPT, *command], check=True, capture_output=True, env=env)

    ways = {"no cache": run("off"), "from the cache": run(folder)}
    return _taken(f"jakinib {' '.join(command)}, fresh process", ways, 7, ms=goal)


def _plasma(regimen: str) -> Ratio:
    """Plasma of one patient, a week read every quarter hour of its last day."""
    exact = jk.load("oral_pk", inhibitors=DRUG, population=PEOPLE)
    integrated = jk.Model(exact.sbml, exact=False)
    uptake, read = {DRUG: Disposition.of(DRUG, PEOPLE)}, np.linspace(144, 168, 97)
    doses = jk.Regimen.parse(regimen)

    def run(model: jk.Model) -> Callable[[], object]:
        return lambda: model.run(dosed(model, doses, uptake, read, {"weight": 80.0}), [f"C_{DRUG}"])

    return _taken(f"plasma, {regimen}", {"integrated": run(integrated), "closed form": run(exact)}, 101)


def _population() -> Ratio:
    """A chunk of patients, a week and the cells of its last day; first by libRoadRunner alone."""
    job, _ = study(PEOPLE, CHUNK, "4 mg qd x 7")
    ours, theirs = Worker(job), Worker(job)
    theirs.cell.reason = "measured without the lanes"
    theirs.pk = jk.Model(job.pk_sbml, job.rtol, exact=False)
    ways: dict[str, Callable[[], object]] = {
        "libRoadRunner": lambda: theirs.run(0),
        "lanes": lambda: ours.run(0),
    }
    return _taken(f"population, {CHUNK} patients x 7 days", ways, 7, ratio=8)


def table() -> Table:
    """The ratios, with the goals where there are any."""
    out = Table(title="both ways, in turn", title_justify="left")
    for column in ("what", "one way", "ms", "other way", "ms", "ratio", "goal"):
        out.add_column(column, justify="right" if column in ("ms", "ratio") else "left")
    for what, first, second, a, b, ms, ratio in ratios():
        goals = [f"< {ms:g} ms, {'met' if b < ms else 'missed'}"] if ms else []
        goals += [f"> {ratio:g} x, {'met' if a / b > ratio else 'missed'}"] if ratio else []
        out.add_row(what, first, f"{a:.3g}", second, f"{b:.3g}", f"{a / b:.3g}", "; ".join(goals))
    return out


if __name__ == "__main__":
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 150).print(table())
