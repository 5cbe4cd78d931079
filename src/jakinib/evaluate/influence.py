"""Which fitted parameters a predicted IC50 hangs on, within what the data leave open about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jakinib.arguments import checked
from jakinib.assay import CellAssay, assay
from jakinib.errors import InputError
from jakinib.evaluate.draws import Draws, joint
from jakinib.evaluate.run import STRUCTURES, calibrations
from jakinib.experiments import Models
from jakinib.files.shown import Shown
from jakinib.library.measurements import get_data
from jakinib.simulate import Adjusted

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
DRAWS, RESAMPLES, SEED = 200, 500, 20261123
LARGEST_CHANGE = 0.1  # of a coefficient between half the draws and all of them, when these suffice


def rank_correlations(inputs: ArrayLike, output: ArrayLike) -> Array:
    """Partial rank correlation coefficient of each input with the output.

    inputs: (draws, inputs). output: (draws,). An input may correlate with the others: each coefficient is
    that of the ranks once the ranks of the other inputs are accounted for linearly (Marino and others 2008,
    J. Theor. Biol. 254:178). Raises InputError for fewer draws than three an input.
    """
    from scipy.stats import rankdata

    table = np.column_stack([np.asarray(inputs, dtype=float), np.asarray(output, dtype=float)])
    draws, columns = table.shape
    if draws < 3 * columns:
        raise InputError(
            f"{draws} draws are too few for {columns - 1} parameters; draw at least {3 * columns}"
        )
    ranks = rankdata(table, axis=0)
    out = np.zeros(columns - 1)
    for own in range(columns - 1):
        others = np.column_stack([np.ones(draws), np.delete(ranks[:, :-1], own, axis=1)])
        both = ranks[:, [own, -1]]
        left = both - others @ np.linalg.lstsq(others, both, rcond=None)[0]
        size = np.linalg.norm(left, axis=0)
        if (size > 1e-9 * np.linalg.norm(both, axis=0)).all():  # else the others say it all
            out[own] = left[:, 0] @ left[:, 1] / size.prod()
    return out


@dataclass(frozen=True)
class Sensitivity(Shown):
    """How a predicted IC50 depends on fitted parameters.

    assay: what is predicted. parameters: (d,) names. coefficients: (d,) partial rank correlations with the
    IC50, -1 to 1; low, high: their 90 % bootstrap interval. half: (d,) from the first half of the draws.
    IC50s: (draws,) nM. laplace: plans whose draws are a Laplace approximation.
    """

    assay: str
    parameters: tuple[str, ...]
    coefficients: Array
    low: Array
    high: Array
    half: Array
    IC50s: Array
    laplace: tuple[str, ...] = ()
    scenario: Any = field(default=None, repr=False, compare=False)

    @property
    def change(self) -> float:
        """Largest change, from half the draws to all, of a coefficient whose interval excludes zero."""
        counts = (self.low > 0) | (self.high < 0)
        return float(np.abs(self.half - self.coefficients)[counts].max(initial=0.0))

    @property
    def settled(self) -> bool:
        """Whether more draws would hardly change the coefficients."""
        return self.change <= LARGEST_CHANGE

    def quantiles(self) -> Array:
        """5, 50 and 95 % of the IC50, nM."""
        return np.quantile(self.IC50s, [0.05, 0.5, 0.95])

    def records(self) -> list[dict[str, Any]]:
        """One record a parameter, the strongest first."""
        order = np.argsort(-np.abs(self.coefficients), kind="stable")
        return [
            {
                "parameter": self.parameters[i],
                "rank_correlation": float(self.coefficients[i]),
                "low": float(self.low[i]),
                "high": float(self.high[i]),
                "half_of_draws": float(self.half[i]),
            }
            for i in order
        ]

    def table(self) -> pd.DataFrame:
        """The records as a data frame."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def to_frame(self) -> pd.DataFrame:
        """As ``table``."""
        return self.table()

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        low, middle, high = self.quantiles().tolist()
        ends = {"low": low, "median": middle, "high": high}
        return {"assay": self.assay, "ic50_nM": ends, "parameters": self.records()}

    def plot(self) -> Any:
        """As ``figure``."""
        return self.figure()

    def figure(self) -> Any:
        """The coefficients as bars with their intervals, as a matplotlib Figure."""
        from matplotlib.figure import Figure

        rows = self.records()[::-1]
        at = np.array([row["rank_correlation"] for row in rows])
        beside = np.abs(np.array([[row["low"], row["high"]] for row in rows]).T - at)
        figure = Figure(figsize=(6.2, 1.3 + 0.26 * len(rows)), layout="constrained")
        ax = figure.subplots()
        ax.barh([row["parameter"] for row in rows], at, color="#0072b2", alpha=0.75)
        ax.errorbar(at, np.arange(len(rows)), xerr=beside, fmt="none", ecolor="#222222", linewidth=1)
        ax.axvline(0, color="#222222", linewidth=0.8)
        ax.set(xlim=(-1.05, 1.05), xlabel="partial rank correlation with the IC50 (90 % interval)")
        ax.set_title(f"{self.assay}: {len(self.IC50s)} draws", fontsize=9)
        ax.tick_params(labelsize=8)
        ax.spines[["top", "right"]].set_visible(False)
        return figure


