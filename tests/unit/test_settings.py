"""A parameter of the models that a scenario sets: the same in every verb, and in every draw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import jakinib as jk
from jakinib.assay.patient import typical
from jakinib.cli import app
from jakinib.explore import opening
from jakinib.scenario.drawn import courses

DAY = jk.Scenario(patient="ra_adult", regimen="baricitinib 4 mg qd", assay="IL-6")
MODEL = jk.load("cytokine_signalling", cytokines="IL-6", inhibitors="baricitinib")
ENZYMES = [f"IC50_baricitinib_{jak}" for jak in ("JAK1", "JAK2", "JAK3", "TYK2")]
CELLS = {name: MODEL.initial(name) for name in (*ENZYMES, "kphos_IL6_STAT3", "Kd_IL6")}
PLASMA = {f"{name}_baricitinib": value for name, value in typical("baricitinib", "ra_adult").items()}


def day(scenario: jk.Scenario) -> list[float]:
    """Mean inhibition (%), and Cmax (ng/mL), of every verb that follows doses."""
    course = jk.simulate(scenario, hours=24)
    row = jk.compare(scenario, bands=False).to_frame().iloc[0]
    mean = jk.scan("mean inhibition", {"dose": [4]}, scenario, bands=False).values[0]
    return [float(course.inhibition.mean()), row.average_inhibition_percent, row.cmax_ng_per_mL, mean]


def test_settings_equal_to_the_estimates_change_nothing() -> None:
    fed = DAY.but(eGFR=50)
    assert day(fed.but(settings=CELLS | PLASMA)) == pytest.approx(day(fed), rel=1e-6)
    assert jk.assay(DAY.but(settings=CELLS)).ic50 == pytest.approx(jk.assay(DAY).ic50, rel=1e-6)


def test_an_inhibitor_half_as_potent_on_every_enzyme_has_twice_the_ic50_and_band() -> None:
    usual, weaker = jk.assay(DAY), jk.assay(DAY.but(settings={n: 2 * CELLS[n] for n in ENZYMES}))
    assert weaker.ic50 == pytest.approx(2 * usual.ic50, rel=1e-6)
    (before,), (after,) = usual.bands.values(), weaker.bands.values()
    assert after == pytest.approx([2 * end for end in before], rel=1e-4)


def test_an_inhibitor_half_as_potent_takes_twice_the_dose_and_its_interval() -> None:
    usual = jk.find("mean inhibition", "50 %", scenario=DAY)
    weaker = jk.find("mean inhibition", "50 %", settings={n: 2 * CELLS[n] for n in ENZYMES}, scenario=DAY)
    assert weaker.at == pytest.approx(2 * usual.at, rel=1e-3)
    assert weaker.interval == pytest.approx([2 * end for end in usual.interval], rel=1e-2)


def test_half_the_unbound_fraction_inhibits_as_half_the_dose() -> None:
    fu = jk.get_library().inhibitor("baricitinib").fu.to("dimensionless")
    bound = DAY.but(settings={"fu_baricitinib": fu / 2})
    half = jk.compare(DAY.but(regimen="baricitinib 2 mg qd"), bands=False).to_frame().iloc[0]
    row = jk.compare(bound, bands=False).to_frame().iloc[0]
    assert row.average_inhibition_percent == pytest.approx(half.average_inhibition_percent, rel=1e-3)
    assert jk.assay(bound).ic50 == pytest.approx(2 * jk.assay(DAY).ic50, rel=1e-6)


def test_plasma_with_all_its_parameters_set_is_the_same_in_every_draw_and_says_so() -> None:
    certain = DAY.but(settings=PLASMA)
    spread = np.ptp(courses(certain, np.linspace(0, 24, 5)).plasma, axis=0)
    assert spread.max() == pytest.approx(0, abs=1e-9)
    assert np.ptp(courses(DAY, np.linspace(0, 24, 5)).plasma, axis=0).max() > 1
    assert any("CLr_baricitinib" in note for note in jk.simulate(certain, hours=24).notes)


def test_what_is_set_is_not_ranked() -> None:
    found = jk.sensitivity(DAY.but(settings={"kphos_IL6_STAT3": 1000}))
    assert found.parameters
    assert "kphos_IL6_STAT3" not in found.parameters
    assert "kphos_IL6_STAT3 = 1000" in found.assay


def test_of_two_inhibitors_each_keeps_what_is_set_of_it() -> None:
    both = jk.Scenario(regimen="baricitinib 4 mg once + tofacitinib 5 mg once", assay="IL-6")
    usual, weaker = jk.simulate(both), jk.simulate(both.but(settings={n: 2 * CELLS[n] for n in ENZYMES}))
    assert weaker.ic50["baricitinib"] == pytest.approx(2 * usual.ic50["baricitinib"], rel=1e-6)
    assert weaker.ic50["tofacitinib"] == pytest.approx(usual.ic50["tofacitinib"], rel=1e-9)


def test_a_metabolite_can_be_set_where_it_is_formed_and_not_where_it_is_absent() -> None:
    day = jk.Scenario(patient="ra_adult", regimen="filgotinib 200 mg once", assay="IL-6")
    less = day.but(settings={"fu_GS829845": 0.01})
    assert jk.simulate(less, hours=24).inhibition.max() < jk.simulate(day, hours=24).inhibition.max()
    with pytest.raises(jk.InputError, match="alone has none"):
        jk.assay(less)


def test_settings_survive_the_file(tmp_path: Path) -> None:
    asked = DAY.but(settings={"Kd_IL6": 10, "V1_baricitinib": 70})
    asked.to_yaml(tmp_path / "study.yaml")
    assert "settings: {Kd_IL6: 10.0, V1_baricitinib: 70.0}" in asked.to_yaml()
    assert jk.Scenario.read(tmp_path / "study.yaml").settings == asked.settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kphos_IL6_STAT33": 1}, "did you mean kphos_IL6_STAT3"),
        ({"IC50_tofacitinib_JAK1": 1}, "unknown parameter"),
        ({"eGFR": 40}, "is of the patient"),
        ({"Kd_IL6": 0}, "above 0"),
        ({"Kd_IL6": float("nan")}, "finite"),
        ({"fu_baricitinib": 1.2}, "share"),
        (["Kd_IL6"], "write for example"),
        (["Kd_IL6=1", "Kd_IL6=2"], "twice"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_to_write(given: object, said: str) -> None:
    with pytest.raises(jk.InputError, match=said):
        DAY.but(settings=given)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: jk.assay(DAY.but(settings={"CLr_baricitinib": 5})),
        lambda: jk.sensitivity(DAY.but(settings={"CLr_baricitinib": 5})),
        lambda: jk.find("cmax", 40, "dose", DAY.but(settings={"Kd_IL6": 5})),
        lambda: jk.population(DAY.but(settings={"Kd_IL6": 5}), n=1),
        lambda: opening.arms([DAY.but(settings={"Kd_IL6": 5})]),
        lambda: jk.compare([DAY, DAY.but(settings={"Kd_IL6": 5})]),
    ],
)
def test_a_verb_that_cannot_honour_a_setting_refuses_it(ask: Callable[[], object]) -> None:
    with pytest.raises(jk.InputError, match=r"leave (it|them) out|what is set"):
        ask()


@pytest.mark.parametrize(
    "command",
    [
        ["simulate"],
        ["assay"],
        ["sensitivity"],
        ["compare", "--regimen", "baricitinib 4 mg qd"],
        ["population"],
        ["find", "cmax", "40 ng/mL"],
        ["scan", "cmax", "--vary", "dose=1, 2 mg"],
        ["overlay", "points.csv"],
    ],
)
def test_every_command_refuses_an_unknown_name(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("concentration (nM),inhibition (%)\n10,8\n100,40\n")
    command = [str(tmp_path / part) if part == "points.csv" else part for part in command]
    found = CliRunner().invoke(app, [*command, "--settings", "IC50_baricitinib_JAK9=1"])
    assert isinstance(found.exception, jk.InputError) or found.exit_code == 2
    assert "IC50_baricitinib_JAK1" in f"{found.output}{found.exception}"
