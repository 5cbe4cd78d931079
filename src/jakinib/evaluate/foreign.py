"""The validation suite on somebody else's SBML model: which published constraints does it meet?

The experiments are the same; only the models that answer are theirs (``jakinib.evaluate.mapping``). Doses of
patients reach their model as our plasma concentration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jakinib.errors import SimulationError
from jakinib.evaluate.criteria import Criterion, Verdict, read_criteria
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.mapping import MappedModels, NotEvaluable, read_mapping
from jakinib.evaluate.run import PLANS
from jakinib.experiments import Experiment
from jakinib.fit.plan import read_plan
from jakinib.library.measurements import get_data


def answerable(criterion: Criterion, experiments: Iterable[Experiment]) -> None:
    """Raises NotEvaluable for experiments on our pharmacokinetics alone, and for what refits tell."""
    if criterion.stored:
        raise NotEvaluable("it judges refits of our model, which theirs has no part in")
    for one in experiments:
        if {spec.name for spec in one.specs} <= {"oral_pk"}:
            raise NotEvaluable("pharmacokinetics: a mapping has no place for it")


@dataclass(frozen=True)
class ForeignEvaluation:
    """Verdicts on what could be evaluated, reasons for the rest."""

    model: str
    verdicts: list[Verdict]
    not_evaluable: list[tuple[Criterion, str]]

    @property
    def passed(self) -> bool:
        """True when at least one constraint that decides was evaluated and every one of those passes."""
        hard = [v for v in self.verdicts if v.criterion.hard]
        return bool(hard) and all(v.passed for v in hard)

    def records(self) -> list[dict[str, Any]]:
        """One plain mapping a criterion, for JSON; verdict "not evaluable" with its reason."""
        found: list[tuple[Criterion, float | None, str, str]] = [
            (
                v.criterion,
                v.value if v.value is not None and math.isfinite(v.value) else None,
                v.verdict,
                v.error,
            )
            for v in self.verdicts
        ]
        for criterion, reason in self.not_evaluable:
            found.append((criterion, None, "not evaluable", reason))
        order = {c.id: n for n, c in enumerate(read_criteria())}
        return [
            {
                "id": c.id, "item": c.item, "statement": c.statement, "value": value, "target": c.target,
                "unit": c.unit, "low": c.low, "high": c.high, "hard": c.hard, "verdict": verdict,
                "reason": reason,
            }
            for c, value, verdict, reason in sorted(found, key=lambda entry: order[entry[0].id])
        ]  # fmt: skip


def evaluate_foreign(
    model: str | Path, mapping: str | Path, progress: Callable[[Criterion], None] = lambda criterion: None
) -> ForeignEvaluation:
    """Hold an SBML model, through its mapping, against every criterion of fits/criteria.yaml.

    Raises InputError for files that cannot be used. A run that fails is a FAIL that says why.
    """
    data = get_data()
    mapped = read_mapping(Path(model), Path(mapping))
    plans = [read_plan(name, data) for name in PLANS]
    evidence = Evidence(plans, data, models=MappedModels(mapped))
    verdicts: list[Verdict] = []
    skipped: list[tuple[Criterion, str]] = []
    for criterion in evidence.criteria:
        progress(criterion)
        sources = tuple(dict.fromkeys(data[row].source for row in criterion.rows))
        try:
            answerable(criterion, evidence.of(criterion))
            verdicts.append(Verdict(criterion, evidence.value(criterion), sources))
        except NotEvaluable as error:
            skipped.append((criterion, str(error)))
        except SimulationError as error:
            verdicts.append(Verdict(criterion, None, sources, str(error)))
    return ForeignEvaluation(mapped.name, verdicts, skipped)