@checked
def sensitivity(
    inhibitor: str = "baricitinib",
    cytokine: str = "IL-6",
    readout: str = "",
    *,
    cell: str = "",
    matrix: str = "whole blood",
    cytokine_dose: str = "",
    preincubation: str = "60 min",
    stimulation: str = "15 min",
    milieu: str = "",
    settings: Mapping[str, float] | None = None,
    draws: Draws = DRAWS,
    done: Callable[[int], None] = lambda draw: None,
) -> Sensitivity:
    """Rank the fitted parameters by what their remaining uncertainty does to the IC50 of a cell assay.

    The arguments are those of ``jakinib.assay``; what ``settings`` set is not ranked. draws: parameter sets
    of the stored ensembles, up to 200; at least six for each parameter the assay depends on, since half of
    them are looked at alone.
    Raises UnknownIdError, UnitError, InputError (also for results that are stale) or SimulationError.

    >>> import jakinib as jk
    >>> jk.sensitivity("baricitinib", "IL-2").to_frame().parameter[0]
    'w_IL2'
    """
    fits = calibrations(STRUCTURES, get_data())
    found = joint([fits], draws)
    if found.missing:
        raise InputError(next(iter(found.missing.values())))
    usual = assay(
        inhibitor, cytokine, readout, cell=cell, matrix=matrix, cytokine_dose=cytokine_dose,
        preincubation=preincubation, stimulation=stimulation, milieu=milieu, settings=settings,
    )  # fmt: skip
    conditions = CellAssay(**usual.conditions)
    model = conditions.model()
    drawn = [Models(draw).settings(model.settable, conditions.cell) for draw in found.settings]
    free = {p.id: {p.id, *p.also} for fit in fits for p in fit.plan.parameters}
    free |= {symbol: {symbol} for fit in fits for symbol in fit.plan.given}
    reached = {symbol for one in drawn for symbol in one} - {*conditions.settings}
    here = {*reached, *(f"{symbol}@{conditions.cell}" for symbol in reached)}
    names = [name for name, symbols in free.items() if symbols & here]
    if draws < (needed := 6 * (len(names) + 1)):
        raise InputError(f"{draws} draws are too few for {len(names)} parameters; use at least {needed}")
    IC50s = np.array(conditions.ic50s_near([Adjusted(model, one) for one in drawn], usual.ic50))
    for number in range(len(drawn)):
        done(number)
    usual_of = {name: model.initial(name) for name in names if name in model.settable}
    values = np.array([[draw.get(name, usual_of.get(name)) for name in names] for draw in found.settings])
    laplace = [plan for plan, method in found.methods.items() if method == "Laplace"]
    return explain(usual.label, names, values, IC50s, laplace)


def explain(
    label: str, names: Sequence[str], values: Array, IC50s: Array, laplace: Sequence[str] = ()
) -> Sensitivity:
    """Coefficients of (draws, parameters) ``values`` with their bootstrap intervals."""
    rng = np.random.default_rng(SEED)
    resampled = []
    for _ in range(RESAMPLES):
        chosen = rng.integers(len(IC50s), size=len(IC50s))
        resampled.append(rank_correlations(values[chosen], IC50s[chosen]))
    low, high = np.quantile(resampled, [0.05, 0.95], axis=0)
    first = slice(0, len(IC50s) // 2)
    return Sensitivity(
        label, tuple(names), rank_correlations(values, IC50s), low, high,
        rank_correlations(values[first], IC50s[first]), IC50s, tuple(laplace),
    )  # fmt: skip
