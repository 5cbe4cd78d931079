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
from jakinib.assay.coursetables import distinct, fine, rows_of
from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import input_rates, turns
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
BAND = "typical patient, an average laboratory"  # whose 90 % interval it is
LONGEST = 20_000  # h
DRAW = 0.25  # h between blood draws


@dataclass(frozen=True)
class Ends:
    """Ends of the central 90 % over the draws of the parameters: of the series plasma (ng/mL) and inhibition
    (fraction), shape (times,) each, and of the numbers of the rows of intervals and days. notes: what has no
    ends, and why."""

    series: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)
    intervals: Sequence[Mapping[str, tuple[float, float]]] = ()
    days: Sequence[Mapping[str, tuple[float, float]]] = ()
    notes: Sequence[str] = ()


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
    draw: Callable[[Course], Ends] | None = field(default=None, repr=False, compare=False)

    @property
    def profile(self) -> PlasmaProfile:
        """Of the first inhibitor."""
        return self.profiles[0]

    @functools.cached_property
    def bands(self) -> Ends:
        """The central 90 % over the draws of the parameters, of the typical patient in an average laboratory;
        empty for a course that is not of a scenario, or without bands.

        Raises InputError, saying what to run, where the stored draws are lacking or stale.
        """
        return self.draw(self) if self.draw else Ends()

    def banded(self) -> tuple[Ends, list[str]]:
        """The bands, and what has none and why."""
        try:
            return self.bands, list(self.bands.notes)
        except InputError as error:
            return Ends(), [f"no band: {error}"]

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
        columns: dict[str, Any] = self._with_ends()
        if notes := [*self.notes, *self.banded()[1]]:
            columns["note"] = ["; ".join(notes)] * len(self.profile.time)
        return table_text(list(columns), zip(*columns.values(), strict=True), separator)

    def to_frame(self) -> pd.DataFrame:
        """The series, one row a time, with the ends of their 90 % bands; ``attrs`` holds the notes."""
        import pandas as pd

        frame = pd.DataFrame(self._with_ends())
        frame.attrs = {"notes": [*self.notes, *self.banded()[1]]}
        return frame

    def _with_ends(self) -> dict[str, Array]:
        """All series, and the ends of the bands of those that have one."""
        out, profile = self.columns(), self.profile
        named = f"plasma_ng_per_mL_{profile.inhibitor}" if len(self.profiles) > 1 else "plasma_ng_per_mL"
        for name, pair in self.banded()[0].series.items():
            column = named if name == "plasma" else name
            out |= {f"{column}_{end}": values for end, values in zip(("low", "high"), pair, strict=True)}
        return out

    def plot(self) -> Any:
        """As ``figure``."""
        return self.figure()

    def record(self) -> dict[str, Any]:
        """Plain data for JSON; ``low`` and ``high``: ends of the 90 % interval, of whom ``band`` says."""
        ends, without = self.banded()
        return {
            "title": self.title,
            "band": BAND if ends.series else None,
            "cytokine_dose_nM": self.conditions.cytokine_dose,
            "milieu": self.conditions.milieu or None,
            "free_ic50_nM": {
                name: value if math.isfinite(value) else None for name, value in self.ic50.items()
            },
            "intervals": _beside(self.intervals, ends.intervals),
            "days": _beside(self.days, ends.days),
            "missed_h": list(self.missed),
            "notes": [*self.notes, *without],
            "course": {name: values.tolist() for name, values in self._with_ends().items()},
        }

    def figure(self) -> Any:
        """Plasma, free, occupancy and inhibition over time, one panel each; a matplotlib Figure."""
        return figure_of(self)


