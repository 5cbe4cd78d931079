"""Evaluate every criterion; refuse stale fits."""

from __future__ import annotations

import functools
import math
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from jakinib import cache, paths
from jakinib.arguments import checked
from jakinib.build.estimates import result_file
from jakinib.errors import InputError, SimulationError
from jakinib.evaluate.agreement import Agreement, agreements
from jakinib.evaluate.bands import EVERY, Bands, compute, criterion_key
from jakinib.evaluate.basis import Basis, Tally, bases, tallies
from jakinib.evaluate.criteria import Criterion, Interval, Verdict, read_criteria
from jakinib.evaluate.draws import COUNT, Draws, Joint, joint
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.held import REASON
from jakinib.evaluate.stamp import inputs, models
from jakinib.experiments import kinds
from jakinib.fit import results
from jakinib.fit.crossvalidation import crossvalidate
from jakinib.fit.plan import known_plans, read_plan
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, get_data, read_from
from jakinib.parallel import Workers, one_pool

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("jakinib", "libroadrunner", "antimony", "python-libsbml", "numpy", "scipy")
PLANS = ("enzyme", "clinical_pk", "dynamics", "pathways")
# Plans whose draws predict, each with the structures that might be in its place.
STRUCTURES = ("pathways", "pathways_three_steps")
PREDICTING = (("clinical_pk",), STRUCTURES)
READ = tuple(dict.fromkeys((*PLANS, *STRUCTURES)))  # plans whose results an evaluation reads


@dataclass(frozen=True)
class Evaluation:
    """Verdicts on all criteria, the evidence behind them and what they were made with."""

    verdicts: list[Verdict]
    evidence: Evidence
    provenance: dict[str, Any]
    bands: Bands = field(default_factory=Bands)

    @property
    def passed(self) -> bool:
        """True when every hard criterion passes."""
        return all(v.passed for v in self.verdicts if v.criterion.hard)

    def records(self) -> list[dict[str, Any]]:
        """One plain mapping a criterion, for JSON."""
        return [
            {
                "id": v.criterion.id,
                "item": v.criterion.item,
                "statement": v.criterion.statement,
                "value": v.value if v.value is not None and math.isfinite(v.value) else None,
                "target": v.criterion.target,
                "unit": v.criterion.unit,
                "interval_low": _finite(v.interval.low),
                "interval_high": _finite(v.interval.high),
                "interval_method": v.interval.method or v.interval.reason,
                "low": v.criterion.low,
                "high": v.criterion.high,
                "hard": v.criterion.hard,
                "basis": self.bases[v.criterion.id],
                "expected": v.criterion.expected.upper(),
                "explanation": "" if v.passed else v.criterion.explanation,
                "verdict": v.verdict,
                "rows": v.criterion.rows,
                "sources": list(v.sources),
                "error": v.error
                or ("" if v.value is None or math.isfinite(v.value) else f"the value is {v.value}"),
            }
            for v in self.verdicts
        ]

    @functools.cached_property
    def bases(self) -> dict[str, Basis]:
        """What the rows of each criterion are to the model, by what plans and library did with them."""
        return bases((v.criterion for v in self.verdicts), self.evidence.plans, self.evidence.data)

    @property
    def tallies(self) -> list[Tally]:
        """Criteria counted by basis, predictions first."""
        return tallies((self.bases[v.criterion.id], v) for v in self.verdicts)

    @property
    def surprises(self) -> list[Verdict]:
        """Verdicts other than those that the criteria are known to have."""
        return [v for v in self.verdicts if not v.expected]

    @property
    def agreement(self) -> list[Agreement]:
        """Fold errors and coverage of cell IC50s and cytokine EC50s, calibration and validation apart."""
        return agreements(self.evidence.cell_ic50s, self.evidence.ec50s, self.bands)

    @property
    def reasons(self) -> list[str]:
        """Why some criteria have no interval, each reason once."""
        found = [
            self.bands.reasons(criterion_key(v.criterion)) for v in self.verdicts if not v.criterion.stored
        ]
        return list(dict.fromkeys(reason for reasons in found for reason in reasons))

    @property
    def table(self) -> pd.DataFrame:
        """The records as a data frame."""
        import pandas as pd

        return pd.DataFrame(self.records())


