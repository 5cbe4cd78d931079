"""The central 90 % of quantities over the draws of the parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jakinib.assay.inhibition import FAINTEST
from jakinib.evaluate.draws import Joint
from jakinib.evaluate.laws import laws
from jakinib.fit.ensemble import bands
from jakinib.scenario.drawn import enough, stored, unfitted
from jakinib.scenario.quantities import Outcome, Quantity, in_vitro_side_by_side
from jakinib.scenario.value import Scenario
from jakinib.scenario.verbs import drawn, exposed, only

REACHES = 4.0  # factor between the free concentrations up to which inhibition is known
MOST_KNOWN = 8
Interval = tuple[float, float]
# With the draws, so that no others come to have their id.
_KNOWN: dict[tuple[object, ...], tuple[Joint, list[Outcome]]] = {}


def outcomes(scenario: Scenario, wanted: Sequence[Quantity], draws: Joint | None = None) -> list[Outcome]:
    """One for each draw, which knows the inhibition of the scenario's read-out up to 4 times its free level,
    or more; the runs of all draws are made side by side.

    draws: in place of those stored. Raises InputError, saying what to run, where these are lacking or stale.
    """
    found = enough(stored() if draws is None else draws)
    if not any(q.inhibited for q in wanted):
        return [Outcome(draw) for draw in found.settings]
    conditions = drawn(scenario, "scenario")[only("scenario", scenario.cytokines, "cytokine")]
    free = exposed(scenario, ends=True).free
    top = max(float(levels.max()) for levels in free.values())
    if len(free) > 1 or top <= 0:
        return [Outcome(draw) for draw in found.settings]
    reach = REACHES ** (1 + math.ceil(math.log(top, REACHES)))
    key = (repr(conditions), reach, id(found))
    if key not in _KNOWN:
        while len(_KNOWN) >= MOST_KNOWN:
            del _KNOWN[next(iter(_KNOWN))]
        model = conditions.model_of(tuple(free))
        made = laws(conditions, model, found.settings, FAINTEST * reach, reach)
        pairs = zip(found.settings, made, strict=True)
        _KNOWN[key] = found, [Outcome(draw, reach, (conditions, law)) for draw, law in pairs]
    return _KNOWN[key][1]


def unheld(scenario: Scenario, what: Quantity, draws: Joint | None = None) -> list[str]:
    """What an interval of a quantity leaves out, as the draws are not about the disposition of an inhibitor.

    Raises InputError where the stored draws are lacking or stale.
    """
    found = enough(stored() if draws is None else draws).settings
    dosed = scenario.inhibitors if what.dosed else ()
    lines = [line for drug in dosed for line in unfitted(found, drug, scenario.patient.population)]
    return [f"no interval: {line.partition(', so')[0]}" for line in lines] if what.plasma else lines


def spread(scenario: Scenario, wanted: Sequence[Quantity]) -> list[Interval]:
    """Ends of the central 90 % of each quantity over the stored draws."""
    made = outcomes(scenario, wanted)
    if any(q.dosed for q in wanted):
        every = [outcome.of(scenario, wanted)[0] for outcome in made]
    else:
        near, _ = Outcome().of(scenario, wanted)
        pairs = [(outcome, scenario) for outcome in made]
        columns = [in_vitro_side_by_side(pairs, q, at) for q, at in zip(wanted, near, strict=True)]
        every = [
            [outcome.of(scenario, [q])[0][0] if x is None else x for q, x in zip(wanted, row, strict=True)]
            for outcome, row in zip(made, zip(*columns, strict=True), strict=True)
        ]
    low, _, high = bands(every)
    return list(zip(low.tolist(), high.tolist(), strict=True))
