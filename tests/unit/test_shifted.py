"""An inhibitor moves the dose response of a cytokine or lowers its top, as the reserve of the cell has it."""

from __future__ import annotations

import pytest

from jakinib.experiments import Chosen, Models, experiment
from jakinib.fit import get_data
from jakinib.library.measurements import Measurement
from jakinib.simulate import load

SHIFT, TOP = "T034", "T036"
KPHOS = "kphos_IL6_STAT3"


def found(row: str, dose: str, times: float = 1.0) -> float:
    """The value of a row under another concentration of inhibitor, STAT phosphorylated ``times`` as fast."""
    usual = load("cytokine_signalling", cytokines="IL-6", cell="hepatocyte").initial(KPHOS)
    stated = Measurement.model_validate({**get_data()[row].model_dump(), "dose": dose})
    return experiment(stated, get_data(), Chosen()).value(Models({KPHOS: times * usual}))


def test_without_inhibitor_nothing_moves_and_with_much_of_it_nothing_is_left() -> None:
    assert found(SHIFT, "1e-6 nM") == pytest.approx(1, abs=1e-4)
    assert found(TOP, "1e-6 nM") == pytest.approx(100, abs=1e-3)
    assert found(TOP, "1 mM") < 1e-3


def test_a_cell_without_reserve_loses_its_top_and_one_with_reserve_its_sensitivity() -> None:
    bare, rich = 1e-4, 30.0
    assert found(SHIFT, "30 nM", bare) == pytest.approx(1, abs=0.1)
    assert found(TOP, "30 nM", bare) < 20
    assert found(SHIFT, "30 nM", rich) > 3
    assert found(TOP, "30 nM", rich) > 80


def test_more_inhibitor_lowers_the_top_further() -> None:
    tops = [found(TOP, dose) for dose in ("5 nM", "20 nM", "80 nM")]
    assert tops == sorted(tops, reverse=True)
    assert tops[0] > 2 * tops[-1]
