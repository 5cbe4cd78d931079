"""Cell assays with an inhibitor."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import SERUM_FRACTION, CellAssay
from jakinib.assay.curve import Curve, Effect, Half, halves_near, logit
from jakinib.build import ModelSpec
from jakinib.errors import PlanError, SimulationError
from jakinib.experiments.base import Choices, Experiment, Trace, cell_of, register
from jakinib.experiments.models import Models
from jakinib.experiments.petab import ONSET, REFERENCE, Cell, Place, Writer
from jakinib.lanes import Reading
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement
from jakinib.library.readouts import observed
from jakinib.simulate import Protocol
from jakinib.units import parse_quantity

WITHOUT_INHIBITOR = ("ATP", "Km_", "w_", "shift_", "catalytic_steps")  # act only through bound inhibitor


class Potency(Experiment):
    """A half-maximal concentration (nM): an IC50 or EC50."""

    unit = "nM"

    def response(self, models: Models) -> Curve:
        """Share of the effect against concentration (nM)."""
        raise NotImplementedError

    def predicted(self, models: Models) -> float:
        def find() -> float:
            curve = self.response(models)
            return curve.ic50 if models.near is None else curve.ic50_near(self.predicted(models.near))

        return models.once(("half", self.key), find)

    @property
    def label(self) -> str:
        """Who is tested on what."""
        raise NotImplementedError


class Searched(Potency):
    """... found by runs on one model: the searches of many draws can go side by side."""

    def reference(self, models: Models) -> Reading:
        """What shares of the effect are of."""
        raise NotImplementedError

    def effect(self, models: Models, top: float) -> Effect:
        """Share of the effect by concentration (nM); top: the value of ``reference``."""
        raise NotImplementedError


def search_side_by_side(potencies: Iterable[Searched], draws: Sequence[Models]) -> None:
    """Find each potency in each of some models near others, whose potencies are the starting points.

    Their ``predicted`` then only reads it. What cannot be found here is left to it, and to its complaint.
    """
    searched, asked = [], []
    for one in {one.key: one for one in potencies}.values():
        for models in draws:
            with suppress(SimulationError):
                guess = one.predicted(models.near or models)
                asked.append(Half(one.reference(models), functools.partial(one.effect, models), guess))
                searched.append((one, models))
    for (one, models), half in zip(searched, halves_near(asked), strict=True):
        if half is not None:
            models.once(("half", one.key), functools.partial(float, half))


def cell_assay(row: Measurement, data: DataSet, choices: Choices) -> CellAssay:
    """The assay behind a row; raises PlanError when its source assumes no cytokine dose."""
    library, conditions = get_library(), data.conditions(row)
    cytokine = library.cytokine(row.cytokine)
    mass = cytokine.molecular_weight.to("g/mol")
    if row.cytokine_dose:
        dose = parse_quantity(row.cytokine_dose, "nM", mass=mass, where=row.id)
    elif row.cytokine in conditions.cytokine_dose:
        stated = conditions.cytokine_dose[row.cytokine]
        dose = parse_quantity(f"{stated.value} {stated.unit}", "nM", mass=mass)
    else:
        raise PlanError(
            f"fits/data/{row.source}/source.yaml: assay.cytokine_dose lacks {row.cytokine} ({row.id})"
        )
    serum = SERUM_FRACTION if conditions.serum_fraction is None else conditions.serum_fraction.value
    return CellAssay(
        row.inhibitor,
        row.cytokine,
        row.readout,
        cell_of(row, choices),
        row.matrix,
        dose,
        conditions.preincubation.to("hour"),
        conditions.stimulation.to("hour"),
        serum,
    )


class Inhibited(Experiment):
    """A cell under cytokine and inhibitor, with the conditions that its data source assumes."""

    paired = True
    onset = True

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.assay = cell_assay(row, data, choices)
        self.cytokine = get_library().cytokine(row.cytokine)
        self.scope = self.assay.cell

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return (self.spec,)

    @functools.cached_property
    def spec(self) -> ModelSpec:
        assay = self.assay
        return ModelSpec("cytokine_signalling", (assay.cytokine,), (assay.inhibitor,), cell=assay.cell)

    def symbols(self, models: Models) -> set[str]:
        """Without those of other drugs, of which there is none."""
        others = set(get_library().inhibitors) - {self.assay.inhibitor}
        return {one for one in super().symbols(models) if others.isdisjoint(one.partition("@")[0].split("_"))}

    @property
    def label(self) -> str:
        """Who is tested on what, as the row names it."""
        row = self.row
        return f"{row.inhibitor} {row.cytokine} {row.readout}, {row.cell}, {row.matrix}"

    def share_left(self, models: Models, concentration: float) -> float:
        """Signal under a nominal concentration (nM) of inhibitor, as a share of that without."""
        top = self.assay.response(0.0, models.model(self.spec, WITHOUT_INHIBITOR))
        return self.assay.response(self.assay.free * concentration, models.model(self.spec)) / top

    def concentration_response(self, models: Models, near: float, share: float) -> Trace:
        """Inhibition (%) over four decades around ``near`` (nM), where ``share`` percent are published."""
        response = self.assay.curve(models.model(self.spec))
        x, y = response.table(np.geomspace(near / 100, near * 100, 25))
        point = (near, share)
        return Trace(x, 100 * y, f"{self.row.inhibitor} (nM)", "inhibition (%)", point, logarithmic=True)

    def petab_condition(self, part: Writer, concentration: float) -> Place:
        """Condition with a nominal concentration (nM) of inhibitor, none in the reference copy; its time."""
        assay, symbol = self.assay, self.cytokine.symbol
        free, dose = assay.free * concentration, f"dose_{self.cytokine.symbol}"
        changes: dict[str, Cell] = {
            f"I_{assay.inhibitor}": free,
            dose: assay.cytokine_dose,
            dose + REFERENCE: assay.cytokine_dose,
            f"L_{symbol}": 0.0,
            f"L_{symbol}{REFERENCE}": 0.0,
            ONSET: assay.preincubation,
        }
        text = (
            f"{assay.label}: {concentration:g} nM of inhibitor, {free:g} nM of it free; none in the "
            f"reference copy; {assay.cytokine_dose:g} nM {assay.cytokine} after {assay.preincubation:g} h"
        )
        condition = part.condition(f"{assay.inhibitor}_{self.row.id}", text, self.scope, changes)
        return condition, assay.preincubation + assay.stimulation


@register
class CellIC50(Inhibited, Searched):
    """IC50 of a cell assay.

    ``distance`` is ln(IC50 of the model / published), from one run at the published concentration and one
    without: logit(signal / uninhibited) = hill x ln(IC50 / concentration), and in the closed form of the
    pathway (docs/science.md 2.4) with n catalytic steps signal is (1 + G) T^n / (1 + G T^n), so that
    hill = -n dlnT/dlnI / (1 - T^n) whatever the reserve G: it costs no run. The sign is exact, the size to
    first order. ``ex_vivo_ec50`` is the same in blood that already held the drug, against its plasma level.
    """

    quantities = ("cell_ic50", "ex_vivo_ec50")

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.free = self.assay.free * row.to("nM")
        self._jaks = sorted({*self.cytokine.slot_a, *self.cytokine.slot_b})
        self._signals = observed(get_library(), self.cytokine, self.assay.read)
        self._read_at = self._signals.index(self.assay.observable)

    def response(self, models: Models) -> Curve:
        return self.assay.curve(models.model(self.spec))

    def reference(self, models: Models) -> Reading:
        return self.assay.reading(0.0, models.model(self.spec))

    def effect(self, models: Models, top: float) -> Effect:
        return self.assay.nominal(models.model(self.spec), top)

    @functools.cached_property
    def _observables(self) -> tuple[str, ...]:
        stats, own = self.cytokine.stats, self.cytokine.symbol
        return (
            *self._signals,
            *(f"reserve_{own}_{s}" for s in stats),
            "catalytic_steps",
            f"T_{own}",
            f"w_{own}",
            f"a_{own}",
            f"b_{own}",
            *(f"A_{jak}" for jak in self._jaks),
        )

    @functools.cached_property
    def _protocols(self) -> tuple[Protocol, Protocol]:
        """Without inhibitor, and with the published concentration of it."""
        return self.assay.protocol(0.0), self.assay.protocol(self.free)

    def _without(self, models: Models) -> NDArray[np.float64]:
        return models.model(self.spec, WITHOUT_INHIBITOR).run(self._protocols[0], self._observables)[0]

    def _inhibited(self, models: Models) -> NDArray[np.float64]:
        return models.model(self.spec).run(self._protocols[1], self._observables)[0]

    def hill(self, models: Models) -> float:
        """Slope of logit(inhibition) in ln(concentration) at the published one, by the closed form."""
        return self._hill(self._inhibited(models))

    def _hill(self, inhibited: NDArray[np.float64]) -> float:
        entry = self.cytokine
        closed = len(self._signals) + len(entry.stats)
        steps, activity, w, a, b, *available = inhibited[closed:].tolist()
        share = dict(zip(self._jaks, available, strict=True))
        fall_a = sum(x.value * share[jak] * (1 - share[jak]) for jak, x in entry.slot_a.items()) / a
        fall_b = sum(x.value * share[jak] * (1 - share[jak]) for jak, x in entry.slot_b.items()) / b
        lost = 1 - activity**steps
        return 1.0 if lost < 1e-9 else steps * (w * fall_a + (1 - w) * fall_b) / lost

    def distance(self, models: Models) -> float:
        top, inhibited = self._without(models), self._inhibited(models)
        return logit(inhibited[self._read_at] / top[self._read_at]) / self._hill(inhibited)

    @property
    def stat(self) -> str:
        """The STAT whose reserve the read-out shows: the only one of it, else the first that it names."""
        return (self.assay.read.stats(self.cytokine) or self.cytokine.stats)[0]

    def reserve(self, models: Models) -> float:
        """Signal reserve G without inhibitor at the time of reading."""
        stats = self.cytokine.stats
        return float(self._without(models)[len(self._signals) + stats.index(self.stat)])

    def curve(self, models: Models) -> Trace:
        return self.concentration_response(models, self.published, 50.0)

    def petab(self, part: Writer) -> Place:
        condition, time = self.petab_condition(part, self.published)
        readout = self.row.readout
        read = self.assay.read
        signal = read.symbol
        odds = f"({signal} / ({signal}{REFERENCE} - {signal}))^(1 / hill_{self.cytokine.symbol})"
        name, formula, shared = self.petab_offset(f"IC50_{read.key}", odds)
        text = f"IC50 of {readout}, nM, from the share of signal left at the published one (the parameter)"
        observable = part.observable(name, text, f"observableParameter1_{name} * {formula}", shared)
        part.measure(self.row.id, observable, condition, time, self.published, self.sigma, self.published)
        return condition, time

    def petab_reserve(self, part: Writer, at: Place, median: float, sigma: float) -> None:
        """The prior on the reserve of the pathway, as a measurement of it in the copy without inhibitor."""
        symbol = f"reserve_{self.cytokine.symbol}_{self.stat}"
        name = f"prior: STAT drive over STAT loss without inhibitor, {self.assay.readout}"
        observable = part.observable(f"prior_{symbol}", name, symbol + REFERENCE)
        part.measure("reserve_prior", observable, at[0], at[1], median, sigma)
