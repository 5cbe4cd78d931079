"""A regimen and one cytokine read-out: concentration, occupancy and inhibition over time."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import EX_VIVO, CellAssay
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
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
_JAK_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7")


@dataclass(frozen=True)
class Course(Shown):
    """Time in hours; occupancy per JAK and inhibition as fractions.

    profiles: one an inhibitor dosed, and one a metabolite. ic50: free concentration (nM) of each alone that
    inhibits the read-out by half; inf where none between 0.1 pM and 0.1 M does. intervals: one row a dosing
    interval of each inhibitor dosed. days: one row a day, the last perhaps of a part of it. missed: hours of
    doses that were due and missed. notes: what the library does not know about this patient, a line each.
    scenario: what was asked, where it was one.
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

    @property
    def profile(self) -> PlasmaProfile:
        """Of the first inhibitor."""
        return self.profiles[0]

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
        """The series, one row a time; ``attrs`` holds the notes."""
        import pandas as pd

        frame = pd.DataFrame(self.columns())
        frame.attrs = {"notes": list(self.notes)}
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
        from matplotlib.figure import Figure

        time, days = self.profile.time, self.profile.time[-1] > 72
        figure = Figure(figsize=(8, 9), layout="constrained")
        total, free, occupied, inhibited = figure.subplots(4, 1, sharex=True)
        x = time / 24 if days else time
        for profile, colour in zip(self.profiles, _cycle(_COLOURS, len(self.profiles)), strict=True):
            total.plot(x, profile.ng_per_mL, color=colour, label=profile.inhibitor)
            free.plot(x, profile.free, color=colour, label=profile.inhibitor)
            ic50 = self.ic50[profile.inhibitor]
            if ic50 < 3 * profile.free.max():  # further up, the line would flatten the curves
                free.axhline(ic50, color=colour, linestyle="--", linewidth=1, label=f"IC50, {ic50:.3g} nM")
            elif math.isfinite(ic50):
                free.plot([], [], " ", label=f"IC50 of {profile.inhibitor}, {ic50:.3g} nM, is above")
        total.set(ylabel="plasma (ng/mL)", ylim=(0, None))
        free.set(ylabel="free (nM)", ylim=(0, None))
        for jak, colour, width in zip(JAKS, _JAK_COLOURS, (3, 1.2, 1.2, 1.2), strict=True):  # JAK1 under JAK2
            occupied.plot(x, 100 * self.occupancy[jak], color=colour, linewidth=width, label=jak)
        occupied.set(ylabel="JAK occupied (%)", ylim=(0, 100))
        inhibited.plot(x, 100 * self.inhibition, color="black", linewidth=1.6)
        inhibited.axhline(50, color="0.6", linestyle=":", linewidth=1)
        label = f"{self.conditions.stimulus} {self.conditions.readout}\ninhibited ex vivo (%)"
        unit = "days" if days else "h"
        inhibited.set(ylabel=label, ylim=(0, 100), xlabel=f"time ({unit})", xlim=(0, x[-1]))
        for number, due in enumerate(self.missed):
            at = due / 24 if days else due
            total.plot(at, 0, "kx", clip_on=False, label="dose missed" if number == 0 else None)
        for axes in (total, free, occupied):
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
        for axes in (total, free, occupied, inhibited):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(axis="y", color="0.92")
        figure.suptitle("\n".join(textwrap.wrap(self.title, 95)), fontsize=10, x=0.01, ha="left")
        figure.align_ylabels()
        return figure


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


def _cycle(colours: Sequence[str], number: int) -> list[str]:
    return [colours[i % len(colours)] for i in range(number)]


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
