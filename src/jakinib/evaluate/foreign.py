"""The validation suite on somebody else's SBML model: which published constraints does it meet?

Each quantity is computed by the same code as for our models; only the model, the symbols that are set and the
formula that is read are theirs. Doses of patients reach their model as our plasma concentration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay import CellAssay, Curve, ExVivo, KinaseAssay, ex_vivo_inhibition, plasma
from jakinib.errors import JakinibError, SimulationError
from jakinib.evaluate.criteria import Criterion, Verdict, read_criteria
from jakinib.evaluate.mapping import Mapped, Mapping, read_mapping
from jakinib.evaluate.measures import BLOCK, DAILY, DOSES, DRAWS, DRUG, Measures, Prediction
from jakinib.fit.data import DataSet, Measurement, get_data
from jakinib.fit.plan import Plan, read_plan
from jakinib.fit.targets import SATURATING, cell_assay
from jakinib.library import get_library
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol, Step
from jakinib.units import parse_quantity

AFTER_DOSE = (
    "time_of_maximum", "left_at_24h", "left_at_16h", "maximum_rise", "return_rise", "return_10mg",
)  # fmt: skip


class NotEvaluable(JakinibError):
    """A constraint that this mapping cannot be held against; the message says why."""


@dataclass(frozen=True)
class MappedAssay(CellAssay):
    """The cell assay of our conditions, run on a mapped model."""

    mapped: Mapped | None = None

    @property
    def _mapped(self) -> Mapped:
        assert self.mapped is not None
        return self.mapped

    @property
    def mapping(self) -> Mapping:
        return self._mapped.mapping

    def model(self) -> Model:
        return self._mapped.model

    @property
    def observable(self) -> str:
        return self._mapped.readouts[self.cytokine, self.readout]

    def protocol(self, free_concentration: float) -> Protocol:
        drug = self.mapping.inhibitors[self.inhibitor]
        dose = self.mapping.cytokines[self.cytokine].dose
        hour = self._mapped.hour
        others = {entry.symbol: 0.0 for entry in self.mapping.inhibitors.values()}
        quiet = {pathway.dose.symbol: 0.0 for pathway in self.mapping.cytokines.values()}
        return Protocol(
            times=[self.stimulation * hour],
            start=-self.preincubation * hour,
            settings={
                **self.mapping.settings, **others, **quiet, **self.settings,
                drug.symbol: drug.from_nM(free_concentration),
            },
            steps=[Step(0.0, {dose.symbol: dose.from_nM(self.cytokine_dose)})],
        )  # fmt: skip


class ForeignMeasures:
    """The quantities of criteria on a mapped model; raises NotEvaluable for those it cannot be asked."""

    def __init__(self, mapped: Mapped, plan: Plan, data: DataSet) -> None:
        self.mapped, self.plan, self.data = mapped, plan, data
        self._known: dict[str, Callable[[str, Sequence[str]], float]] = {
            "enzyme_ic50": lambda of, _: self.enzyme_ic50(of),
            "selectivity": lambda of, _: self.enzyme_ic50(of) / self.enzyme_ic50("JAK1"),
            "pbmc_ic50": lambda of, _: self.pbmc_ic50(of or "50 ng/mL"),
            "gmfe": lambda _, rows: float(np.exp(np.mean(np.log(self.folds(rows))))),
            "worst_fold": lambda _, rows: max(self.folds(rows)),
            "worst_ec50": lambda _, rows: max(self.ec50_fold(self.data[row]) for row in rows),
            "stat3_peak": lambda *_: self.peak(),
            "stat3_at_60": lambda *_: self.left_at_60(""),
            "stat3_at_60_without_SOCS3": lambda *_: self.left_at_60("SOCS3"),
            "stat1_after_block": lambda *_: self.after_block(),
            "daily_max": lambda of, _: 100 * float(self.daily(of).inhibition.max()),
            "daily_min": lambda of, _: 100 * float(self.daily(of).inhibition.min()),
            **{name: partial(self._after_dose, name) for name in AFTER_DOSE},
        }  # fmt: skip

    def _after_dose(self, name: str, of: str, rows: Sequence[str]) -> float:
        never = [dose for dose, run in self._native.ex_vivo.items() if not math.isfinite(run.time_back())]
        if name == "return_rise" and never:
            doses = ", ".join(f"{dose:g}" for dose in never)
            raise SimulationError(f"inhibition is not back within 10 points 24 h after {doses} mg")
        return self._native.measure(name, of, rows)

    def measure(self, criterion: Criterion) -> float:
        """Value of the criterion's quantity in its unit."""
        if criterion.measure not in self._known:
            what = "pharmacokinetics" if criterion.measure == "pk" else f"'{criterion.measure}'"
            raise NotEvaluable(f"{what}: a mapping has no place for it")
        return float(self._known[criterion.measure](criterion.of, criterion.rows))

    def assay(self, native: CellAssay) -> MappedAssay:
        """Our conditions on their model; NotEvaluable when the mapping lacks what they name."""
        mapping = self.mapped.mapping
        for noun, name, entries in (
            ("cytokine", native.cytokine, mapping.cytokines),
            ("inhibitor", native.inhibitor, mapping.inhibitors),
            ("cell", native.cell, mapping.cells),
        ):
            if name not in entries:
                raise NotEvaluable(f"{noun} {name} is not mapped")
        if native.readout not in mapping.cytokines[native.cytokine].readouts:
            raise NotEvaluable(f"read-out {native.readout} of {native.cytokine} is not mapped")
        given = {f.name: getattr(native, f.name) for f in fields(CellAssay)}
        return MappedAssay(**given, mapped=self.mapped)

    @lru_cache(maxsize=16)  # noqa: B019 - one instance lives as long as the evaluation
    def enzyme_ic50(self, kinase: str) -> float:
        """IC50 (nM) of the enzyme assay with the conditions of ours: ATP 1 mM, 2 h equilibration, 30 min."""
        enzyme = self.mapped.mapping.enzymes.get(kinase)  # type: ignore[call-overload]
        if enzyme is None or DRUG not in enzyme.inhibitors:
            raise NotEvaluable(f"the enzyme assay of {kinase} with {DRUG} is not mapped")
        ours, hour, drug = KinaseAssay(DRUG, kinase), self.mapped.hour, enzyme.inhibitors[DRUG]
        end = (ours.equilibration + ours.reaction) * hour

        def product(concentration: float) -> float:
            settings = {
                **self.mapped.mapping.settings,
                enzyme.atp.symbol: enzyme.atp.from_nM(ours.atp),
                enzyme.peptide.symbol: 0.0,
                drug.symbol: drug.from_nM(concentration),
            }
            add = Step(
                ours.equilibration * hour, {enzyme.peptide.symbol: enzyme.peptide.from_nM(ours.peptide)}
            )
            protocol = Protocol([end], settings, [add])
            return float(self.mapped.model.run(protocol, [self.mapped.readouts[kinase, "product"]])[0, 0])

        top = product(0.0)
        if top <= 0:
            raise SimulationError(f"enzyme assay of {kinase}: no product without inhibitor")
        return Curve(lambda concentration: 1 - product(concentration) / top, f"{DRUG} on {kinase}").ic50

    def pbmc_ic50(self, cytokine_dose: str) -> float:
        mass = get_library().cytokine("IL-6").molecular_weight.to("g/mol")
        dose = parse_quantity(cytokine_dose, "nM", mass=mass)
        return self.assay(CellAssay(DRUG, "IL-6", "pSTAT3", matrix="PBMC", cytokine_dose=dose)).curve().ic50

    @cached_property
    def _predicted(self) -> dict[str, Prediction]:
        return {}

    def folds(self, rows: Sequence[str]) -> list[float]:
        """Fold error of each published cell IC50."""
        assays = [self.assay(cell_assay(self.data[r], self.data.conditions(self.data[r]))) for r in rows]
        for row, assay in zip(rows, assays, strict=True):
            if row not in self._predicted:
                published = self.data[row]
                self._predicted[row] = Prediction(
                    row, published.set, assay.label, published.to("nM"), assay.curve().ic50,
                    published.status, published.source,
                )  # fmt: skip
        return [self._predicted[row].fold for row in rows]

    def ec50_fold(self, row: Measurement) -> float:
        """Fold error of a published cytokine EC50."""
        drug = next(iter(self.mapped.mapping.inhibitors), DRUG)
        assay = self.assay(CellAssay(drug, row.cytokine, row.readout, row.cell))
        end = parse_quantity(row.time, "hour") * self.mapped.hour
        dose = self.mapped.mapping.cytokines[assay.cytokine].dose
        settings = dict(assay.protocol(0.0).settings)

        def signal(concentration: float) -> float:
            protocol = Protocol([end], {**settings, dose.symbol: dose.from_nM(concentration)})
            return float(self.mapped.model.run(protocol, [assay.observable])[0, 0])

        top = signal(SATURATING)
        predicted = Curve(lambda c: signal(c) / top, f"{row.cytokine} in {row.cell}").ic50
        return math.exp(abs(math.log(predicted / row.to("nM"))))

    @lru_cache(maxsize=4)  # noqa: B019
    def _course(self, without: str) -> NDArray[np.float64]:
        """IL-6 pSTAT3 (percent) of macrophages under 10 ng/mL, every minute for two hours."""
        assay = self.assay(CellAssay(DRUG, "IL-6", "pSTAT3", "macrophage"))
        pathway = self.mapped.mapping.cytokines["IL-6"]
        if without and without not in pathway.without:
            raise NotEvaluable(f"cytokines.IL-6.without names no settings for {without}")
        mass = get_library().cytokine("IL-6").molecular_weight.to("g/mol")
        dose = pathway.dose.from_nM(parse_quantity("10 ng/mL", "nM", mass=mass))
        settings = {
            **assay.protocol(0.0).settings,
            **pathway.without.get(without, {}),
            pathway.dose.symbol: dose,
        }
        minutes = np.arange(0, 121.0)
        run = Protocol(minutes / 60 * self.mapped.hour, settings)
        return self.mapped.model.run(run, [assay.observable])[:, 0]

    def peak(self) -> float:
        return float(self._course("").argmax())

    def left_at_60(self, without: str) -> float:
        percent = self._course(without)
        return float(100 * percent[60] / percent.max())

    def after_block(self) -> float:
        """IFN-gamma pSTAT1 60 min after a complete kinase block, percent of its value at the block."""
        assay = self.assay(CellAssay(DRUG, "IFN-gamma", "pSTAT1"))
        mapping, hour = self.mapped.mapping, self.mapped.hour
        dose, drug = mapping.cytokines[assay.cytokine].dose, mapping.inhibitors[DRUG]
        settings = {**assay.protocol(0.0).settings, dose.symbol: dose.from_nM(assay.cytokine_dose)}
        block = Step(0.0, {drug.symbol: drug.from_nM(BLOCK)})
        run = Protocol([0.0, hour], settings, [block], start=-0.5 * hour)
        percent = assay.model().run(run, [assay.observable])[:, 0]
        return float(100 * percent[1] / percent[0])

    @cached_property
    def _native(self) -> Measures:
        """Our measures with the ex vivo courses of their model in them."""
        measures = Measures(self.plan, self.data)
        conditions = self.assay(CellAssay(DRUG, "IL-6", "pSTAT3"))
        measures.__dict__["ex_vivo"] = {
            dose: ex_vivo_inhibition(plasma(Regimen.single(dose), DRAWS), conditions) for dose in DOSES
        }
        return measures

    @lru_cache(maxsize=16)  # noqa: B019
    def daily(self, pathway: str) -> ExVivo:
        """Inhibition over the fourteenth day of 4 mg once daily in RA."""
        cytokine, readout = next(pair for pair in DAILY if " ".join(pair) == pathway)
        conditions = self.assay(CellAssay(DRUG, cytokine, readout))
        return ex_vivo_inhibition(self._day.profile, conditions)

    @cached_property
    def _day(self) -> ExVivo:
        """The day of ours, for its plasma concentrations at the times at which we read."""
        return next(iter(Measures(self.plan, self.data).daily.values()))


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
    measures = ForeignMeasures(mapped, read_plan("pathways", data), data)
    verdicts: list[Verdict] = []
    skipped: list[tuple[Criterion, str]] = []
    for criterion in read_criteria():
        progress(criterion)
        sources = tuple(dict.fromkeys(data[row].source for row in criterion.rows))
        try:
            verdicts.append(Verdict(criterion, measures.measure(criterion), sources))
        except NotEvaluable as error:
            skipped.append((criterion, str(error)))
        except SimulationError as error:
            verdicts.append(Verdict(criterion, None, sources, str(error)))
    return ForeignEvaluation(mapped.name, verdicts, skipped)