def _beside(
    rows: Sequence[Mapping[str, Any]], ends: Sequence[Mapping[str, tuple[float, float]]]
) -> list[dict[str, Any]]:
    """Each row with the ends of its numbers, where there are any."""
    if not ends:
        return [dict(row) for row in rows]
    return [
        dict(row)
        | {f"{name} {end}": pair[i] for name, pair in own.items() for i, end in enumerate(("low", "high"))}
        for row, own in zip(rows, ends, strict=True)
    ]


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
    own: Mapping[str, Mapping[str, float]] | None = None,
) -> Course:
    """Follow a regimen: plasma, JAK occupancy, and ex vivo inhibition in blood drawn every quarter hour.

    inhibitor: of doses that name none. Several inhibitors, and metabolites, compete for the ATP site.
    settings: weight (kg), eGFR (mL/min per 1.73 m2), each perhaps over time as in ``jakinib.Patient``, of
    which the disposition follows; any other setting goes before it. hours: default to the end of the last
    dosing interval. conditions: food or co-medication, names under ``conditions`` of an inhibitor dosed
    ("fed"). milieu: whose level of the cytokine stimulates the blood, in place of the usual dose. at: further
    hours of draws. like: in place of cytokine, readout, milieu. own: as in ``Patient``, by inhibitor.
    Raises InputError for conditions outside their range, UnknownIdError for unknown names.
    """
    library = get_library()
    regimen = Regimen.parse(regimen)
    people, given = library.population(population), _read_settings(settings or {})
    dosed = [library.inhibitor(name).id for name in regimen.inhibitors or (inhibitor,)]
    patients, said_of = _patients(dosed, people.id, given, conditions, own or {})
    drawn = like or CellAssay(dosed[0], cytokine, readout, matrix=EX_VIVO, milieu=milieu)
    drawn = replace(drawn, inhibitor=dosed[0])
    whole = {drug: patients[drug].settings() | _settings_of(drug, given, dosed) for drug in dosed}
    in_mg = regimen.at_weight(whole[dosed[0]]["weight"])
    end = _end(regimen, None if hours is None else spoken(hours, "hour", "hours"), given)
    if astray := [time for time in at if not 0 <= time <= end]:
        raise InputError(f"at: {astray[0]:g} h lies outside the course; give hours from 0 to {end:g}")
    dispositions = {drug: Disposition.of(drug, people.id, initial(whole[drug])) for drug in dosed}
    times = _times(in_mg, dispositions, end, [*at, *changes_of(given)])
    fine_times = fine(times)
    at_draw = np.searchsorted(fine_times, times - 1e-9)
    levels = _levels(in_mg, fine_times, people.id, whole)
    profiles = tuple(p.at(at_draw) for p in levels)
    inhibition, occupancy = _ex_vivo(profiles, drawn)
    ic50 = {p.inhibitor: _ic50(p.inhibitor, drawn) for p in profiles}
    intervals, days = rows_of(in_mg, dosed, levels, times, inhibition, ic50)
    said = [*(f"{k} {shown(v)}" for k, v in given.items() if k in COVARIATES), *conditions]
    what = regimen.text if regimen.inhibitors else f"{dosed[0]} {regimen.text}"
    title = ", ".join([what, people.name or people.id, *said, _reading(drawn)])
    missed = tuple(sorted({dose.time for dose in regimen.doses if dose.amount == 0 and dose.time < end}))
    about = [regimen.notes, *(doses_outside(regimen, drug) for drug in dosed), said_of, drawn.notes]
    notes = tuple(dict.fromkeys(n for said in (*about, *(p.notes for p in profiles)) for n in said))
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
        inputs = input_rates(regimen, [disposition], drug)
        bends = (*turns(inputs)[:, 0].tolist(), *regimen.of(drug).due)
        draws.append([time for time in bends if 0 < time < end])
    return distinct(np.concatenate(draws))


def _patients(
    dosed: Sequence[str],
    population: str,
    given: Settings,
    conditions: Sequence[str],
    own: Mapping[str, Mapping[str, float]],
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
        values = tuple(own.get(drug, {}).items())
        patients[drug] = Patient(population, drug, given.get("weight"), given.get("eGFR"), mine, values)
        notes += patients[drug].unknown()
        notes += [f"{drug}: the effect of {n} is not known and left out" for n in conditions if n not in mine]
    return patients, notes


def _settings_of(inhibitor: str, given: Settings, dosed: Sequence[str]) -> dict[str, Covariate]:
    """The settings without those of the other inhibitors that are dosed."""
    others = tuple(f"_{name}" for name in dosed if name != inhibitor)
    return {symbol: value for symbol, value in given.items() if not (others and symbol.endswith(others))}


def _ex_vivo(profiles: Sequence[PlasmaProfile], conditions: CellAssay) -> tuple[Array, dict[JAK, Array]]:
    """Inhibition, shape (n,), and occupancy by JAK, shape (n,), in blood with these free concentrations."""
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
    return 1 - table[:, 0] / top, dict(zip(JAKS, table.T[1:], strict=True))


def _ic50(inhibitor: str, conditions: CellAssay) -> float:
    """Free concentration (nM) of half inhibition by this inhibitor alone; inf where there is none."""
    alone = replace(conditions, inhibitor=inhibitor)
    known = {*alone.model().settable, f"fu_{inhibitor}"}  # those of the others it meets are unknown to it
    alone = replace(alone, settings={name: v for name, v in alone.settings.items() if name in known})
    try:
        return alone.curve().ic50 * alone.free
    except SimulationError as error:
        if "no half-maximal" not in str(error):
            raise
        return math.inf
