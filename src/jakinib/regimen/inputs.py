"""What doses put into the body: rates that are constant between doses, of one patient or of many at once."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import InputError
from jakinib.library.ranges import SHORTEST
from jakinib.regimen.dose import Dose, Regimen
from jakinib.units import dose_to_nmol

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Inputs:
    """Rates (nmol/h) that hold from their times (h) on, both (times, patients); times do not decrease.

    Where a time stands twice, what is last holds.
    """

    times: Array
    rates: Array

    def changes(self) -> list[tuple[float, float]]:
        """Of one patient, as (time, rate), each time once."""
        return list(dict(zip(self.times[:, 0].tolist(), self.rates[:, 0].tolist(), strict=True)).items())


def inputs(
    regimen: Regimen,
    molecular_weight: float,
    duration: Array,
    lag: Array,
    bioavailability: Array | None = None,
    weight: Array | None = None,
    *,
    oral_share: float = 1.0,
    intravenous: bool = True,
) -> Inputs:
    """Input of the doses of one inhibitor in patients, a number each; doses may overlap and add up.

    molecular_weight in g/mol; duration and lag, in hours, of oral input; weight in kg, for doses in mg/kg.
    Amounts are those of an apparent (per F) disposition: oral doses as they are, intravenous ones divided by
    ``bioavailability``. oral_share: of each oral dose, what takes this way in; intravenous: whether those
    doses do. Of a steady state, what is still going in at time 0 is included; what is in the body is not.
    Raises InputError for intravenous doses without bioavailability, for doses in mg/kg without weight, for
    doses of several inhibitors, and for a patient who takes none of them so.

    >>> inputs(Regimen.parse("4 mg qd x 2"), 400.0, np.array([0.5]), np.array([0.25])).changes()
    [(0.25, 20000.0), (0.75, 0.0), (24.25, 20000.0), (24.75, 0.0)]
    """
    for over, late in zip(duration.tolist(), lag.tolist(), strict=True):
        if not (0 < over < math.inf and 0 <= late < math.inf):
            raise InputError(
                f"regimen: input over {over:g} h after {late:g} h; need duration > 0 and lag >= 0"
            )
    if len(regimen.inhibitors) > 1:
        raise InputError(f"regimen: doses of {', '.join(regimen.inhibitors)}; take them one at a time, of()")
    over = np.maximum(duration, SHORTEST)
    doses = (*_before(regimen, float((over + lag).max())), *regimen.doses)
    ways = {"oral": oral_share > 0, "iv bolus": intravenous, "iv infusion": intravenous}
    taken = [dose for dose in doses if dose.amount > 0 and ways[dose.route]]
    by_weight = [dose for dose in taken if dose.per_kg]
    if by_weight and weight is None:
        raise InputError(f"regimen: dose {by_weight[0].amount:g} mg/kg; give the weight (at_weight)")
    kg = np.ones(len(over)) if weight is None else weight
    for one in {kg.min(), kg.max()} if by_weight else ():
        regimen.at_weight(float(one))  # refuses a weight that nobody has, and a dose too large
    found = [
        _by_mouth(
            [dose for dose in taken if dose.route == "oral"], molecular_weight, over, lag, kg, oral_share
        )
    ]
    for per_kg in (False, True):
        own = [dose for dose in taken if dose.route != "oral" and dose.per_kg == per_kg]
        if own:
            share = 1 / _stated(bioavailability, own[0])
            found.append(_by_vein(own, molecular_weight, share * kg if per_kg else share))
    times, rates = together(found)
    return Inputs(times, sum(rates[1:], rates[0]))


def together(parts: Sequence[Inputs]) -> tuple[Array, list[Array]]:
    """The times of all parts, and the rates of each from them on."""
    if len(parts) == 1:
        return parts[0].times, [parts[0].rates]
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, axis=0, kind="stable")
    rates, first, patients = [], 0, np.arange(times.shape[1])
    for part in parts:
        last = first + len(part.times)
        before = np.cumsum((first <= order) & (order < last), axis=0, dtype=np.intp)
        padded = np.concatenate((np.zeros_like(times[:1]), part.rates))
        rates.append(padded[before, patients])
        first = last
    return times[order, patients], rates


def _by_mouth(
    doses: Sequence[Dose], molecular_weight: float, over: Array, lag: Array, kg: Array, share: float
) -> Inputs:
    """Input over the hours ``over`` of each patient, as long for every dose, so that what begins first ends
    first: those going in at a time are some that follow each other."""
    doses = sorted(doses, key=lambda dose: dose.time)
    due = np.array([dose.time for dose in doses])[:, None]
    begin = due + lag
    end = begin + over
    _refuse_short(due, begin, end, over)
    nmol = np.array([dose_to_nmol(dose.amount, molecular_weight) for dose in doses])[:, None]
    per_kg = np.array([dose.per_kg for dose in doses], dtype=bool)[:, None]
    rates = nmol * np.where(per_kg, kg, 1.0) / over * share
    edges = np.maximum(np.concatenate((begin, end)), 0.0)
    order = np.argsort(edges, axis=0, kind="stable")
    begun = np.cumsum(order < len(doses), axis=0)
    ended = np.arange(1, len(order) + 1)[:, None] - begun
    total, patients = np.zeros(edges.shape), np.arange(len(over))
    for k in range(int((begun - ended).max(initial=0))):
        own = rates[np.minimum(ended + k, len(doses) - 1), patients]
        total += np.where(ended + k < begun, own, 0.0)
    return Inputs(edges[order, patients], total)


def _by_vein(doses: Sequence[Dose], molecular_weight: float, share: Array) -> Inputs:
    """Infusions take as long in every patient; share: by which a patient's amounts are multiplied."""
    due = np.array([[dose.time] for dose in doses])
    over = np.array([[dose.over] for dose in doses])
    _refuse_short(due, due, due + over, over)
    going = [
        (max(dose.time, 0.0), dose.time + dose.over, dose_to_nmol(dose.amount, molecular_weight) / dose.over)
        for dose in doses
        if dose.time + dose.over > 0
    ]
    changes = np.array(_superpose(going)).reshape(-1, 2, 1)
    return Inputs(changes[:, 0] + np.zeros_like(share), changes[:, 1] * share)


