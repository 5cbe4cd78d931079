"""What reports show of an experiment is what its assay, its course or its plasma gives directly."""

from __future__ import annotations

import numpy as np
import pytest

from jakinib.assay import CellAssay, ex_vivo_inhibition, plasma
from jakinib.experiments import Models, experiment
from jakinib.fit import get_data, read_plan
from jakinib.library.measurements import Measurement
from jakinib.regimen import Regimen
from jakinib.simulate import Protocol, load

DOSE = 10 / 20.8  # nM: 10 ng/mL of IL-6


def shown(published: Measurement, **conditions: str) -> float:
    """The value of an experiment on the models at the estimates, the row under other conditions."""
    row = Measurement.model_validate({**published.model_dump(), **conditions})
    return experiment(row, get_data(), read_plan("dynamics", get_data())).value(Models())


def test_what_is_read_in_blood_after_a_dose_is_that_of_the_assay_and_the_plasma() -> None:
    times = np.concatenate((np.arange(0, 4, 0.25), np.arange(4, 24.1, 0.5)))
    blood = ex_vivo_inhibition(plasma(Regimen.single(7.0), times), CellAssay("baricitinib", "IL-6", "pSTAT3"))
    percent, row = 100 * blood.inhibition, get_data()["B01"]
    mine = {"dose": "7 mg", "population": "healthy_adult"}
    assert shown(row, **mine) == times[percent.argmax()]
    for quantity, expected in (("maximum", percent.max()), ("minimum", percent.min())):
        found = shown(row, **mine, quantity=f"{quantity}_inhibition", unit="percent")
        assert found == pytest.approx(expected)
    left = shown(row, **mine, quantity="inhibition_left", unit="percent", time="10 h")
    assert left == pytest.approx(percent[times >= 10].max())
    back = shown(row, **mine, quantity="return_of_inhibition")
    assert np.interp(back, times[2:], percent[2:]) == pytest.approx(10)


def test_a_course_is_shown_to_the_minute_and_as_percent_of_its_maximum() -> None:
    model = load("cytokine_signalling", cytokines="IL-6", cell="macrophage")
    minutes = np.arange(0, 121.0)

    def percent(**settings: float) -> np.ndarray:
        return model.run(Protocol(minutes / 60, {"L_IL6": DOSE, **settings}), ["pSTAT3_percent"])[:, 0]

    row, whole, lacking = get_data()["T005"], percent(), percent(ktx_SOCS3=0.0)
    assert shown(row, quantity="time_of_maximum", unit="minute") == whole.argmax()
    for course, without in ((whole, ""), (lacking, "SOCS3")):
        found = shown(row, quantity="percent_of_maximum", unit="percent", without=without)
        assert found == pytest.approx(100 * course[60] / course.max())


def test_exposure_is_read_from_plasma_at_steady_state() -> None:
    data, plan = get_data(), read_plan("clinical_pk", get_data())
    last = plasma(Regimen.parse("4 mg qd x 14"), np.linspace(312, 336, 9601), population="ra_adult")
    day = last.interval(312, 336)
    for row, metric in (("A19", "cmax"), ("A18", "auc")):
        found = experiment(data[row], data, plan).value(Models())
        assert found == pytest.approx(day[metric], rel=2e-3)
    single = plasma(Regimen.single(4.0), np.linspace(0, 240, 24001)).interval(0, 240)["auc"]
    healthy = data["A09"].model_copy(update={"dose": "4 mg"})
    assert experiment(healthy, data, plan).value(Models()) == pytest.approx(4000 / single, rel=1e-3)
