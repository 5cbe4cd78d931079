"""What the draws of the parameters make of a scenario over time."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.course import Course, Ends
from jakinib.assay.coursetables import Rows, fine, rows_of
from jakinib.assay.inhibition import FAINTEST
from jakinib.assay.patient import PARAMETERS, Patient
from jakinib.assay.pk import PlasmaProfile, plasma_profiles
from jakinib.errors import InputError
from jakinib.evaluate.draws import Joint, joint
from jakinib.evaluate.laws import inhibitions, laws
from jakinib.evaluate.potency import scatter
from jakinib.evaluate.run import PREDICTING, calibrations
from jakinib.experiments.exvivo import NEW_LABORATORY
from jakinib.fit.ensemble import bands
from jakinib.library import get_library
from jakinib.library.measurements import get_data
from jakinib.regimen import Regimen
from jakinib.scenario.value import Scenario
from jakinib.scenario.verbs import drawn, only

Array = NDArray[np.float64]
FEWEST = 20  # draws an interval is made of
SEED = 20261126
PLASMA = ("Cmax (ng/mL)", "Cmin (ng/mL)", "tmax (h)", "AUC (ng h/mL)")
PLACES = ("inhibitor", "from (h)", "day")  # what a row of a course is about


@functools.cache
def stored() -> Joint:
    """The stored draws of pharmacokinetics and cells together."""
    data = get_data()
    return joint([calibrations(plans, data) for plans in PREDICTING])


def enough(found: Joint) -> Joint:
    """``found`` itself; raises InputError, saying what to run, where an interval cannot be made of it."""
    if found.missing:
        raise InputError(next(iter(found.missing.values())))
    if len(found.settings) < FEWEST:
        raise InputError(f"{len(found.settings)} draws; an interval is made of at least {FEWEST}")
    return found


def disposition(draw: Mapping[str, float], drug: str, population: str) -> dict[str, float]:
    """What a draw says of the disposition of an inhibitor in a population, by parameter name."""
    keys = {name: f"{name}_{drug}@{population}" for name in PARAMETERS}
    return {name: draw[key] for name, key in keys.items() if key in draw}


def unfitted(draws: Sequence[Mapping[str, float]], drug: str, population: str) -> list[str]:
    """A line that says that the draws leave the disposition of an inhibitor as it is, where they do."""
    if any(disposition(draw, drug, population) for draw in draws):
        return []
    return [f"{drug}: its pharmacokinetics were not fitted, so intervals hold what is open of cells alone"]


@dataclass(frozen=True)
class Courses:
    """Courses of every draw. time (h); plasma (ng/mL) of the first inhibitor and its free level by moiety
    (nM), shape (draws, times) each. laboratory: whether each draw has a laboratory of its own."""

    scenario: Scenario
    draws: Joint
    time: Array
    plasma: Array
    free: tuple[Mapping[str, Array], ...]
    laboratory: bool = True

    @functools.cached_property
    def inhibition(self) -> Array:
        """Inhibition (fraction), shape (draws, times); with ``laboratory`` as one nobody has heard of would
        find it."""
        one, draws = self.scenario, self.draws.settings
        conditions = drawn(one, "overlay")[only("overlay", one.cytokines, "cytokine")]
        names = tuple(self.free[0])
        model = conditions.model_of(names)
        factors = _factors(self.draws, conditions.inhibitor) if self.laboratory else np.ones(len(draws))
        levels = [
            {name: level / factor for name, level in free.items()}
            for free, factor in zip(self.free, factors, strict=True)
        ]
        if len(names) > 1:
            return inhibitions(levels, conditions, model, draws)
        (name,) = names
        high = max(float(level[name].max()) for level in levels)
        if high <= 0:
            return np.zeros((len(draws), len(self.time)))
        found = laws(conditions, model, draws, FAINTEST * high, high)
        return np.array([law(level[name]) for law, level in zip(found, levels, strict=True)])


def _factors(draws: Joint, inhibitor: str) -> Array:
    """By how much each draw's laboratory finds the inhibitor less potent, a drug new to cells included."""
    from scipy.special import ndtri

    laboratory = np.array([draw.get(NEW_LABORATORY, 1.0) for draw in draws.settings])
    unseen = scatter().unseen(inhibitor)
    shares = (np.random.default_rng(SEED).permutation(len(laboratory)) + 0.5) / len(laboratory)
    return np.asarray(laboratory * np.exp(unseen * ndtri(shares)))


