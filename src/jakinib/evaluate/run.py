"""Evaluate every criterion; refuse stale fits."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from jakinib.errors import InputError, SimulationError
from jakinib.evaluate.criteria import Criterion, Verdict, read_criteria
from jakinib.evaluate.measures import Measures
from jakinib.fit import results
from jakinib.fit.data import DataSet, get_data
from jakinib.fit.plan import read_plan

if TYPE_CHECKING:
    import pandas as pd

PLANS = ("enzyme", "clinical_pk", "pathways")


@dataclass(frozen=True)
class Evaluation:
    """Verdicts on all criteria, the measures behind them and what they were made with."""

    verdicts: list[Verdict]
    measures: Measures
    provenance: dict[str, Any]

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
                "low": v.criterion.low,
                "high": v.criterion.high,
                "hard": v.criterion.hard,
                "verdict": v.verdict,
                "rows": v.criterion.rows,
                "sources": list(v.sources),
                "error": v.error
                or ("" if v.value is None or math.isfinite(v.value) else f"the value is {v.value}"),
            }
            for v in self.verdicts
        ]

    @property
    def table(self) -> pd.DataFrame:
        """The records as a data frame."""
        import pandas as pd

        return pd.DataFrame(self.records())


def evaluate(progress: Callable[[Criterion], None] = lambda criterion: None) -> Evaluation:
    """Compute every criterion of fits/criteria.yaml on the calibrated models.

    Raises InputError when a plan was never fitted or its inputs changed since. A quantity that cannot be
    simulated is a FAIL that says why.
    """
    data = get_data()
    provenance: dict[str, Any] = {"plans": {}}
    for name in PLANS:
        outcome = results.read(read_plan(name, data))
        changed = results.stale(outcome, data)
        if changed:
            raise InputError(
                f"results of plan {name} are stale: {', '.join(changed)} changed; run: jakinib fit {name}"
            )
        provenance["plans"][name] = outcome.provenance
    provenance["versions"] = {
        name: version(name)
        for name in ("jakinib", "libroadrunner", "antimony", "python-libsbml", "numpy", "scipy")
    } | {"python": platform.python_version()}
    measures = Measures(read_plan("pathways", data), data)
    verdicts = []
    for criterion in read_criteria():
        progress(criterion)
        sources = _sources(criterion, data)
        try:
            verdicts.append(
                Verdict(criterion, measures.measure(criterion.measure, criterion.of, criterion.rows), sources)
            )
        except SimulationError as error:
            verdicts.append(Verdict(criterion, None, sources, str(error)))
    return Evaluation(verdicts, measures, provenance)


def _sources(criterion: Criterion, data: DataSet) -> tuple[str, ...]:
    return tuple(dict.fromkeys(data[row].source for row in criterion.rows))
