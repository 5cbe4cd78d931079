"""What is read in blood after a dose: where the study drew it, by the potency of its laboratory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jakinib.assay import CellAssay, ExVivo, plasma
from jakinib.errors import JakinibError
from jakinib.experiments import Chosen, Models, experiment
from jakinib.experiments.exvivo import NEW_LABORATORY, ReturnOfInhibition, Sampled
from jakinib.fit import get_data
from jakinib.library.measurements import Measurement
from jakinib.regimen import Regimen

DRAWN = np.array([0, 0.5, 1, 2, 4, 8, 12, 16, 24])
SAMPLING = "0, 0.5, 1, 2, 4, 8, 12, 16, 24 h"
HEALTHY = {"cytokine": "IL-6", "readout": "pSTAT3", "population": "healthy_adult", "dose": "4 mg"}
IC50 = 30.0  # free nM


def after_dose(row: str, **conditions: str) -> Sampled:
    stated = {**get_data()[row].model_dump(), **HEALTHY, **conditions}
    one = experiment(Measurement.model_validate(stated), get_data(), Chosen())
    assert isinstance(one, Sampled)
    return one


def blood(duration: float, dose: float) -> ExVivo:
    """Inhibition every 3 min by a drug with one IC50, taken up over ``duration`` hours."""
    profile = plasma(
        Regimen.single(dose),
        np.linspace(0, 24, 481),
        settings={"D1_baricitinib": duration, "lag_baricitinib": 0.1},
    )
    free = profile.free
    return ExVivo(profile, free / (free + IC50), CellAssay("baricitinib", "IL-6", "pSTAT3"))


@given(st.floats(0.75, 1.85), st.floats(1, 10))
def test_a_maximum_is_one_of_the_drawings_whatever_the_hundredths_of_an_hour(end: float, dose: float) -> None:
    course = blood(end - 0.1, dose)
    assert course.time_of_maximum() == pytest.approx(end, abs=0.051)
    found = after_dose("B01", time=SAMPLING).drawn(course)
    assert found.time.tolist() == DRAWN.tolist()
    assert 1 <= found.time_of_maximum() <= 2
    if end < 1.2:
        assert found.time_of_maximum() == 1


@given(st.floats(0.3, 1.5), st.floats(1, 10))
def test_a_return_is_where_the_line_through_the_drawings_crosses(duration: float, dose: float) -> None:
    course, back = blood(duration, dose), {}
    drawn = after_dose("B04", time=SAMPLING).drawn(course)
    for quantity, within in (("return_of_inhibition", 10), ("return_within_5_points", 5)):
        one = after_dose("B04", time=SAMPLING, quantity=quantity)
        assert isinstance(one, ReturnOfInhibition)
        back[within] = one.back(course)
        if np.isfinite(back[within]):
            assert np.interp(back[within], drawn.time, 100 * drawn.inhibition) == pytest.approx(within)
            assert (100 * drawn.inhibition[drawn.time > back[within]] <= within).all()
        else:
            assert 100 * drawn.inhibition[-1] > within
    assert back[5] > back[10] >= course.time_back()  # levels fall along a convex line


@pytest.mark.parametrize(
    ("time", "problem"),
    [
        ("2 h", "list the times"),
        ("0, 2, 1 h", "list the times"),
        ("0, 1, 1 h", "list the times"),
        ("-1, 2 h", "list the times"),
        ("0, 12, 48 h", "none after 24 h"),
        ("0, 1, 2", "column time"),
        ("0, soon, 2 h", "column time"),
        ("0, 1, 2 ng", "column time"),
    ],
)
def test_a_list_of_drawings_that_is_none_is_refused_with_its_place(time: str, problem: str) -> None:
    with pytest.raises(JakinibError, match=problem) as refused:
        after_dose("B01", time=time)
    assert str(refused.value).startswith("B01 (")


def test_a_laboratory_that_finds_half_the_ic50_sees_a_dose_as_ours_sees_twice_the_dose() -> None:
    ours, theirs = Models(), Models({NEW_LABORATORY: 0.5})
    for quantity in ("time_of_max_inhibition", "return_of_inhibition"):
        twice = after_dose("B04", time=SAMPLING, quantity=quantity, dose="10 mg").value(ours)
        once = after_dose("B04", time=SAMPLING, quantity=quantity, dose="5 mg").value(theirs)
        assert once == pytest.approx(twice, rel=1e-6)
