"""A regimen and one cytokine read-out: concentration, occupancy and inhibition over time."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import EX_VIVO, CellAssay
from jakinib.assay.coursefigure import figure_of
from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import turns
from jakinib.assay.inhibition import time_above
from jakinib.assay.patient import Patient
from jakinib.assay.pk import PlasmaProfile, plasma_profiles
from jakinib.assay.studied import COVARIATES, doses_outside
from jakinib.errors import InputError, SimulationError
from jakinib.files import table_text
from jakinib.files.shown import Shown
from jakinib.lanes import Lanes
from jakinib.library import get_library
from jakinib.library.names import resolve
from jakinib.library.schema import JAK, JAKS
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Covariate, Settings, changes_of, changing, initial, shown, within
from jakinib.simulate import Protocol
from jakinib.units import spoken

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
LONGEST = 20_000  # h
DRAW, FINE = 0.25, 0.05  # h between blood draws; between plasma levels for Cmax and AUC


@dataclass(frozen=True)
class Course(Shown):
    """Time in hours; occupancy per JAK and inhibition as fractions.

    profiles: one an inhibitor dosed, and one a metabolite. ic50: free concentration (nM) of each alone that
    inhibits the read-out by half; inf where none between 0.1 pM and 0.1 M does. intervals: one row a dosing
    interval of each inhibitor dosed. days: one row a day, the last perhaps of a part of it. missed: hours of
    doses that were due and missed. notes: what the library does not know about this patient, a line each.
    scenario: what was asked, where it was one. draw: makes its bands, when they are first asked for.
    """

    title: str
    profiles: tuple[PlasmaProfile, ...]
    occupancy: dict[JAK, Array]
    inhibition: Array
    conditions: CellAssay
    ic50: dict[str, float]
    intervals: list[dict[str, Any]]
    days: list[dict[str, float]]
    missed: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    scenario: Any = field(default=None, repr=False, compare=False)
    draw: Callable[[], Mapping[str, tuple[Array, Array]]] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def profile(self) -> PlasmaProfile:
        """Of the first inhibitor."""
        return self.profiles[0]

    @functools.cached_property
    def bands(self) -> Mapping[str, tuple[Array, Array]]:
        """Ends of the central 90 % of plasma (ng/mL) of the first inhibitor and of inhibition (fraction), at
        each time, over the draws of the parameters; empty for a course that is not of a scenario.

        Raises InputError, saying what to run, where the stored draws are lacking or stale.
        """
        return self.draw() if self.draw else {}

    def banded(self) -> tuple[Mapping[str, tuple[Array, Array]], list[str]]:
        """The bands, or why there are none."""
        try:
            return self.bands, []
        except InputError as error:
            return {}, [f"no band: {error}"]

    def columns(self) -> dict[str, Array]:
        """All series by name with unit; of several inhibitors, the concentrations end in their name."""
        out = {"time_h": self.profile.time}
        for profile in self.profiles:
            end = f"_{profile.inhibitor}" if len(self.profiles) > 1 else ""
            out[f"plasma_nM{end}"] = profile.concentration
            out[f"plasma_ng_per_mL{end}"] = profile.ng_per_mL
            out[f"free_nM{end}"] = profile.free
        out |= {f"occupancy_{jak}": values for jak, values in self.occupancy.items()}
        return {**out, "inhibition": self.inhibition}

    def tsv(self, separator: str = "\t") -> str:
        """The series as a table; tabs separate cells unless another separator is given.

        Where there are notes, the last column repeats them.
        """
        columns: dict[str, Any] = dict(self.columns())
        if self.notes:
            columns["note"] = ["; ".join(self.notes)] * len(self.profile.time)
        return table_text(list(columns), zip(*columns.values(), strict=True), separator)

    def to_frame(self) -> pd.DataFrame:
        """The series, one row a time, with the ends of their 90 % bands; ``attrs`` holds the notes."""
        import pandas as pd

        frame, (ends, without) = pd.DataFrame(self.columns()), self.banded()
        for name, pair in ends.items():
            column = "plasma_ng_per_mL" if name == "plasma" else name
            for end, values in zip(("low", "high"), pair, strict=True):
                frame[f"{column}_{end}"] = values
        frame.attrs = {"notes": [*self.notes, *without]}
        return frame

    def plot(self) -> Any:
        """As ``figure``."""
        return self.figure()

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "title": self.title,
            "cytokine_dose_nM": self.conditions.cytokine_dose,
            "milieu": self.conditions.milieu or None,
            "free_ic50_nM": {
                name: value if math.isfinite(value) else None for name, value in self.ic50.items()
            },
            "intervals": self.intervals,
            "days": self.days,
            "missed_h": list(self.missed),
            "notes": list(self.notes),
            "course": {name: values.tolist() for name, values in self.columns().items()},
        }

    def figure(self) -> Any:
        """Plasma, free, occupancy and inhibition over time, one panel each; a matplotlib Figure."""
        return figure_of(self)


def course(
    regimen: Regimen | str,
    inhibitor: str = "baricitinib",
    population: str = "healthy_adult",
    cytokine: str = "IL-6",
    readout: str = "",
    settings: Mapping[str, Any] | None = None,
    hours: float | str | None = None,
    conditions: Sequence[str] = (),
    milieu: str = "",
    at: Sequence[float] = (),
    like: CellAssay | None = None,
) -> Course:
    """Follow a regimen: plasma, JAK occupancy, and ex vivo inhibition in blood drawn every quarter hour.

    inhibitor: of doses that name none. Several inhibitors, and metabolites, compete for the ATP site.
    settings: weight (kg), eGFR (mL/min per 1.73 m2), each perhaps over time as in ``jakinib.Patient``, of
    which the disposition follows; any other setting goes before it. hours: default to the end of the last
    dosing interval. conditions: food or co-medication, names under ``conditions`` of an inhibitor
    dosed ("fed"). milieu: whose level of the cytokine stimulates the blood ("ra_synovium"), in place of the
    usual dose. at: further hours of draws. like: assay in place of cytokine, readout and milieu.
    Raises InputError for conditions outside their range, UnknownIdError for unknown names.
    """
    library = get_library()
    regimen = Regimen.parse(regimen) if isinstance(regimen, str) else regimen
    people, given = library.population(population), _read_settings(settings or {})
    dosed = [library.inhibitor(name).id for name in regimen.inhibitors or (inhibitor,)]
    patients, said_of = _patients(dosed, people.id, given, conditions)
    drawn = like or CellAssay(dosed[0], cytokine, readout, matrix=EX_VIVO, milieu=milieu)
    drawn = replace(drawn, inhibitor=dosed[0])
    whole = {drug: patients[drug].settings() | _settings_of(drug, given, dosed) for drug in dosed}
    in_mg = regimen.at_weight(whole[dosed[0]]["weight"])
    end = _end(regimen, None if hours is None else spoken(hours, "hour", "hours"), given)
    dispositions = {drug: Disposition.of(drug, people.id, initial(whole[drug])) for drug in dosed}
    times = _times(in_mg, dispositions, end, [*at, *changes_of(given)])
    fine_times = _distinct(np.concatenate((np.arange(0, end, FINE), times)))
    at_draw = np.searchsorted(fine_times, times - 1e-9)
    levels = _levels(in_mg, fine_times, people.id, whole)
    profiles = tuple(p.at(at_draw) for p in levels)
    inhibition, bound = _ex_vivo(profiles, drawn)
    ic50 = {p.inhibitor: _ic50(p.inhibitor, drawn) for p in profiles}
    level = {p.inhibitor: p for p in levels}
    intervals = [
        ({"inhibitor": drug} if len(dosed) > 1 else {})
        | _interval(start, stop, level[drug], times, inhibition, ic50[drug])
        for drug in dosed
        for start, stop in _spans(in_mg.of(drug), end)
    ]
    days = [
        {"day": n + 1, **_response(24.0 * n, min(24.0 * (n + 1), end), times, inhibition)}
        for n in range(math.ceil(end / 24 - 1e-9))
    ]
    said = [*(f"{k} {shown(v)}" for k, v in given.items() if k in COVARIATES), *conditions]
    what = regimen.text if regimen.inhibitors else f"{dosed[0]} {regimen.text}"
    title = ", ".join([what, people.name or people.id, *said, _reading(drawn)])
    missed = tuple(sorted({dose.time for dose in regimen.doses if dose.amount == 0 and dose.time < end}))
    about = [regimen.notes, *(doses_outside(regimen, drug) for drug in dosed), said_of, drawn.notes]
    notes = tuple(dict.fromkeys(n for said in (*about, *(p.notes for p in profiles)) for n in said))
    occupancy = dict(zip(JAKS, bound.T, strict=True))
    return Course(title, profiles, occupancy, inhibition, drawn, ic50, intervals, days, missed, notes)


def _read_settings(settings: Mapping[str, Any]) -> dict[str, Covariate]:
    """The settings as numbers; weight and eGFR may be text with a unit, and change."""
    return {
        name: changing(value, COVARIATES[name], name)
        if name in COVARIATES
        else spoken(value, "dimensionless", name)
        for name, value in settings.items()
    }


def _reading(drawn: CellAssay) -> str:
    """What is read in the blood, and at which level of the cytokine unless it is the usual dose."""
    at = f" at the level of {drawn.milieu}" if drawn.milieu else ""
    return f"{drawn.stimulus} {drawn.readout} ex vivo{at}"


def _end(regimen: Regimen, hours: float | None, given: Settings) -> float:
    """When a course ends, h; raises InputError for what cannot be followed, or is not by default."""
    end = regimen.end if hours is None else hours
    if hours is None:
        within(given, end)
    if not math.isfinite(end) or end <= 0:
        raise InputError(f"hours is {end:g}; give a finite number above 0")
    if end > LONGEST:
        raise InputError(
            f"a course of {end:g} h; at most {LONGEST:,} h are followed, give --hours or fewer doses"
        )
    return end


def _levels(
    regimen: Regimen, times: Array, population: str, settings: Mapping[str, Settings]
) -> list[PlasmaProfile]:
    """Plasma of each inhibitor dosed, with its own settings, and of the metabolites formed."""
    levels: list[PlasmaProfile] = []
    for drug, own in settings.items():
        levels += plasma_profiles(regimen, times, inhibitor=drug, population=population, settings=own)
    twice = {p.inhibitor for p in levels if [q.inhibitor for q in levels].count(p.inhibitor) > 1}
    if twice:
        raise InputError(
            f"regimen: {min(twice)} is dosed and formed from another inhibitor; dose one of them"
        )
    return levels


def _times(
    regimen: Regimen, dispositions: Mapping[str, Disposition], end: float, further: Sequence[float]
) -> Array:
    """When blood is drawn: every quarter hour, where an input begins or ends or a dose is due, and at
    ``further`` times."""
    draws: list[Array | list[float]] = [np.arange(0, end, DRAW), [end], [t for t in further if 0 <= t <= end]]
    for drug, disposition in dispositions.items():
        # The level is highest where an input ends and lowest where one begins or a dose is due.
        bends = (*turns(regimen, disposition, drug), *regimen.of(drug).due)
        draws.append([time for time in bends if 0 < time < end])
    return _distinct(np.concatenate(draws))


def _spans(regimen: Regimen, end: float) -> list[tuple[float, float]]:
    """The dosing intervals of one inhibitor up to the end; a single dose is followed to the end."""
    spans = regimen.intervals()
    if len(spans) == 1 and not regimen.steady:
        spans = [(spans[0][0], end)]
    return [(start, min(stop, end)) for start, stop in spans if start < end]


def _patients(
    dosed: Sequence[str], population: str, given: Settings, conditions: Sequence[str]
) -> tuple[dict[str, Patient], list[str]]:
    """The patient as each inhibitor sees it, and what the library does not know of that.

    Raises UnknownIdError for a condition that no inhibitor dosed states.
    """
    known = {drug: get_library().inhibitor(drug).conditions for drug in dosed}
    every = {name: stated[name] for stated in known.values() for name in stated}
    noun = f"condition of {' or '.join(dosed)}"
    conditions = list(dict.fromkeys(resolve(noun, name, every) for name in conditions))
    patients, notes = {}, []
    for drug in dosed:
        mine = tuple(name for name in conditions if name in known[drug])
        patients[drug] = Patient(population, drug, given.get("weight"), given.get("eGFR"), mine)
        notes += patients[drug].unknown()
        notes += [f"{drug}: the effect of {n} is not known and left out" for n in conditions if n not in mine]
    return patients, notes


def _settings_of(inhibitor: str, given: Settings, dosed: Sequence[str]) -> dict[str, Covariate]:
    """The settings without those of the other inhibitors that are dosed."""
    others = tuple(f"_{name}" for name in dosed if name != inhibitor)
    return {symbol: value for symbol, value in given.items() if not (others and symbol.endswith(others))}


def _distinct(times: Array) -> Array:
    """Increasing times, more than 1e-6 h apart."""
    ordered = np.unique(times)
    return ordered[np.concatenate(([True], np.diff(ordered) > 1e-6))]


def _ex_vivo(profiles: Sequence[PlasmaProfile], conditions: CellAssay) -> tuple[Array, Array]:
    """Inhibition, shape (n,), and occupancy, shape (n, JAKS), in blood with these free concentrations."""
    drugs = tuple(profile.inhibitor for profile in profiles)
    model = conditions.model_of(drugs)
    top = conditions.uninhibited(model)
    plan = conditions.protocol(0.0)
    read = [conditions.observable, *(f"occupancy_{jak}" for jak in JAKS)]
    symbols = [f"I_{drug}" for drug in drugs]
    asked = []
    for free in zip(*(profile.free for profile in profiles), strict=True):
        present = {**plan.settings, **dict(zip(symbols, map(float, free), strict=True))}
        asked.append(Protocol(plan.times, present, plan.steps, plan.start))
    rows = []
    for found in Lanes.of(model).run_many(asked, read):
        if isinstance(found, SimulationError):
            raise found
        rows.append(found[0])
    table = np.array(rows)
    return 1 - table[:, 0] / top, table[:, 1:]


def _ic50(inhibitor: str, conditions: CellAssay) -> float:
    """Free concentration (nM) of half inhibition by this inhibitor alone; inf where there is none."""
    alone = replace(conditions, inhibitor=inhibitor)
    try:
        return alone.curve().ic50 * alone.free
    except SimulationError as error:
        if "no half-maximal" not in str(error):
            raise
        return math.inf


def _interval(
    start: float, stop: float, level: PlasmaProfile, times: Array, inhibition: Array, ic50: float
) -> dict[str, float]:
    """One row: exposure and response from one dose to the next."""
    metrics = level.interval(start, stop)
    inside = (level.time >= start - 1e-9) & (level.time <= stop + 1e-9)
    return {
        "from (h)": start,
        "Cmax (ng/mL)": metrics["cmax"],
        "Cmin (ng/mL)": metrics["cmin"],
        "tmax (h)": metrics["tmax"],
        "AUC (ng h/mL)": metrics["auc"],
        "above IC50 (h)": time_above(level.time[inside], level.free[inside], ic50),
        **_response(start, stop, times, inhibition),
    }


def _response(start: float, stop: float, times: Array, inhibition: Array) -> dict[str, float]:
    """Largest and average inhibition and the time above half, between two times."""
    inside = (times > start) & (times < stop)
    x = np.concatenate(([start], times[inside], [stop]))
    y = np.interp(x, times, inhibition)
    return {
        "max inhibition (%)": 100 * float(y.max()),
        "mean inhibition (%)": 100 * float(np.trapezoid(y, x)) / (stop - start),
        "above 50 % (h)": time_above(x, y, 0.5),
    }
