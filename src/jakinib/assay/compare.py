"""Inhibitors side by side: what a regimen at steady state does to each cytokine over the day.

Blood drawn through one dosing period is stimulated ex vivo in the simulated whole-blood assay, at the free
concentration in vivo. The drug is taken as constant through one assay (1 h with inhibitor, 15 min with
cytokine): pSTAT follows plasma within minutes, plasma changes within hours. Inhibition is then a function of
the free concentration alone, read off a few exact runs (``assay.inhibition``). An inhibitor with an active
metabolite is simulated at each draw instead.
With a drug that moves during the assay the average over a day changes by less than 0.2 points, a single draw
on the steep flank of a peak by up to 17 (tests/validation/test_comparators.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import EX_VIVO, CellAssay
from jakinib.assay.inhibition import inhibition_at, time_above
from jakinib.assay.patient import Patient
from jakinib.assay.pk import plasma_profiles
from jakinib.build.estimates import estimates
from jakinib.build.pharmacology import no_pharmacokinetics
from jakinib.errors import InputError, SimulationError
from jakinib.lanes import Reading, readings
from jakinib.library import get_library
from jakinib.library.schema import Inhibitor
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Covariate, Settings, within
from jakinib.simulate import Model, Runnable

if TYPE_CHECKING:
    import pandas as pd

STEP, DRAW = 0.05, 0.1  # h between points of the plasma curve; between draws where each is simulated
LOW_ATP = 5e5  # nM; enzyme potencies below this ATP are extrapolated far to reach that of a cell

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Exposure:
    """Plasma over one period at steady state. time in hours; free (nM) of the inhibitor and its metabolite.

    anchored: whether each is as potent as cells have shown, or as its enzyme assays alone lead to expect.
    """

    regimen: str
    inhibitor: str
    population: str
    time: Array
    ng_per_mL: Array
    free: Mapping[str, Array]
    anchored: bool
    notes: tuple[str, ...]

    @property
    def period(self) -> float:
        """Hours: at least a day, a whole number of dosing intervals."""
        return float(self.time[-1])


def exposure(
    text: Regimen | str,
    population: str = "ra_adult",
    anchored: bool = True,
    *,
    inhibitor: str = "",
    weight: Covariate | None = None,
    eGFR: Covariate | None = None,
    conditions: Sequence[str] = (),
    disposition: Mapping[str, float] | None = None,
    own: Mapping[str, float] | None = None,
    ends: bool = False,
) -> Exposure:
    """Plasma of a typical patient under a regimen such as "tofacitinib 5 mg bid", at steady state.

    population: where its pharmacokinetics are known; those of the first population the library states
    otherwise, and ``notes`` says so. anchored: as potent as cells have shown (shift_<inhibitor>, fitted), in
    place of what its enzyme assays alone lead to expect. inhibitor: of doses that name none. weight, eGFR,
    conditions: as in ``Patient``. disposition: in place of that of the reference patient (``typical``).
    own: as in ``Patient``. ends: take a regimen that ends as well, and follow its last dosing interval.
    Raises InputError for a regimen that is not one inhibitor at steady state, or for an inhibitor without
    pharmacokinetics; UnknownIdError for unknown names.
    """
    library = get_library()
    regimen, drug = _read(text, inhibitor, ends)
    people = library.population(population).id
    if not drug.pharmacokinetics:
        raise InputError(f"regimen '{regimen.text}': {no_pharmacokinetics(drug, people)}")
    used = people if people in drug.pharmacokinetics else next(iter(drug.pharmacokinetics))
    settings: Settings | None = None
    notes: list[str] = []
    if weight is not None or eGFR is not None or conditions or disposition or own:
        patient = Patient(used, drug.id, weight, eGFR, tuple(conditions), tuple((own or {}).items()))
        settings, notes = patient.settings(disposition), patient.unknown()
        regimen = regimen.at_weight(settings["weight"])
    train, start, period = _period(regimen)
    within(settings or {}, start + period)
    grid = np.linspace(0, period, round(period / STEP) + 1)
    profiles = plasma_profiles(train, start + grid, inhibitor=drug.id, population=used, settings=settings)
    free = {profile.inhibitor: profile.free for profile in profiles}
    moieties = [library.inhibitor(name) for name in free]
    notes = [*profiles[0].notes, *notes, *_notes(moieties, people, used, anchored)]
    said = regimen.text if isinstance(text, Regimen) else text
    level = profiles[0].ng_per_mL
    return Exposure(said, drug.id, used, grid, level, free, anchored, tuple(dict.fromkeys(notes)))


def _read(text: Regimen | str, inhibitor: str, ends: bool) -> tuple[Regimen, Inhibitor]:
    """The regimen and its inhibitor; doses by mouth, in mg, for ever, unless it may have an end."""
    regimen = Regimen.parse(text)
    text = regimen.text
    names = regimen.inhibitors or ((inhibitor,) if inhibitor else ())
    if len(names) != 1:
        named = "names no inhibitor" if not names else "names more than one inhibitor"
        raise InputError(
            f"regimen '{text}' {named}; compare one at a time, for example 'tofacitinib 5 mg bid'"
        )
    intervals = {series.interval for series in regimen.steady}
    if len(intervals) > 1 or (intervals and len(regimen.doses) != len(regimen.steady)):
        raise InputError(f"regimen '{text}': only steady states are compared; write for example '4 mg qd'")
    if not ends:
        if not intervals:
            raise InputError(
                f"regimen '{text}': only steady states are compared; write for example '4 mg qd'"
            )
        if any(dose.route != "oral" or dose.per_kg for dose in regimen.doses):
            raise InputError(f"regimen '{text}': only doses by mouth in mg are compared")
    library = get_library()
    drug = library.inhibitor(names[0])
    parents = [other.id for other in library.inhibitors.values() if other.metabolite == drug.id]
    if parents:
        raise InputError(f"regimen '{text}': '{drug.id}' is formed in the body; dose {' or '.join(parents)}")
    return regimen, drug


def _period(regimen: Regimen) -> tuple[Regimen, float, float]:
    """Doses to give, and start and length (h) of what is looked at: a day or more of a steady state, a whole
    number of intervals; else the last dosing interval."""
    if not regimen.steady:
        start, stop = regimen.intervals()[-1]
        return regimen, start, stop - start
    interval = regimen.steady[0].interval
    count = max(1, math.ceil(24 / interval - 1e-9))
    later = [replace(dose, time=dose.time + i * interval) for dose in regimen.doses for i in range(count)]
    return Regimen(tuple(later), regimen.text, regimen.steady), 0.0, interval * count


def _notes(moieties: Sequence[Inhibitor], asked: str, used: str, anchored: bool) -> list[str]:
    """What the reader of a comparison must know about the inhibitor."""
    drug, notes = moieties[0], []
    if used != asked:
        notes.append(f"{drug.id}: no pharmacokinetics for {asked}; those of {used} are used")
    if len(moieties) > 1:
        notes.append(f"{drug.id}: with its active metabolite {moieties[1].id}")
    disposition = [q for m in moieties for q in m.pharmacokinetics[used].values()]
    if any(q.status == "recalled" and q.kind != "assumed" for q in disposition):
        notes.append(f"{drug.id}: pharmacokinetics partly quoted without the source at hand (recalled)")
    low = [jak for jak, p in drug.potency.items() if p.quantity == "IC50" and p.atp_nM < LOW_ATP]
    shift = estimates("pathways").get(f"shift_{drug.id}") if anchored else None
    if shift is not None and abs(math.log(shift.value)) > math.log(2):
        notes.append(
            f"{drug.id}: {1 / shift.value:.3g}-fold as potent in cells as its enzyme assays lead to expect, "
            "as potencies in cells show"
        )
    elif low:
        notes.append(
            f"{drug.id}: enzyme assays ({', '.join(low)}) at low ATP; potency in cells is extrapolated"
        )
    return notes


def conditions_of(exposed: Exposure, cytokine: str, like: CellAssay | None = None) -> CellAssay:
    """The ex vivo assay of a comparison: first read-out of the cytokine, on its reference cell.

    like: conditions in place of these, whatever their inhibitor; what they set goes before all else.
    """
    plain = {} if exposed.anchored else {f"shift_{name}": 1.0 for name in exposed.free}
    if like is not None:
        return replace(like, inhibitor=exposed.inhibitor, settings={**plain, **like.settings})
    entry = get_library().cytokine(cytokine)
    return CellAssay(exposed.inhibitor, entry.id, matrix=EX_VIVO, settings=plain)


def inhibition(exposed: Exposure, conditions: CellAssay, model: Runnable) -> Array:
    """Inhibition (fraction) at each point of ``exposed.time``; ``model`` knows its inhibitor and metabolite.

    Raises SimulationError when the cytokine gives no signal to inhibit.
    """
    acting = exposed.free
    names = tuple(acting)
    if len(names) == 1:
        return inhibition_at(acting[names[0]], conditions.inhibited(model))
    top = conditions.uninhibited(model)
    draws = np.linspace(0, exposed.period, round(exposed.period / DRAW) + 1)
    levels = [np.interp(draws, exposed.time, values) for values in acting.values()]
    base, symbols = conditions.protocol(0.0), [f"I_{name}" for name in names]
    asked = [
        replace(base, settings={**base.settings, **dict(zip(symbols, map(float, at), strict=True))})
        for at in zip(*levels, strict=True)
    ]
    drawn = []
    for found in readings([Reading(model, protocol, conditions.observable) for protocol in asked]):
        if isinstance(found, SimulationError):
            raise found
        drawn.append(1 - found / top)
    return np.interp(exposed.time, draws, drawn)


def _day(exposed: Exposure, conditions: CellAssay, model: Model) -> dict[str, Any]:
    """One row of a comparison: what the exposure does to one cytokine over a day."""
    values = inhibition(exposed, conditions, model)
    return {
        "regimen": exposed.regimen,
        "inhibitor": exposed.inhibitor,
        "population": exposed.population,
        "cytokine": conditions.stimulus,
        "readout": conditions.readout,
        "cell": conditions.cell,
        "cytokine_dose_nM": conditions.cytokine_dose,
        "average_inhibition_percent": 100 * float(np.trapezoid(values, exposed.time)) / exposed.period,
        "hours_above_ic50_per_day": float(time_above(exposed.time, values, 0.5)) * 24 / exposed.period,
        "maximum_inhibition_percent": 100 * float(values.max()),
        "minimum_inhibition_percent": 100 * float(values.min()),
        "ic50_nM": conditions.curve(model).ic50,
        "cmax_ng_per_mL": float(exposed.ng_per_mL.max()),
        "average_ng_per_mL": float(np.trapezoid(exposed.ng_per_mL, exposed.time)) / exposed.period,
    }


def beside(
    exposures: Sequence[Exposure], read: Sequence[CellAssay], advance: Callable[[], None] | None = None
) -> pd.DataFrame:
    """Exposures side by side, cytokine by cytokine, in whole blood ex vivo.

    read: conditions of each read-out, whatever their inhibitor. advance: called after each row.

    Returns one row per exposure and read-out: average, maximum and minimum inhibition over a day (percent),
    hours a day above the IC50 (inhibition above 50 %), IC50 of the inhibitor in blood ex vivo (nM of total
    plasma), Cmax and average concentration in plasma (ng/mL). ``attrs["notes"]`` lists what was taken from
    elsewhere: another population, a metabolite, quoted numbers.
    """
    import pandas as pd

    together = tuple(dict.fromkeys(moiety for exposed in exposures for moiety in exposed.free))
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    measured: list[str] = []
    for column, like in enumerate(read):  # one compiled model a cytokine and cell, every inhibitor in it
        for number, exposed in enumerate(exposures):
            drawn = conditions_of(exposed, like.cytokine, like)
            rows[number, column] = _day(exposed, drawn, drawn.model_of(together))
            measured += drawn.notes
            if advance is not None:
                advance()
    frame = pd.DataFrame([rows[i, j] for i in range(len(exposures)) for j in range(len(read))])
    said = [note for exposed in exposures for note in exposed.notes]
    frame.attrs["notes"] = list(dict.fromkeys([*said, *measured]))
    return frame
