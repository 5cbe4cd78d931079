"""Evaluations of a plan's objective per second, beside pyPESTO with AMICI (else COPASI) on its PEtab export.

    pip install 'jakinib[petab]'      # AMICI compiles: C++ compiler, BLAS (Debian: g++, libopenblas-dev)
    python benchmarks/objective.py clinical_pk pathways [--cache DIR] [--json FILE]

AMICI compiles one library a folder of the export, a minute each; DIR keeps both.
Without AMICI the same tables are evaluated with COPASI (extra dev). All integrate at the relative tolerance
of the fit; all get the same parameters, a little elsewhere in each round.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import itertools
import json
import math
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measure import Measurement, rounds
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from jakinib.export.petab import export_plan
from jakinib.export.petab_part import petab_id
from jakinib.fit.context import FIT_RTOL
from jakinib.fit.plan import read_plan
from jakinib.fit.problem import Problem
from jakinib.library.measurements import get_data
from jakinib.paths import write_atomic

Theta = NDArray[np.float64]
Objective = Callable[[Theta], float]
ATOL = 1e-11  # nM, as ours


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/objective.py", description=__doc__.splitlines()[0]
    )
    parser.add_argument("plans", nargs="*", default=["clinical_pk"], help="plans, by default clinical_pk")
    parser.add_argument("--folder", action="append", default=[], help="only this folder; repeat")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the export and the compiled models")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        cache = given.cache or Path(scratch)
        taken = [row for plan in given.plans for row in beside(plan, cache, given.rounds, given.folder)]
    table = Table(title=f"objective, rtol {FIT_RTOL:g}", title_justify="left")
    for column in ("plan and tool", "median", "quartiles", "evaluations/s", "ours : its", "difference"):
        table.add_column(column, justify="left" if column == "plan and tool" else "right")
    for one, ratio, difference in taken:
        table.add_row(
            one.name, f"{one.median:.3g} {one.unit}", f"{one.low:.3g} to {one.high:.3g}",
            f"{1e3 / one.median:.3g}", f"{ratio:.2g}", f"{difference:.0e}",
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 130).print(table)
    if given.json:
        rows = [one.record() | {"ratio": ratio, "difference": gap} for one, ratio, gap in taken]
        write_atomic(given.json, json.dumps(rows, indent=2) + "\n")


def beside(plan: str, cache: Path, number: int, only: list[str]) -> list[tuple[Measurement, float, float]]:
    """Time of each tool, our evaluations per one of its, and how far its objective is from ours, relative.

    only: folders of the export that count, by default all. Priors of parameters are left out.
    """
    root = cache / plan
    export_plan(plan, root)
    folders = sorted(file.parent for file in root.glob("*/model.xml"))
    data = get_data()
    problem = Problem(read_plan(plan, data), data)
    if only:
        folders = [folder for folder in folders if folder.name in only]
    tables = [pd.read_csv(folder / "measurements.tsv", sep="\t") for folder in folders]
    rows = {row for table in tables for row in table["datasetId"]}
    kept = [target for target in problem.targets if target.row.id in rows]
    prior = problem.plan.reserve_prior
    reserves = [target for target in problem.reserves if target.row.id in rows]

    def ours(theta: Theta) -> float:
        context = problem.use(theta)
        total = sum(target.residual(context) ** 2 for target in kept)
        if prior is not None:
            width = math.log(prior.factor)
            total += sum((math.log(t.reserve(context) / prior.median) / width) ** 2 for t in reserves)
        return 0.5 * total

    tools: dict[str, Objective] = {f"{plan}: jakinib": ours}
    if importlib.util.find_spec("amici") and importlib.util.find_spec("pypesto"):
        tools[f"{plan}: pyPESTO + AMICI"] = amici(folders, problem)
    else:
        tools[f"{plan}: COPASI"] = copasi(folders, problem)
    values = {name: tool(problem.start) for name, tool in tools.items()}
    step = itertools.count(1)  # nobody may remember the last evaluation
    runs = {
        name: lambda tool=tool: tool(problem.start + 1e-9 * next(step)) for name, tool in tools.items()
    }  # fmt: skip
    seconds = rounds(runs, number)
    first = next(iter(tools))
    out = []
    for name in tools:
        one = Measurement.of(name, [1e3 * s for s in seconds[name]], "ms")
        base = out[0][0].median if out else one.median
        out.append((one, one.median / base, abs(values[name] / values[first] - 1)))
    return out


def _constant(folder: Path) -> float:
    """What the log-likelihood holds besides the residuals: widths, and logarithms of the measurements."""
    measured = pd.read_csv(folder / "measurements.tsv", sep="\t")
    widths = 0.5 * np.log(2 * math.pi * measured["noiseParameters"] ** 2)
    return float((widths + np.log(measured["measurement"])).sum())


def _digest(folder: Path) -> str:
    """Changes with all that is compiled: a library of an older export is not taken for this one."""
    texts = [(folder / name).read_bytes() for name in ("model.xml", "observables.tsv", "conditions.tsv")]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:12]


def _positions(ids: list[str], problem: Problem) -> list[int]:
    names = [petab_id(name) for name in problem.names]
    return [names.index(name) for name in ids]


def amici(folders: list[Path], problem: Problem) -> Objective:
    """The sum over the folders of pyPESTO's objective, compiled where the cache has no library yet."""
    warnings.simplefilter("ignore")
    import petab.v1 as petab
    import pypesto.petab

    shift = np.log(problem.to_model)
    parts: list[tuple[Any, list[int]]] = []
    constant = 0.0
    for folder in folders:
        file = folder / f"{folder.name}.yaml"
        tables = petab.Problem.from_yaml(str(file))
        library = str(folder / f"amici_{_digest(folder)}")
        importer = pypesto.petab.PetabImporter(tables, output_folder=library, model_name=folder.name)
        creator = importer.create_objective_creator()
        model = creator.create_model(verbose=False, generate_sensitivity_code=False)
        objective = creator.create_objective(model=model)
        objective.amici_solver.set_relative_tolerance(FIT_RTOL)
        objective.amici_solver.set_absolute_tolerance(ATOL)
        parts.append((objective, _positions(tables.x_ids, problem)))
        constant += _constant(folder)

    def evaluate(theta: Theta) -> float:
        x = theta + shift
        return float(sum(objective(x[places]) for objective, places in parts)) - constant

    return evaluate


def copasi(folders: list[Path], problem: Problem) -> Objective:
    """The sum over the folders, each condition simulated by COPASI."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "interop"))
    from petab_copasi import CopasiProblem

    parts = [CopasiProblem(folder / f"{folder.name}.yaml") for folder in folders]
    constant = sum(_constant(folder) for folder in folders)

    def evaluate(theta: Theta) -> float:
        values = {petab_id(name): value for name, value in problem.values(theta).items()}
        return -sum(part.log_likelihood(values) for part in parts) - constant

    return evaluate


if __name__ == "__main__":
    main()
