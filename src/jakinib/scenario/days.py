"""What the draws of the parameters leave open about a day under each arm of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import CellAssay
from jakinib.assay.compare import Exposure, conditions_of
from jakinib.assay.inhibition import FAINTEST
from jakinib.evaluate.laws import inhibitions, laws
from jakinib.fit.ensemble import bands
from jakinib.scenario.drawn import disposition, enough, stored, unfitted
from jakinib.scenario.quantities import QUANTITIES
from jakinib.scenario.value import Scenario
from jakinib.scenario.verbs import exposed
from jakinib.simulate import Model

Array = NDArray[np.float64]
SPARSE = 8  # of the points of a day, those at which several moieties together are simulated
# Columns of a comparison that follow from inhibition over the day, and the quantity that each is.
COLUMNS = {
    "average_inhibition_percent": "average_inhibition", "maximum_inhibition_percent": "maximum_inhibition",
    "minimum_inhibition_percent": "minimum_inhibition", "hours_above_ic50_per_day": "hours_above_ic50",
}  # fmt: skip


def day_intervals(
    arms: Sequence[Scenario],
    exposures: Sequence[Exposure],
    read: Sequence[CellAssay],
    advance: Callable[[], None] | None = None,
) -> list[dict[str, float]]:
    """The ends of the central 90 % of each column, one mapping an arm and read-out, arm by arm; none of
    plasma where the draws are not about the disposition of the inhibitor (``unfitted``).

    exposures: of the arms, at the estimates. Raises InputError, saying what to run, where the stored draws
    are lacking or stale.
    """
    draws = enough(stored()).settings
    together = tuple(dict.fromkeys(moiety for one in exposures for moiety in one.free))
    models = [like.model_of(together) for like in read]
    rows = []
    for arm, at_estimates in zip(arms, exposures, strict=True):
        days = _days(arm, at_estimates, draws)
        plasma = (
            {} if unfitted(draws, at_estimates.inhibitor, at_estimates.population) else _plasma_ends(days)
        )
        for like, model in zip(read, models, strict=True):
            conditions = conditions_of(at_estimates, like.cytokine, like)
            rows.append(_ends(days, _inhibited(days, conditions, model, draws)) | plasma)
            if advance is not None:
                advance()
    return rows


def _days(arm: Scenario, at_estimates: Exposure, draws: Sequence[Mapping[str, float]]) -> list[Exposure]:
    """Plasma over the day in each draw; that at the estimates where no draw is about this inhibitor."""
    own = [disposition(draw, at_estimates.inhibitor, at_estimates.population) for draw in draws]
    return [exposed(arm, disposition=one) if one else at_estimates for one in own]


def _inhibited(
    days: Sequence[Exposure], conditions: CellAssay, model: Model, draws: Sequence[Mapping[str, float]]
) -> list[Array]:
    """Inhibition (fraction) over the day of each draw."""
    names = tuple(days[0].free)
    if len(names) > 1:
        sparse = [{name: level[::SPARSE] for name, level in day.free.items()} for day in days]
        found = inhibitions(sparse, conditions, model, draws)
        pairs = zip(days, found, strict=True)
        return [np.interp(day.time, day.time[::SPARSE], values) for day, values in pairs]
    high = max(float(day.free[names[0]].max()) for day in days)
    made = laws(conditions, model, draws, FAINTEST * high, high)
    return [law(day.free[names[0]]) for law, day in zip(made, days, strict=True)]


def _plasma_ends(days: Sequence[Exposure]) -> dict[str, float]:
    """Ends of Cmax and average (ng/mL)."""
    every = [[day.ng_per_mL.max(), np.trapezoid(day.ng_per_mL, day.time) / day.period] for day in days]
    low, _, high = bands(every)
    out: dict[str, float] = {}
    for number, column in enumerate(("cmax_ng_per_mL", "average_ng_per_mL")):
        out |= {f"{column}_low": float(low[number]), f"{column}_high": float(high[number])}
    return out


def _ends(days: Sequence[Exposure], inhibited: Sequence[Array]) -> dict[str, float]:
    out: dict[str, float] = {}
    for column, name in COLUMNS.items():
        of = QUANTITIES[name].inhibited
        assert of is not None
        low, _, high = bands([of(day.time, values) for day, values in zip(days, inhibited, strict=True)])
        out |= {f"{column}_low": float(low), f"{column}_high": float(high)}
    return out
