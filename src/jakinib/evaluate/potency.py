"""Cell potencies with the band that answers the question: in one laboratory, in any, or of two drugs in one.

The same drug, cytokine and read-out measured by two laboratories differs by a factor that the model cannot
know; the ratio of two drugs in one laboratory does not hold it (docs/science.md).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jakinib import cache
from jakinib.arguments import checked
from jakinib.assay import CellAssay, Curve
from jakinib.assay import assay as simulated
from jakinib.build.estimates import estimates
from jakinib.errors import InputError, UnknownIdError
from jakinib.evaluate.draws import Joint, joint, probabilities
from jakinib.evaluate.laws import Law, follows_from, laws
from jakinib.evaluate.run import STRUCTURES, calibrations
from jakinib.experiments import Models
from jakinib.library.measurements import DataSet, get_data
from jakinib.simulate import Adjusted, Model, Runnable

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 40
SAME, NEW = "same laboratory", "a new laboratory"
CERTAIN = 0.95  # probability from which an order of two drugs is called certain
Array = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Scatter:
    """Parameter draws of the cell model, and one standard deviation (ln) of what no parameter holds.

    repeat: of a potency measured again. laboratory: of a factor of a laboratory and pathway. inhibitor: of
    the shift of a drug that no cell has seen.
    """

    draws: Joint
    repeat: float
    laboratory: float
    inhibitor: float
    fitted: frozenset[str]

    def unseen(self, inhibitor: str) -> float:
        """One standard deviation of a shift that the draws do not hold."""
        return 0.0 if f"shift_{inhibitor}" in self.fitted else self.inhibitor


def scatter(data: DataSet | None = None, count: int = DRAWS) -> Scatter:
    """The stored draws; raises InputError, saying what to run, when they are lacking or stale."""
    fits = calibrations(STRUCTURES, data or get_data())
    found = joint([fits], count)
    if found.missing:
        raise InputError(next(iter(found.missing.values())))
    shares = probabilities(fits)
    names = frozenset(parameter.id for fit in fits for parameter in fit.plan.parameters)

    def spread(name: str) -> float:
        squares = [float(fit.provenance["spreads"][name]) ** 2 for fit in fits]
        return math.sqrt(float(shares @ squares))

    return Scatter(found, spread("cell_ic50"), spread("laboratory"), spread("inhibitor"), names)


@dataclass
class CellPotency(Curve):
    """The concentration-response of a cell assay, and the bands of its IC50.

    assay: its conditions. laboratory: whose factor the curve holds; empty for none. model: what it runs on.
    """

    assay: CellAssay = field(kw_only=True)
    laboratory: str = ""
    offset: str = ""  # symbol of the factor, where the laboratory has measured the pathway
    model: Runnable | None = None
    scenario: Any = field(default=None, repr=False, compare=False)
    AROUND: ClassVar[float] = 300.0  # factor around the IC50 within which a draw's curve is known

    @functools.cached_property
    def _scatter(self) -> Scatter:
        return scatter()

    @functools.cached_property
    def draws(self) -> Array:
        """ln IC50 of every draw, without any laboratory; shape (draws,)."""
        if self.model is not None:
            raise InputError(f"{self.label}: bands are those of the package's model, not of one given")
        return ln_ic50s(self.assay, self.assay.model(), self._scatter, self.ic50)

    @functools.cached_property
    def bands(self) -> Mapping[str, Interval]:
        """Central 90 % intervals of the IC50 (nM) that a laboratory would publish, by name.

        ``same laboratory`` where one is named and has measured this pathway with any drug. Raises InputError
        when the stored draws are lacking or stale.
        """
        return {
            name: interval(self.draws + factors, *blur) for name, (factors, blur) in self._answers.items()
        }

    @functools.cached_property
    def _answers(self) -> Mapping[str, tuple[Array, tuple[float, ...]]]:
        """By the name of a band: ln of the factor of the laboratory in each draw, and what blurs it."""
        spread = self._scatter
        drug, none = spread.unseen(self.assay.inhibitor), np.zeros(len(spread.draws.settings))
        out: dict[str, tuple[Array, tuple[float, ...]]] = {
            NEW: (none, (spread.repeat, spread.laboratory, drug))
        }
        if self.offset:
            factors = np.log([draw[self.offset] for draw in spread.draws.settings])
            out[SAME] = factors, (spread.repeat, drug)
        return out

    @functools.cached_property
    def _laws(self) -> list[Law]:
        middle = self.assay.free * self.ic50
        ends = middle / self.AROUND, middle * self.AROUND
        return laws(self.assay, self.assay.model(), self._scatter.draws.settings, *ends)

    def inhibition_band(self, at: Array) -> tuple[str, Array, Array]:
        """Ends of the central 90 % of the inhibition (%) that a laboratory would find at nominal
        concentrations (nM), and the name of the band: same laboratory where there is one, else a new one.

        Slopes vary between the draws as IC50s do. Raises InputError as ``bands`` does.
        """
        if self.model is not None:
            raise InputError(f"{self.label}: bands are those of the package's model, not of one given")
        name = SAME if SAME in self._answers else NEW
        factors, spreads = self._answers[name]
        free = self.assay.free * np.asarray(at, dtype=float)
        shifts = np.exp(factors[:, None] + blur(*spreads))
        found = [100 * law(free / shift[:, None]) for law, shift in zip(self._laws, shifts, strict=True)]
        low, high = np.quantile(np.concatenate(found), (0.05, 0.95), axis=0, method="hazen")
        return name, low, high


def ln_ic50s(conditions: CellAssay, model: Model, spread: Scatter, near: float) -> Array:
    """ln IC50 (nM) of every draw; near: the IC50 at the estimates."""
    draws = spread.draws.settings

    def make() -> Array:
        drawn = [Models(draw).settings(model.settable, conditions.cell) for draw in draws]
        return np.log(conditions.ic50s_near([Adjusted(model, settings) for settings in drawn], near))

    return cache.kept("intervals", f"{follows_from(conditions, model, draws)}\nIC50 near {near!r}", make)


def blur(*spreads: float) -> Array:
    """Equally likely values of the sum of independent normal errors with these standard deviations."""
    from scipy.special import ndtri

    return np.asarray(math.hypot(*spreads) * ndtri((np.arange(201) + 0.5) / 201))


def interval(logs: Array, *spreads: float) -> Interval:
    """Central 90 % interval of exp(logs), each blurred by independent normal errors."""
    low, high = np.quantile(logs[:, None] + blur(*spreads), (0.05, 0.95), method="hazen")  # as it is spaced
    return float(math.exp(low)), float(math.exp(high))


@checked
def assay(
    inhibitor: str,
    cytokine: str,
    readout: str = "",
    *,
    laboratory: str = "",
    cell: str = "",
    matrix: str = "whole blood",
    cytokine_dose: str = "",
    preincubation: str = "60 min",
    stimulation: str = "15 min",
    milieu: str = "",
    settings: Mapping[str, float] | None = None,
    model: Runnable | None = None,
) -> CellPotency:
    """Simulate a cell assay and return its concentration-response curve (IC50, Hill slope, bands, plot).

    Doses and times are text with units ("10 ng/mL", "15 min"). laboratory: one whose potencies calibrate the
    model, such as "EUbOPEN2024": the curve is then what it would find. matrix: "whole blood" (the IC50 is of
    spiked blood), "ex vivo blood" (of total plasma), "PBMC" or "culture". readout: default is the first of
    the cytokine ("pSTAT5" of IL-2); cell: default is the cytokine's reference cell; cytokine_dose: default
    the usual dose; milieu: of the library, whose level of the cytokine is the dose. settings: parameters in
    place of the estimates, in every draw as well, and fu_<inhibitor>, the share free in plasma.
    Raises UnknownIdError, UnitError, InputError or SimulationError.

    >>> import jakinib as jk
    >>> usual, crowded = (jk.assay("baricitinib", "IL-6", settings=one) for one in ({}, {"ATP": 4e6}))
    >>> crowded.ic50 > usual.ic50
    True
    """
    curve = simulated(
        inhibitor, cytokine, readout, cell=cell, matrix=matrix, cytokine_dose=cytokine_dose,
        preincubation=preincubation, stimulation=stimulation, milieu=milieu, settings=settings, model=model,
    )  # fmt: skip
    conditions, notes = CellAssay(**curve.conditions), list(curve.notes)
    offset = offset_of(laboratory, conditions) if laboratory else ""
    factor = estimates(STRUCTURES[0], nuisance=True)[offset].value if offset else 1.0
    if laboratory and not offset:
        pathway = f"{conditions.stimulus} {conditions.readout}"
        notes.append(f"{laboratory} has measured no potency on {pathway}: that of any laboratory is given")
    label = f"{curve.label}, {laboratory}" if laboratory else curve.label

    @checked
    def inhibition(concentration: float) -> float:
        return curve.inhibition(concentration / factor)

    return CellPotency(
        inhibition, label, curve.conditions, tuple(notes), assay=conditions, laboratory=laboratory,
        offset=offset, model=model,
    )  # fmt: skip


def offset_of(laboratory: str, conditions: CellAssay) -> str:
    """Symbol of the factor of a laboratory on the pathway of an assay; empty when it has not measured it.

    Raises UnknownIdError for a laboratory that no calibrating potency is from.
    """
    data = get_data()
    (fit,) = calibrations(STRUCTURES[:1], data)
    rows = [data[row] for row in fit.plan.calibration]
    known = dict.fromkeys(data.laboratory(row) for row in rows)
    if laboratory not in known:
        raise UnknownIdError("laboratory", laboratory, known)
    for row in rows:
        same = (row.cytokine, row.readout) == (conditions.stimulus, conditions.readout)
        if same and data.laboratory(row) == laboratory and (found := fit.plan.offsets_of(row, data)):
            return found[0]
    return ""


def with_ratios(frame: pd.DataFrame, read: Sequence[CellAssay]) -> pd.DataFrame:
    """A comparison with the IC50 ratios to the inhibitor of its first row, where it has several inhibitors.

    read: conditions of each read-out, whatever their inhibitor.
    """
    import pandas as pd

    if frame.inhibitor.nunique() < 2:
        return frame
    spread = scatter()
    drugs = tuple(dict.fromkeys(frame.inhibitor))
    like = {(one.stimulus, one.readout): one for one in read}
    logs: dict[tuple[tuple[str, str], str], Array] = {}
    beside: list[dict[str, Any]] = []
    for row in frame.to_dict("records"):
        name, drug = (row["cytokine"], row["readout"]), row["inhibitor"]
        if (name, drug) not in logs:
            conditions = replace(like[name], inhibitor=drug)
            model = conditions.model_of(drugs)
            logs[name, drug] = ln_ic50s(conditions, model, spread, row["ic50_nM"])
        pair = (logs[name, drugs[0]], logs[name, drug])
        beside.append({} if drug == drugs[0] else ratio(*pair, spread, drugs[0], drug))
    for column in dict.fromkeys(key for one in beside for key in one):
        frame[column] = pd.Series([one.get(column) for one in beside], dtype=object)
    return frame


def ratio(first: Array, second: Array, spread: Scatter, *drugs: str) -> dict[str, Any]:
    """IC50 of a drug over that of the first, its band in one laboratory, and whether their order is certain.

    first, second: ln IC50 of both drugs, draw by draw.
    """
    from scipy.special import ndtr

    between, unseen = second - first, [spread.unseen(drug) for drug in drugs]
    low, high = interval(between, spread.repeat, spread.repeat, *unseen)
    weaker = float(ndtr(between / max(math.hypot(*unseen), 1e-12)).mean())
    return {
        "ic50_ratio": math.exp(float(np.median(between))), "ic50_ratio_low": low, "ic50_ratio_high": high,
        "order_certain": max(weaker, 1 - weaker) >= CERTAIN,
    }  # fmt: skip
