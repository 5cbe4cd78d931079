"""The fitted ensemble of a plan as draws of model symbols, read from its small result file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jakinib.build.estimates import plan_file, result_file
from jakinib.errors import InputError
from jakinib.library.files import read_draws, read_yaml, short
from jakinib.units import factor


def ensemble_file(plan: str) -> Path:
    """The draws of a plan, beside its estimates."""
    return result_file(plan, "ensemble.tsv")


def read_ensemble(path: Path, plan: str, units: dict[str, str], scope: str) -> dict[str, NDArray[np.float64]]:
    """Draws by model symbol, in ``units`` (pint strings), tied symbols included.

    One column a parameter of the plan, in plan units, headed ``parameter (unit)``. scope: cell whose own
    parameters (symbol@cell) apply.
    Symbols the model lacks are left out. Raises InputError for a table that is not one of this plan.
    """
    stated = read_yaml(plan_file(plan))
    declared = {entry["id"]: entry for entry in stated["parameters"]}
    shared = tuple(f"{name}_" for name in stated.get("offsets", {}))  # factors that no model holds
    titles, values = read_draws(path)
    columns = []
    for title in titles:
        column, _, unit = title.partition(" (")
        if shared and column.startswith(shared):
            columns.append("")
            continue
        if column not in declared:
            raise InputError(f"{short(path)}:1: column '{column}' is no parameter of plan {plan}; draw again")
        if unit.removesuffix(")") != declared[column]["unit"]:
            right = declared[column]["unit"]
            raise InputError(f"{short(path)}:1: column '{title}' is not in {right}, the unit of plan {plan}")
        columns.append(column)
    out: dict[str, NDArray[np.float64]] = {}
    for number, column in enumerate(columns):
        if not column:
            continue
        for full in (column, *declared[column].get("also", [])):
            symbol, _, only = full.partition("@")
            if symbol in units and (not only or only == scope):
                out[symbol] = values[:, number] * factor(declared[column]["unit"], units[symbol])
    return out