def _refuse_short(due: Array, begin: Array, end: Array, over: Array) -> None:
    """Raises InputError for a dose whose time is so large that its duration is lost in it."""
    longs = np.broadcast_to(over, end.shape)
    lost = np.abs(end - begin - longs) > 1e-6 * longs
    if lost.any():
        dose, patient = np.argwhere(lost)[0].tolist()
        raise InputError(
            f"regimen: a dose at {due[dose, 0]:g} h goes in over {longs[dose, patient]:g} h, which is too "
            "short to be told from that time; count times from the first dose"
        )


def _stated(bioavailability: Array | None, dose: Dose) -> Array:
    """F, where intravenous doses need it."""
    if bioavailability is None:
        raise InputError(
            f"regimen: an {dose.route} needs the bioavailability F, since clearances and volumes "
            "are per F; give it in the library or dose by mouth"
        )
    for share in bioavailability.tolist():
        if not 0 < share <= 1:
            raise InputError(f"regimen: bioavailability is {share:g}; give 0 < F <= 1")
    return bioavailability


def _before(regimen: Regimen, oral: float) -> Sequence[Dose]:
    """Doses of the steady states before time 0 whose input may still be going on then."""
    earlier = []
    for series in regimen.steady:
        over = oral if series.dose.route == "oral" else series.dose.over
        for number in range(1, math.ceil((over + series.dose.time) / series.interval) + 1):
            time = series.dose.time - number * series.interval
            if time + over > 0:
                earlier.append(replace(series.dose, time=time))
    return earlier


def _superpose(inputs: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """(from, to, rate) of each input to (time, total rate) at each change; exactly 0 when none goes on."""
    edges = sorted({edge for begin, end, _ in inputs for edge in (begin, end)})
    waiting = sorted(inputs)
    going: list[tuple[float, float]] = []
    out, position = [], 0
    for edge in edges:
        while position < len(waiting) and waiting[position][0] <= edge:
            _, end, rate = waiting[position]
            heapq.heappush(going, (end, rate))
            position += 1
        while going and going[0][0] <= edge:
            heapq.heappop(going)
        out.append((edge, math.fsum(rate for _, rate in going)))
    return out