@checked
@one_pool()
def evaluate(
    progress: Callable[[Criterion], None] = lambda criterion: None,
    *,
    draws: Draws = COUNT,
    workers: Workers = 2,
    rerun: bool = False,
) -> Evaluation:
    """Compute every criterion of fits/criteria.yaml on the calibrated models, and 90 % intervals.

    draws: parameter sets behind the intervals, from the stored ensembles; 0 for none. workers: processes.
    The result depends on ``draws``, not on ``workers``. rerun: repeat the cross-validations that criteria are
    about, in place of reading the stored ones; this takes some minutes.

    Raises InputError when a plan was never fitted or its inputs changed since. A quantity that cannot be
    simulated is a FAIL that says why.

    >>> import jakinib as jk
    >>> {one.verdict for one in jk.evaluate(draws=0).verdicts} <= {"PASS", "FAIL"}
    True
    """
    data = get_data()
    fits = calibrations(PLANS, data)
    provenance: dict[str, Any] = {"plans": {fit.plan.id: fit.provenance for fit in fits}}
    provenance["versions"] = {name: version(name) for name in PACKAGES} | {
        "python": platform.python_version()
    }
    criteria = read_criteria(data=data)
    if rerun:
        for name, leave in dict.fromkeys((c.plan, c.leave) for c in criteria):
            if leave:
                crossvalidate(name, leave, workers=workers)
    provenance["inputs"] = stamp(criteria)
    evidence = Evidence([fit.plan for fit in fits], data, criteria)
    found = (
        Joint(missing=dict.fromkeys(EVERY, "no draws were asked for"))
        if draws == 0
        else joint([calibrations(group, data) for group in PREDICTING], draws)
    )
    provenance |= {"ensembles": {**found.methods, **found.missing}, "structures": dict(found.shares)}
    values: dict[str, tuple[float | None, str]] = {}

    def at_the_estimates() -> None:
        for criterion in criteria:
            progress(criterion)
            try:
                values[criterion.id] = evidence.value(criterion), ""
            except SimulationError as error:
                values[criterion.id] = None, str(error)
            except InputError as error:
                if not criterion.stored:
                    raise
                values[criterion.id] = None, str(error)

    bands = compute(evidence, found, workers, at_the_estimates)
    verdicts = []
    for criterion in criteria:
        value, why = values[criterion.id]
        interval = Interval(reason=REASON) if criterion.stored else bands.interval(criterion_key(criterion))
        verdicts.append(Verdict(criterion, value, _sources(criterion, data), why, interval))
    return Evaluation(verdicts, evidence, provenance, bands)


def calibrations(plans: Sequence[str], data: DataSet) -> list[results.Fit]:
    """The stored fits of plans; raises InputError for one that is lacking or whose inputs have changed.

    Comparing the inputs takes a second, so that they did not change is kept under all that they follow from.
    """

    def compared() -> list[results.Fit]:
        return _compared(plans, data)

    own = all(kind.__module__.startswith("jakinib.") for kind in kinds().values())
    if get_library().added or data is not get_data() or not own:
        return compared()
    return cache.kept("fits", lambda: _follows_from(plans), compared)


def _follows_from(plans: Sequence[str]) -> str:
    """A key of the files behind the fits of plans: library, data, templates, plans and results."""
    known = known_plans()
    stored = [result_file(plan, name) for plan in known for name in results.FILES]
    templates = sorted((paths.models() / "antimony").iterdir())
    return "\n".join([*plans, read_from(), cache.contents([*templates, *known.values(), *stored])])


def _compared(plans: Sequence[str], data: DataSet) -> list[results.Fit]:
    fits = []
    for name in plans:
        fit = results.read(read_plan(name, data))
        if changed := results.stale(fit, data):
            raise InputError(
                f"results of plan {name} are stale: {', '.join(changed)} changed; run: jakinib fit {name}"
            )
        fits.append(fit)
    return fits


def stamp(criteria: Iterable[Criterion]) -> dict[str, str]:
    """Digests of all that an evaluation reads, by which a stored one is known to be of what there is now."""
    return {**inputs(criteria, READ), "models": models()}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _sources(criterion: Criterion, data: DataSet) -> tuple[str, ...]:
    return tuple(dict.fromkeys(data[row].source for row in criterion.rows))
