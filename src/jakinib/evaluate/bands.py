"""90 % intervals of everything the evaluation predicts, from joint parameter draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError
from jakinib.evaluate.criteria import Criterion, Interval
from jakinib.evaluate.draws import Joint
from jakinib.evaluate.measures import LAST_DOSE, Measures
from jakinib.fit.data import DataSet
from jakinib.fit.ensemble import bands as quantiles
from jakinib.fit.plan import Plan
from jakinib.library.schema import JAKS
from jakinib.parallel import pool, result

Array = NDArray[np.float64]
DAY = np.arange(0, 24.01, 0.25)  # h; grid of plasma and daily inhibition
CONCENTRATIONS = np.logspace(-1, 5, 25)  # nM; grid of the enzyme curves
FEWEST = 20  # draws an interval is made of

CELLS = ("enzyme", "dynamics", "pathways")
NEEDS: dict[str, tuple[str, ...]] = {
    "enzyme_ic50": ("enzyme",), "selectivity": ("enzyme",), "pk": ("clinical_pk",),
    "gmfe": CELLS, "worst_fold": CELLS, "worst_ec50": CELLS, "worst_ec50_median_cell": CELLS,
    "pbmc_ic50": CELLS, "stat3_peak": CELLS, "stat3_at_60": CELLS, "stat3_at_60_without_SOCS3": CELLS,
    "stat1_after_block": CELLS, "cell": CELLS, "ec50": CELLS, "course": CELLS, "hepatocytes": CELLS,
    "block": CELLS, "enzyme": ("enzyme",), "plasma": ("clinical_pk",), "exposure_ratio": ("clinical_pk",),
    "population_exposure": (),
}  # fmt: skip
EVERY = ("enzyme", "clinical_pk", "dynamics", "pathways")
TYPICAL = "a sample of 1,000 patients at the estimates; one sample a draw would take minutes"


@dataclass(frozen=True)
class Bands:
    """Values of every draw by quantity. values: key -> (draws that could be simulated, ...)."""

    joint: Joint = field(default_factory=Joint)
    values: Mapping[str, Array] = field(default_factory=dict)
    plans: tuple[str, ...] = EVERY

    def needs(self, key: str) -> tuple[str, ...]:
        """Plans whose parameters a quantity depends on."""
        return tuple(plan for plan in NEEDS.get(key.split(" ")[0], EVERY) if plan in self.plans)

    def reasons(self, key: str) -> tuple[str, ...]:
        """Why a quantity has no interval, a line for each plan that lacks draws; empty when it has one."""
        if key.split(" ")[0] in NEEDS and not NEEDS[key.split(" ")[0]]:
            return (TYPICAL,)
        lacking = [plan for plan in self.needs(key) if plan in self.joint.missing]
        if lacking:
            return tuple(self.joint.missing[plan] for plan in lacking)
        if len(self.values.get(key, ())) < FEWEST:
            return (f"fewer than {FEWEST} draws could be simulated",)
        return ()

    def reason(self, key: str) -> str:
        """The reasons as one text; empty when a quantity has an interval."""
        found = self.reasons(key)
        return f"not computed: {'; '.join(found)}" if found else ""

    def method(self, key: str) -> str:
        """posterior, or Laplace when one of the ensembles behind it is."""
        methods = {self.joint.methods.get(plan, "") for plan in self.needs(key)}
        return "Laplace" if "Laplace" in methods else "posterior"

    def interval(self, key: str) -> Interval:
        """Interval of a scalar quantity."""
        if reason := self.reason(key):
            return Interval(reason=reason)
        low, _, high = quantiles(self.values[key])
        return Interval(float(low), float(high), self.method(key))

    def band(self, key: str) -> tuple[Array, Array] | None:
        """Lower and upper end of a curve on its grid; None when it was not computed."""
        if self.reason(key):
            return None
        low, _, high = quantiles(self.values[key])
        return low, high


def criterion_key(criterion: Criterion) -> str:
    return f"{criterion.measure} {criterion.id}"


def compute(
    measures: Measures,
    criteria: Sequence[Criterion],
    draws: Joint,
    workers: int = 2,
    meanwhile: Callable[[], None] = lambda: None,
    done: Callable[[int], None] = lambda draw: None,
) -> Bands:
    """Every quantity of every draw; ``meanwhile`` runs here while other processes start on their draws.

    The result does not depend on ``workers``. ``measures`` is evaluated at the estimates.
    """
    plans = tuple(plan.id for plan in measures.plans)
    if not draws.settings:
        meanwhile()
        return Bands(draws, plans=plans)
    numbers = list(range(len(draws.settings)))
    shares = [numbers[first::workers] for first in range(workers)]
    found: dict[int, dict[str, Array]] = {}
    if workers > 1:
        with pool(workers - 1, always=True) as elsewhere:
            running = [
                elsewhere.submit(_elsewhere, measures.plans, measures.data, criteria,
                            {number: draws.settings[number] for number in share})
                for share in shares[1:]
            ]  # fmt: skip
            meanwhile()
            for number in shares[0]:
                found[number] = outcome(_at(measures, draws.settings[number]), criteria)
                done(number)
            for future in running:
                share_of: dict[int, dict[str, Array]] = result(future)
                found |= share_of
    else:
        meanwhile()
        for number in numbers:
            found[number] = outcome(_at(measures, draws.settings[number]), criteria)
            done(number)
    keys = dict.fromkeys(key for number in numbers for key in found[number])
    values = {
        key: np.array([found[number][key] for number in numbers if key in found[number]]) for key in keys
    }
    return Bands(draws, values, plans)


def _at(measures: Measures, draw: Mapping[str, float]) -> Measures:
    return Measures(measures.plans, measures.data, draw, measures)


def _elsewhere(
    plans: tuple[Plan, ...],
    data: DataSet,
    criteria: Sequence[Criterion],
    draws: Mapping[int, Mapping[str, float]],
) -> dict[int, dict[str, Array]]:
    """The draws of another process: first the estimates, near which the draws lie."""
    measures = Measures(plans, data)
    outcome(measures, criteria)
    return {number: outcome(_at(measures, draw), criteria) for number, draw in draws.items()}


def outcome(measures: Measures, criteria: Sequence[Criterion]) -> dict[str, Array]:
    """Every quantity of one draw by key; what cannot be simulated is left out."""
    out: dict[str, Array] = {}

    def take(key: str, quantity: Callable[[], object]) -> None:
        try:
            value = np.asarray(quantity(), dtype=float)
        except SimulationError:
            return
        if value.ndim == 0 or np.isfinite(value).all():
            out[key] = value

    def series(quantities: Callable[[], Mapping[str, object]]) -> None:
        try:
            found = quantities()
        except SimulationError:
            return
        for key, value in found.items():
            take(key, lambda value=value: value)  # type: ignore[misc]

    for criterion in criteria:
        if NEEDS.get(criterion.measure, EVERY):
            take(criterion_key(criterion),
                 lambda c=criterion: measures.measure(c.measure, c.of, c.rows))  # type: ignore[misc] # fmt: skip
    series(lambda: {f"cell {p.row}": p.predicted for p in measures.predictions})
    series(lambda: {f"ec50 {p.row}": p.predicted for p in measures.ec50})
    series(lambda: {f"dose {dose:g}": run.inhibition for dose, run in measures.ex_vivo.items()})
    series(lambda: {f"peak {dose:g}": run.inhibition.max() for dose, run in measures.ex_vivo.items()})
    series(lambda: {f"back {dose:g}": run.time_back() for dose, run in measures.ex_vivo.items()})
    series(lambda: {f"daily {pathway}": np.interp(DAY, run.time, run.inhibition)
                    for pathway, run in measures.daily.items()})  # fmt: skip
    take("plasma", lambda: np.interp(
        DAY, measures.steady_state.time - LAST_DOSE, measures.steady_state.ng_per_mL))  # fmt: skip
    for readout in ("pSTAT3", "pSTAT1"):
        take(f"course {readout}", lambda r=readout: measures.time_course(True, r)[1])  # type: ignore[misc]
    take("course without", lambda: measures.time_course(False)[1])
    take("hepatocytes", lambda: measures.hepatocytes[1])
    take("block", lambda: 100 * measures.kinase_block[1] / measures.kinase_block[1][0])
    for kinase in JAKS:
        take(f"enzyme {kinase}",
             lambda k=kinase: measures.enzyme_curve(k).table(CONCENTRATIONS)[1])  # type: ignore[misc] # fmt: skip
    return out
