"""The amount of a dose arrives, however short its input."""

from __future__ import annotations

import numpy as np
import pytest

import jakinib as jk
from jakinib.regimen.inputs import inputs


def exposure(text: str, settings: dict[str, float] | None = None) -> float:
    """AUC over two days of a dose, ng h/mL."""
    times = [0.25 * i for i in range(1, 193)]
    return jk.plasma(jk.Regimen.parse(text), times, settings=settings).interval(0, 48)["auc"]


@pytest.mark.parametrize("over", ["1e-12 h", "1e-10 h", "1e-9 h", "1e-6 h", "1e-3 s"])
def test_the_amount_of_a_dose_that_is_all_but_at_once_arrives(over: str) -> None:
    assert exposure(f"4 mg iv infusion over {over}") == pytest.approx(exposure("4 mg iv bolus"), rel=2e-3)


@pytest.mark.parametrize("duration", [1e-12, 1e-10, 1e-9, 1e-6])
def test_the_amount_of_an_oral_dose_that_is_all_but_at_once_arrives(duration: float) -> None:
    short, usual = ({"D1_baricitinib": d} for d in (duration, 1 / 60))
    assert exposure("4 mg once", short) == pytest.approx(exposure("4 mg once", usual), rel=2e-3)


def test_a_dose_whose_time_hides_its_duration_is_refused() -> None:
    regimen = jk.Regimen.parse("4 mg iv bolus at 1e13 h")
    with pytest.raises(jk.InputError, match="too short to be told"):
        inputs(regimen, 371.42, np.array([0.5]), np.array([0.0]), np.array([0.79]))
