"""What is read and searched for side by side is what each run and each search finds alone."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import jakinib as jk
from jakinib.assay import CellAssay, Curve
from jakinib.assay.compare import conditions_of, exposure, inhibition
from jakinib.assay.curve import Effect, Half, at_each, halves_near
from jakinib.errors import SimulationError
from jakinib.lanes import Reading, available, readings
from jakinib.scenario import Scenario
from jakinib.scenario.drawn import enough, stored
from jakinib.scenario.quantities import Outcome, in_vitro_side_by_side, numeric, quantity
from jakinib.simulate import Adjusted, Model, Protocol, load


@dataclass(frozen=True)
class Hill:
    """A cell whose signal falls with the inhibitor ``I`` along a Hill curve; it dies above ``most``."""

    ic50: float
    slope: float
    most: float = math.inf
    top: float = 7.0
    settable: Collection[str] = ("I",)

    def run(self, protocol: Protocol, observables: Sequence[str]) -> NDArray[np.float64]:
        dose = protocol.settings["I"]
        if dose > self.most:
            raise SimulationError("the cell is dead", 0.0, {})
        signal = self.top / (1 + (dose / self.ic50) ** self.slope)
        return np.full((len(protocol.times), len(observables)), signal)

    def initial(self, symbol: str) -> float:
        return 0.0

    def unit(self, symbol: str) -> str:
        return "nM"

    def at(self, dose: float) -> Reading:
        return Reading(self, Protocol([1.0], {"I": dose}), "signal")

    def half(self, guess: float) -> Half:
        return Half(self.at(0.0), partial(Effect, self.at), guess)


CELLS = st.builds(Hill, st.floats(0.1, 1e4), st.floats(0.5, 2.0))


@given(st.lists(CELLS, min_size=1, max_size=6), st.floats(0.3, 3.0))
def test_searches_side_by_side_end_where_each_ends_alone(cells: list[Hill], off: float) -> None:
    found = halves_near([cell.half(off * cell.ic50) for cell in cells])
    alone = [Curve(Effect(cell.at, 7.0)).ic50_near(off * cell.ic50) for cell in cells]
    assert found == alone
    assert found == pytest.approx([cell.ic50 for cell in cells], rel=1e-4)


def test_a_search_that_fails_leaves_the_others_alone() -> None:
    whole, dead, silent = Hill(10.0, 1.0), Hill(10.0, 1.0, most=1.0), Hill(10.0, 1.0, top=0.0)
    far = Hill(1e9, 1.0)
    found = halves_near([dead.half(20.0), whole.half(20.0), far.half(1.0), silent.half(20.0)])
    assert found[0] is None
    assert found[1] == pytest.approx(10.0, rel=1e-4)
    assert found[2] is None
    assert found[3] is None


def test_a_failed_run_of_a_curve_is_raised() -> None:
    with pytest.raises(SimulationError, match="dead"):
        at_each(Effect(Hill(10.0, 1.0, most=5.0).at, 7.0), [1.0, 10.0])


@functools.cache
def pathway(cytokine: str) -> Model:
    return load("cytokine_signalling", cytokines=cytokine, inhibitors="baricitinib")


def test_readings_of_several_models_are_those_of_runs_one_at_a_time() -> None:
    """Models, models that start elsewhere and readings of several symbols, in any order."""
    six, two = (CellAssay("baricitinib", name) for name in ("IL-6", "IL-2"))
    other = Adjusted(Adjusted(pathway("IL-6"), {"ATP": 1e6}), {"ATP": 3e6})
    asked = [
        six.reading(0.0, pathway("IL-6")), two.reading(10.0, pathway("IL-2")), six.reading(30.0, other),
        six.reading(30.0, pathway("IL-6")), Hill(5.0, 1.0).at(5.0),
        Reading(other, six.protocol(30.0), "reserve_IL6_STAT3"),
        replace(six, settings={"ATP": 5e5}).reading(30.0, other),
    ]  # fmt: skip
    found = readings(asked)
    assert found == pytest.approx([one.value() for one in asked], rel=1e-6)
    assert len({float(f) for f in found if not isinstance(f, SimulationError)}) == len(asked)


def test_a_concentration_response_at_once_is_the_one_run_by_run() -> None:
    curve = CellAssay("baricitinib", "IL-6").curve(pathway("IL-6"))
    at = np.geomspace(0.1, 1e4, 12)
    assert at_each(curve.inhibition, at) == pytest.approx([curve.inhibition(c) for c in at], abs=1e-7)


def test_ic50s_of_several_models_are_those_of_their_curves() -> None:
    conditions, model = CellAssay("baricitinib", "IL-6"), pathway("IL-6")
    models = [Adjusted(model, {"ATP": atp}) for atp in (1e6, 2e6, 4e6)]
    expected = [conditions.curve(one).ic50 for one in models]
    assert conditions.ic50s_near(models, expected[0]) == pytest.approx(expected, rel=1e-5)


PLATE = Scenario.of(inhibitor="baricitinib", cytokine="IL-6", concentration="60 nM")


@given(st.sampled_from(["inhibition", "IC50"]), st.lists(st.floats(0.05, 5.0), min_size=1, max_size=5))
@settings(max_examples=10)
def test_a_quantity_of_an_assay_in_many_draws_is_what_each_gives_alone(name: str, doses: list[float]) -> None:
    wanted, dose = quantity(name), numeric("cytokine_dose")
    draws = [Outcome(), *(Outcome({"ATP": atp, "kphos_IL6_STAT3": 3 * 10.0**6 / atp}) for atp in (1e6, 4e6))]
    asked = [(draw, dose.put(PLATE, value)) for draw in draws for value in doses]
    alone = [draw.of(scenario, [wanted])[0][0] for draw, scenario in asked]
    assert in_vitro_side_by_side(asked, wanted, 50.0) == pytest.approx(alone, rel=1e-6)


@pytest.mark.parametrize(
    ("wanted", "value", "vary"),
    [
        ("inhibition", 30.0, "concentration"),
        ("IC50", 70.0, "cytokine_dose"),
        ("inhibition", 40.0, "cytokine_dose"),
    ],
)  # fmt: skip
def test_the_input_found_in_each_draw_gives_the_value_in_that_draw(
    wanted: str, value: float, vary: str
) -> None:
    found = jk.find(wanted, value, vary, PLATE)
    at = np.array(found.every)
    assert len(at) >= 20
    for x, draw in zip(at, enough(stored()).settings, strict=True):
        if 0 < x < math.inf:
            reached = Outcome(draw).of(found.input.put(PLATE, float(x)), [found.quantity])[0][0]
            assert reached == pytest.approx(value, rel=1e-5)
    assert ((at > 0) & (at < math.inf)).mean() > 0.9


def test_inhibition_by_a_drug_and_its_metabolite_is_that_of_each_concentration_alone() -> None:
    exposed = exposure("filgotinib 200 mg qd", "healthy_adult")
    conditions = conditions_of(exposed, "IL-6")
    model = conditions.model_of(tuple(exposed.free))
    found = inhibition(exposed, conditions, model)
    top, plan = conditions.uninhibited(model), conditions.protocol(0.0)
    for number in range(0, len(exposed.time), 60):  # where blood is drawn
        levels = {f"I_{name}": float(free[number]) for name, free in exposed.free.items()}
        alone = replace(plan, settings={**plan.settings, **levels})
        (left,) = model.run(alone, [conditions.observable])[0]
        assert found[number] == pytest.approx(1 - left / top, abs=1e-7)
    assert 0.05 < found.min() < found.max() < 1


@pytest.mark.skipif(not available(), reason="without lanes every run is one of libRoadRunner")
def test_the_draws_of_a_question_are_not_run_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    runs, run = [], Model.run

    def counted(model: Model, *asked: Any) -> NDArray[np.float64]:
        runs.append(asked)
        return run(model, *asked)

    found = jk.find("inhibition", 35.0, "concentration", PLATE)
    monkeypatch.setattr(Model, "run", counted)
    assert len(found.every) >= 20
    jk.scan("IC50", {"cytokine_dose": "1, 2 nM"}, PLATE.but(concentration=None))
    assert len(runs) < 80  # each of some forty draws, at two doses and for an interval, takes several