def course_ends(scenario: Scenario, course: Course) -> Ends:
    """Ends of the central 90 % of the series of a course of this scenario, and of its rows.

    Raises InputError, saying what to run, where the stored draws are lacking or stale.
    """
    time = course.profile.time
    found = courses(scenario, time, laboratory=False)
    dosed = scenario.inhibitors
    ic50s = {drug: _ic50s(found, course, drug) for drug in dosed}
    about = {drug: unfitted(found.draws.settings, drug, scenario.patient.population) for drug in dosed}
    intervals, days = [], []
    for number, draw in enumerate(found.draws.settings):
        ic50 = {drug: float(ic50s[drug][number]) for drug in dosed}
        doses, levels = _levels(scenario, draw, fine(time))
        rows = rows_of(doses, dosed, levels, time, found.inhibition[number], ic50)
        intervals.append(rows[0])
        days.append(rows[1])
    every = {} if about[dosed[0]] else {"plasma": bands(found.plasma)}
    every["inhibition"] = bands(found.inhibition)
    series = {name: (low, high) for name, (low, _, high) in every.items()}
    rows_ends = _row_ends(intervals)
    for row, own in zip(course.intervals, rows_ends, strict=True):
        for name in PLASMA if about[row.get("inhibitor", dosed[0])] else ():
            del own[name]
    said = [line for drug in dosed for line in about[drug]]
    return Ends(series, rows_ends, _row_ends(days), said)


def _row_ends(drawn: Sequence[Rows]) -> list[dict[str, tuple[float, float]]]:
    """Ends of each number of each row; drawn: the rows of each draw."""
    out = []
    for same in zip(*drawn, strict=True):
        names = [name for name in same[0] if name not in PLACES]
        low, _, high = bands([[row[name] for name in names] for row in same])
        out.append({name: (float(a), float(b)) for name, a, b in zip(names, low, high, strict=True)})
    return out


def _ic50s(found: Courses, course: Course, drug: str) -> Array:
    """Free concentration (nM) of half inhibition by this inhibitor alone in each draw; inf where it is above
    all levels reached."""
    high = max(float(free[drug].max()) for free in found.free)
    if high <= 0:
        return np.full(len(found.free), np.inf)
    alone = replace(course.conditions, inhibitor=drug)
    at = np.geomspace(FAINTEST * FAINTEST * high, high, 1000)
    made = laws(alone, alone.model_of(tuple(found.free[0])), found.draws.settings, FAINTEST * high, high)
    shares = [np.maximum.accumulate(law(at)) for law in made]
    return np.exp([np.interp(0.5, share, np.log(at), right=np.inf) for share in shares])


def courses(scenario: Scenario, time: Array, draws: Joint | None = None, laboratory: bool = True) -> Courses:
    """The typical patient of a scenario in every draw, at increasing times (h) from the first dose.

    draws: in place of those stored. Raises InputError, saying what to run, where these are lacking or stale.
    """
    found = enough(stored() if draws is None else draws)
    drawn = [_levels(scenario, draw, time)[1] for draw in found.settings]
    plasma = np.array([profiles[0].ng_per_mL for profiles in drawn])
    free = tuple({profile.inhibitor: profile.free for profile in profiles} for profiles in drawn)
    return Courses(scenario, found, time, plasma, free, laboratory)


def _levels(
    scenario: Scenario, draw: Mapping[str, float], time: Array
) -> tuple[Regimen, list[PlasmaProfile]]:
    """Doses in mg, and plasma of each inhibitor dosed and its metabolite, with the disposition of a draw."""
    who = scenario.patient
    levels: list[PlasmaProfile] = []
    for drug in scenario.inhibitors:
        known = get_library().inhibitor(drug).conditions
        mine = tuple(name for name in who.with_ if name in known)
        patient = Patient(who.population, drug, who.weight, who.eGFR, mine, tuple(scenario.own(drug).items()))
        settings = patient.settings(disposition(draw, drug, who.population))
        doses = scenario.doses.at_weight(settings["weight"])
        levels += plasma_profiles(doses, time, inhibitor=drug, population=who.population, settings=settings)
    return doses, levels
