"""What an earlier plan leaves to a later one about several parameters: their joint distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jakinib import paths
from jakinib.build.estimates import estimates, estimates_path
from jakinib.errors import PlanError
from jakinib.files import read_table, short
from jakinib.fit.plan import Plan
from jakinib.units import factor

FILE = "covariance.tsv"


@dataclass(frozen=True, eq=False)
class Inherited:
    """Normal distribution of ln(parameters), in the units of the later plan.

    plan: who left it. indices: positions among the parameters of the later plan. mean, root: the residuals
    ``root @ (theta[indices] - mean)`` are standard normal.
    """

    plan: str
    indices: NDArray[np.intp]
    mean: NDArray[np.float64]
    root: NDArray[np.float64]

    def residuals(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.root @ (theta[self.indices] - self.mean))

    def around(self, theta: NDArray[np.float64], standard: NDArray[np.float64]) -> Inherited:
        """The same distribution about another centre: ``theta`` moved by standard normal deviates."""
        return replace(self, mean=theta[self.indices] + np.linalg.solve(self.root, standard))

    def spread(self) -> NDArray[np.float64]:
        """Standard deviation of each ln(parameter)."""
        half = np.linalg.inv(self.root)
        return np.asarray(np.sqrt(np.square(half).sum(axis=1)))


def covariance_text(names: Sequence[str], covariance: NDArray[np.float64]) -> str:
    """The covariance of ln(parameters) as a table."""
    lines = ["\t".join(("id", *names))]
    for name, row in zip(names, covariance, strict=True):
        lines.append("\t".join((name, *(f"{value:.6g}" for value in row))))
    return "\n".join(lines) + "\n"


def read_covariance(path: Path) -> dict[tuple[str, str], float]:
    """Covariance of every pair of parameters; raises PlanError for a table that is not square."""
    table = read_table(path, lambda column: column != "id")
    names = table.columns[1:]
    if tuple(row.cells.get("id") for row in table.rows) != names:
        raise PlanError(f"{table.file}: not a square table; fit the plan again")
    found: dict[tuple[str, str], float] = {}
    for row in table.rows:
        for name in names:
            try:
                found[row.cells["id"], name] = float(row.cells[name])
            except (KeyError, ValueError):
                row.refuse(name, "is not a number; fit the plan again")
    return found


def inherited(plan: Plan) -> list[Inherited]:
    """One distribution for each earlier plan that leaves two parameters or more.

    A parameter alone has a prior of its own; so has one that several plans leave. Raises PlanError where the
    earlier plan has no estimate or no covariance.
    """
    return [_from(plan, name, indices) for name, indices in groups(plan).items()]


def groups(plan: Plan) -> dict[str, list[int]]:
    """Parameters taken over together, by the plan they come from."""
    found: dict[str, list[int]] = {}
    for index, parameter in enumerate(plan.parameters):
        if len(parameter.prior_from) == 1:
            found.setdefault(parameter.prior_from[0], []).append(index)
    return {name: indices for name, indices in found.items() if len(indices) > 1}


def _from(plan: Plan, name: str, indices: list[int]) -> Inherited:
    path = estimates_path(name).parent / FILE
    left = estimates(name)
    free = [plan.parameters[index] for index in indices]
    missing = [parameter.id for parameter in free if parameter.id not in left]
    if missing or not path.exists():
        what = f"no estimate of {missing[0]}" if missing else f"no {FILE}"
        raise PlanError(f"plan {plan.id}: {what} in plan {name}; run: jakinib fit {name}")
    table = read_covariance(path)
    try:
        covariance = np.array([[table[a.id, b.id] for b in free] for a in free])
    except KeyError as error:
        raise PlanError(f"{short(path)}: lacks {error.args[0]}; run: jakinib fit {name}") from None
    mean = np.log([left[p.id].value * factor(left[p.id].unit, p.unit) for p in free])
    root = np.linalg.inv(np.linalg.cholesky(covariance))
    return Inherited(name, np.array(indices), mean, root)


def write_covariance(folder: Path, names: Sequence[str], covariance: NDArray[np.float64]) -> None:
    """Write the table atomically."""
    paths.write_atomic(folder / FILE, covariance_text(names, covariance))
