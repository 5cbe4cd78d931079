"""90 % intervals of everything the evaluation predicts, from joint parameter draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError
from jakinib.evaluate.criteria import Criterion, Interval, own_criteria
from jakinib.evaluate.draws import Joint
from jakinib.evaluate.evidence import Evidence
from jakinib.experiments import CellIC50, CytokineEC50, Experiment, search_side_by_side
from jakinib.fit.ensemble import bands as quantiles
from jakinib.fit.plan import Plan
from jakinib.library.measurements import DataSet
from jakinib.parallel import pool, result

Array = NDArray[np.float64]
FEWEST = 20  # draws an interval is made of

CELLS = ("pathways",)  # whose draws hold what earlier plans leave
EVERY = ("clinical_pk", *CELLS)
BEHIND = {"kinase_assay": CELLS, "oral_pk": ("clinical_pk",), "cytokine_signalling": CELLS}
TYPICAL = "a sample of 1,000 patients at the estimates; one sample a draw would take minutes"
# Criteria whose experiments are pictured with a band, and rows of plans that are.
PICTURED = (
    "maximum_rises", "return_rises", "stat3_decay", "stat3_socs3", "stat1_block", "ra_cmax",
    "partial_IL6", "partial_IL6_STAT1", "partial_IL2", "partial_IFNg", "partial_GMCSF",
    "enzyme_JAK1", "enzyme_JAK2", "enzyme_JAK3", "enzyme_TYK2",
    "pbmc_IL6_low_dose", "pbmc_IL6", "pbmc_IL6_high_dose",
    "healthy_clearance", "renal_auc_mild", "renal_cmax_mild",
)  # fmt: skip
ROWS = ("T008", "T011")


@dataclass(frozen=True)
class Bands:
    """Values of every draw by quantity. values: key -> (draws that could be simulated, ...).

    behind: plans whose parameters a quantity depends on, by key; every plan where it is not said.
    """

    joint: Joint = field(default_factory=Joint)
    values: Mapping[str, Array] = field(default_factory=dict)
    behind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def needs(self, key: str) -> tuple[str, ...]:
        """Plans whose parameters a quantity depends on."""
        drawn = {*self.joint.methods, *self.joint.missing}
        return tuple(plan for plan in self.behind.get(key, EVERY) if plan in drawn)

    def reasons(self, key: str) -> tuple[str, ...]:
        """Why a quantity has no interval, a line for each plan that lacks draws; empty when it has one."""
        if self.behind.get(key) == ():
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
    return f"criterion {criterion.id}"


def curve_key(identifier: str, number: int = 0) -> str:
    """Key of what an experiment shows: of a criterion, or of a row of a plan."""
    return f"curve {identifier} {number}"


def value_key(identifier: str, number: int) -> str:
    """Key of one of the values of a criterion."""
    return f"value {identifier} {number}"


def plans_behind(experiments: Iterable[Experiment]) -> tuple[str, ...]:
    """Plans whose parameters the experiments depend on."""
    found = {plan for one in experiments for spec in one.specs for plan in BEHIND.get(spec.name, EVERY)}
    return tuple(plan for plan in EVERY if plan in found)


def compute(
    evidence: Evidence,
    draws: Joint,
    workers: int = 2,
    meanwhile: Callable[[], None] = lambda: None,
    done: Callable[[int], None] = lambda draw: None,
) -> Bands:
    """Every quantity of every draw; ``meanwhile`` runs here while other processes start on their draws.

    The result does not depend on ``workers``. ``evidence`` has the models at the estimates.
    """
    behind = {criterion_key(c): plans_behind(evidence.of(c)) for c in evidence.criteria}
    shown = pictured(evidence)
    for key, one in shown.items():
        behind[key] = plans_behind([one])
    for prefix in ("cell", "ec50"):
        behind |= dict.fromkeys((f"{prefix} {row}" for row in evidence.data.measurements), CELLS)
    if not draws.settings:
        meanwhile()
        return Bands(draws, behind=behind)
    numbers = list(range(len(draws.settings)))
    shares = [numbers[first::workers] for first in range(workers)]
    found: dict[int, dict[str, Array]] = {}
    if workers > 1:
        with pool(workers - 1, always=True) as elsewhere:
            running = [
                elsewhere.submit(_elsewhere, evidence.plans, evidence.data, evidence.criteria,
                            {number: draws.settings[number] for number in share})
                for share in shares[1:]
            ]  # fmt: skip
            meanwhile()
            found |= outcomes(evidence, {n: draws.settings[n] for n in shares[0]}, shown, done)
            for future in running:
                share_of: dict[int, dict[str, Array]] = result(future)
                found |= share_of
    else:
        meanwhile()
        found |= outcomes(evidence, dict(enumerate(draws.settings)), shown, done)
    keys = dict.fromkeys(key for number in numbers for key in found[number])
    values = {
        key: np.array([found[number][key] for number in numbers if key in found[number]]) for key in keys
    }
    return Bands(draws, values, behind)


def _elsewhere(
    plans: tuple[Plan, ...],
    data: DataSet,
    criteria: Sequence[Criterion],
    draws: Mapping[int, Mapping[str, float]],
) -> dict[int, dict[str, Array]]:
    """The draws of another process."""
    evidence = Evidence(plans, data, criteria)
    return outcomes(evidence, draws, pictured(evidence))


def outcomes(
    evidence: Evidence,
    draws: Mapping[int, Mapping[str, float]],
    shown: Mapping[str, Experiment],
    done: Callable[[int], None] = lambda draw: None,
) -> dict[int, dict[str, Array]]:
    """``outcome`` of each draw; potencies, which are searched for, are so in all draws side by side."""
    drawn = {number: evidence.at(draw) for number, draw in draws.items()}
    curves = []
    for key, shows in shown.items():
        with suppress(SimulationError):
            curves.append((key, shows, evidence.trace(shows).x))
    search_side_by_side(evidence.potencies(), [one.models for one in drawn.values()])
    found = {}
    for number, one in drawn.items():
        found[number] = outcome(one, curves)
        done(number)
    return found


def pictured(evidence: Evidence) -> dict[str, Experiment]:
    """What is drawn with a band, by key: figures of the report, and all that own criteria name."""
    own, found = own_criteria(), dict[str, Experiment]()
    for criterion in evidence.criteria:
        if criterion.id in own or criterion.id in PICTURED:
            found |= {curve_key(criterion.id, i): one for i, one in enumerate(evidence.of(criterion))}
    named = {row for plan in evidence.plans for row in plan.calibration}
    return found | {curve_key(row): evidence.row(row) for row in ROWS if row in named}


def outcome(evidence: Evidence, curves: Iterable[tuple[str, Experiment, Array]]) -> dict[str, Array]:
    """Every quantity of one draw by key; what cannot be simulated is left out.

    curves: what is shown, by key, and where each is read, as at the estimates.
    """
    out: dict[str, Array] = {}

    def take(key: str, quantity: Callable[[], object]) -> None:
        try:
            value = np.asarray(quantity(), dtype=float)
        except SimulationError:
            return
        if value.ndim == 0 or np.isfinite(value).all():
            out[key] = value

    for criterion in evidence.criteria:
        experiments = evidence.of(criterion)
        if any(one.specs for one in experiments) and not criterion.stored:
            take(criterion_key(criterion), partial(evidence.value, criterion))
        if criterion.id in PICTURED and len(experiments) > 1:
            for number, one in enumerate(experiments):
                take(value_key(criterion.id, number), partial(one.value, evidence.models))
    for prefix, kind in (("cell", CellIC50), ("ec50", CytokineEC50)):
        with suppress(SimulationError):
            out |= {f"{prefix} {p.row}": np.asarray(p.predicted) for p in evidence.predictions(kind)}
    for key, one, at in curves:
        take(key, partial(_curve, one, evidence, at))
    return out


def _curve(one: Experiment, evidence: Evidence, at: Array) -> Array:
    here = evidence.trace(one)
    return np.interp(at, here.x, here.y)
