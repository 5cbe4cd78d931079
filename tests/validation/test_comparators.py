"""Comparators against published exposures and published comparisons.

The tolerances were set before the comparison: Cmax within 25 %, AUC, clearance, volume and half-life within
15 % (or inside the published range), tmax inside the published range or within a quarter of an hour.
Filgotinib's disposition was derived from K101-K108 and upadacitinib's potency from K111-K114; the rest
of what is compared here was used for nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import jakinib as jk
from jakinib.assay.compare import Exposure, conditions_of, exposure, inhibition
from jakinib.assay.pk import ex_vivo_inhibition, plasma_profiles
from jakinib.experiments import Chosen, Models, experiment
from jakinib.fit import get_data
from jakinib.library import get_library
from jakinib.simulate import Protocol, Step, load

TOLERANCE = {"cmax": 0.25, "auc": 0.15, "half_life": 0.15, "clearance": 0.15, "volume": 0.15}
CLINICAL = ("baricitinib 4 mg qd", "tofacitinib 5 mg bid", "upadacitinib 15 mg qd", "filgotinib 200 mg qd")
GAMMA_C = ("IL-2", "IL-4", "IL-15", "IL-21")
COMPARED = (*GAMMA_C, "IL-6", "IL-7", "IFN-alpha", "IFN-gamma", "IL-10", "GM-CSF", "G-CSF", "IL-12", "IL-23")


@functools.cache
def profile(regimen: str, drug: str, population: str, hours: float) -> Any:
    times = np.linspace(0, hours, round(hours / 0.02) + 1)
    return plasma_profiles(jk.Regimen.parse(regimen), times, inhibitor=drug, population=population)


def measured(row: str) -> float:
    """What the model gives for a published row, in its unit."""
    drug, population, regimen, hours = EXPOSURES[row]
    quantity = get_data()[row].quantity
    curve = next(
        p for p in profile(regimen, drug, population, hours) if p.inhibitor == get_data()[row].inhibitor
    )
    level, time = curve.ng_per_mL, curve.time
    scale = 1e-3 if get_data()[row].unit.startswith("ug") else 1.0
    if quantity == "tmax":
        return float(time[level.argmax()])
    if quantity == "half_life":  # of the last third, as it is read from a sampled decline
        late = time > hours * 2 / 3
        return float(math.log(2) / -np.polyfit(time[late], np.log(level[late]), 1)[0])
    return scale * float(level.max() if quantity == "cmax" else np.trapezoid(level, time))


EXPOSURES = {
    "K16": ("tofacitinib", "uc_adult", "10 mg", 12.0),
    "K26": ("tofacitinib", "healthy_adult", "10 mg", 48.0),
    "K27": ("tofacitinib", "healthy_adult", "10 mg", 48.0),
    "K28": ("tofacitinib", "healthy_adult", "15 mg bid ss", 12.0),
    "K29": ("tofacitinib", "healthy_adult", "15 mg bid ss", 12.0),
    "K44": ("upadacitinib", "healthy_adult", "15 mg qd ss", 24.0),
    "K45": ("upadacitinib", "healthy_adult", "15 mg", 48.0),
    "K59": ("peficitinib", "ra_adult", "150 mg qd ss", 24.0),
    "K60": ("peficitinib", "healthy_adult", "150 mg", 24.0),
    "K78": ("fedratinib", "mf_adult", "400 mg", 24.0),
    "K82": ("ruxolitinib", "mf_adult", "5 mg", 12.0),
    "K83": ("ruxolitinib", "mf_adult", "5 mg", 12.0),
    "K84": ("ruxolitinib", "mf_adult", "5 mg", 12.0),
    "K115": ("ruxolitinib", "healthy_adult", "10 mg", 12.0),
    "K116": ("ruxolitinib", "healthy_adult", "10 mg", 12.0),
    "K101": ("filgotinib", "ra_adult", "200 mg qd ss", 24.0),
    "K102": ("filgotinib", "ra_adult", "200 mg qd ss", 24.0),
    "K104": ("filgotinib", "ra_adult", "200 mg qd ss", 24.0),
    "K105": ("filgotinib", "ra_adult", "200 mg qd ss", 24.0),
    "K106": ("filgotinib", "ra_adult", "200 mg qd ss", 24.0),
    "K108": ("filgotinib", "ra_adult", "200 mg qd ss", 24.0),
}


MISSED = {
    "K45": "14.8 h against a published range of 9-14 h",
    "K83": "the label says about 1 h; 0.5 h was measured in volunteers (K115) and is taken",
}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(r, marks=pytest.mark.xfail(reason=MISSED[r], strict=True)) if r in MISSED else r
        for r in EXPOSURES
    ],
)
def test_a_published_exposure_is_reproduced(row: str) -> None:
    published, ours = get_data()[row], measured(row)
    low = published.value if published.low is None else published.low
    high = published.value if published.high is None else published.high
    if published.quantity == "tmax":
        low, high = low - 0.25, high + 0.25
    else:
        room = TOLERANCE[published.quantity]
        low, high = min(low, published.value * (1 - room)), max(high, published.value * (1 + room))
    assert low <= ours <= high, f"{ours:.4g} against {published.value:g} {published.unit}"


@pytest.mark.parametrize("row", ["K117", "K118"])
def test_impaired_kidneys_raise_exposure_to_upadacitinib_by_less_than_was_seen(row: str) -> None:
    data = get_data()
    people = Chosen(populations={data[row].population: "ra_adult"})
    ratio = experiment(data[row], data, people).predicted(Models({}))
    assert 1 < ratio < data[row].value


def test_clearance_and_volume_of_the_upadacitinib_tablet_are_those_of_the_abstract() -> None:
    values = get_library().inhibitor("upadacitinib").pharmacokinetics["healthy_adult"]
    clearance = values["CLr"].value + values["CLnr"].value
    assert clearance == pytest.approx(get_data()["K42"].value, rel=0.005)
    assert values["V1"].value + values["V2"].value == pytest.approx(get_data()["K43"].value, rel=0.005)


def test_adults_with_arthritis_clear_upadacitinib_a_quarter_more_slowly_than_volunteers() -> None:
    sick, well = (exposure("upadacitinib 15 mg qd", p).ng_per_mL for p in ("ra_adult", "healthy_adult"))
    assert sick.mean() / well.mean() == pytest.approx(1 / get_data()["K37"].value, rel=0.01)


# Inhibition as a function of the free concentration -----------------------------------------------------


@functools.cache
def curve(regimen: str, cytokine: str) -> tuple[Exposure, np.ndarray]:
    exposed = exposure(regimen)
    conditions = conditions_of(exposed, cytokine)
    model = load(
        "cytokine_signalling", cytokines=(cytokine,), inhibitors=tuple(exposed.free), cell=conditions.cell
    )
    return exposed, inhibition(exposed, conditions, model)


@pytest.mark.parametrize("cytokine", ["IL-6", "IL-2"])
@pytest.mark.parametrize("regimen", CLINICAL[:2])
def test_interpolation_agrees_with_the_assay_at_every_draw(regimen: str, cytokine: str) -> None:
    exposed, ours = curve(regimen, cytokine)
    draws = slice(None, None, 10)
    drug = get_library().inhibitor(exposed.inhibitor)
    drawn = jk.plasma(
        jk.Regimen.parse(f"{regimen} ss"),
        exposed.time[:240:10],
        inhibitor=drug.id,
        population=exposed.population,
    )
    drawn = dataclasses.replace(drawn, concentration=exposed.free[drug.id][:240:10] / drug.fu.value)
    exact = ex_vivo_inhibition(drawn, conditions_of(exposed, cytokine)).inhibition
    assert np.abs(ours[draws][: len(exact)] - exact).max() < 1e-3


@pytest.mark.parametrize(("regimen", "cytokine"), [(CLINICAL[1], "IL-2"), (CLINICAL[0], "IL-6")])
def test_a_day_is_the_same_when_the_drug_moves_during_the_assay(regimen: str, cytokine: str) -> None:
    exposed, constant = curve(regimen, cytokine)
    conditions = conditions_of(exposed, cytokine)
    model, drug = conditions.model(), exposed.inhibitor
    top = conditions.uninhibited(model)
    symbol = f"L_{get_library().cytokine(cytokine).symbol}"
    draws = np.arange(0, exposed.period, 0.5)

    def free(at: float) -> float:
        return float(np.interp(at % exposed.period, exposed.time, exposed.free[drug]))

    moving = []
    for draw in draws:  # stimulated in the body, so to speak: 15 min before the draw
        ticks = np.arange(-1.0, 0.25, 0.05)
        steps = [Step(float(t), {f"I_{drug}": free(draw - 0.25 + t)}) for t in ticks]
        steps = sorted([*steps, Step(0.0, {symbol: conditions.cytokine_dose})], key=lambda step: step.time)
        run = model.run(Protocol([0.25], {}, steps, -1.0), [conditions.observable])[0, 0]
        moving.append(1 - run / top)
    held = np.interp(draws, exposed.time, constant)
    assert abs(np.mean(moving) - held.mean()) < 0.02


# What was published about the comparison ----------------------------------------------------------------


@functools.cache
def compared() -> pd.DataFrame:
    return jk.compare(CLINICAL, COMPARED, bands=False).to_frame()


def average(regimen: str, cytokine: str) -> float:
    frame = compared()
    rows = frame[(frame.regimen == regimen) & (frame.cytokine == cytokine)]
    return float(rows.average_inhibition_percent.iloc[0])


def test_no_agent_inhibits_a_pathway_continuously() -> None:  # F03
    frame = compared()
    assert (frame.hours_above_ic50_per_day < 24).all()
    assert (frame.minimum_inhibition_percent < 50).all()
    assert (frame.maximum_inhibition_percent < 97).all()


@pytest.mark.parametrize("cytokine", ["IL-6", "IFN-gamma", "IL-10", "IFN-alpha", "GM-CSF", "G-CSF"])
@pytest.mark.parametrize("regimen", CLINICAL[:3])
def test_every_agent_inhibits_these_to_some_degree(regimen: str, cytokine: str) -> None:  # F02
    assert average(regimen, cytokine) > 0.5


def test_inhibition_of_interferon_alpha_is_alike_across_agents() -> None:  # F11, F21
    values = [average(regimen, "IFN-alpha") for regimen in CLINICAL]
    assert max(values) - min(values) < 30


@pytest.mark.parametrize(
    "regimen",
    [
        pytest.param(
            regimen,
            marks=pytest.mark.xfail(reason="in the model baricitinib inhibits GM-CSF as much", strict=True)
            if regimen.startswith("baricitinib")
            else (),
        )
        for regimen in CLINICAL
    ],
)
def test_interferon_alpha_is_inhibited_more_than_what_needs_no_JAK1(regimen: str) -> None:  # F13
    spared = [average(regimen, cytokine) for cytokine in ("GM-CSF", "G-CSF")]
    assert average(regimen, "IFN-alpha") > max(spared)


@pytest.mark.parametrize("cytokine", ["IFN-gamma", "GM-CSF", "G-CSF", "IL-12", "IL-23"])
def test_filgotinib_spares_what_depends_on_JAK2_more_than_baricitinib_does(cytokine: str) -> None:  # F12
    assert average(CLINICAL[3], cytokine) < average(CLINICAL[0], cytokine)


@pytest.mark.parametrize("cytokine", GAMMA_C)
@pytest.mark.parametrize(
    "regimen",
    [
        CLINICAL[1],
        pytest.param(
            CLINICAL[2], marks=pytest.mark.xfail(reason="in the model it inhibits less", strict=True)
        ),
    ],
)
def test_gamma_c_cytokines_are_inhibited_least_by_baricitinib(regimen: str, cytokine: str) -> None:  # F01
    assert average(regimen, cytokine) > average(CLINICAL[0], cytokine)


@pytest.mark.parametrize("row", ["K111", "K112", "K113", "K114"])
def test_potency_in_blood_ex_vivo_is_within_sixfold(row: str) -> None:
    published, frame = get_data()[row], compared()
    rows = frame[(frame.inhibitor == published.inhibitor) & (frame.cytokine == published.cytokine)]
    assert abs(math.log(float(rows.ic50_nM.iloc[0]) / published.value)) < math.log(6)


def test_upadacitinib_relative_to_tofacitinib_is_what_blood_showed_within_twofold() -> None:
    frame = compared().set_index(["inhibitor", "cytokine"]).ic50_nM
    for cytokine, upadacitinib, tofacitinib in (("IL-6", "K111", "K112"), ("IL-7", "K113", "K114")):
        ours = frame["upadacitinib", cytokine] / frame["tofacitinib", cytokine]
        published = get_data()[upadacitinib].value / get_data()[tofacitinib].value
        assert abs(math.log(ours / published)) < math.log(2)
