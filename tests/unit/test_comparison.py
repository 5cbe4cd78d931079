"""Depots, metabolites and the comparison of regimens: what the models and the interface promise."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from typer.testing import CliRunner

import jakinib as jk
from jakinib import paths
from jakinib.assay.compare import conditions_of, exposure
from jakinib.assay.pk import plasma_profiles
from jakinib.build import ModelSpec, check, compose, to_sbml
from jakinib.build.estimates import estimates
from jakinib.cli import app
from jakinib.errors import ModelError
from jakinib.library import Library, get_library
from jakinib.scenario.heat import PANELS, heat_map, kinases
from jakinib.simulate import Protocol, Step, load

DISPOSITIONS = [(d, p) for d, entry in get_library().inhibitors.items() for p in entry.pharmacokinetics]
DEPOTS = [(d, p) for d, p in DISPOSITIONS if "ka" in get_library().inhibitor(d).pharmacokinetics[p]]
LibraryOfItsOwn = Callable[[], Library]


# Models -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("drug", "population"), DISPOSITIONS)
def test_every_disposition_builds_a_model_without_a_word_from_libsbml(drug: str, population: str) -> None:
    source = compose(ModelSpec("oral_pk", inhibitors=(drug,), population=population))
    assert check(to_sbml(source)) == []


@pytest.mark.parametrize(("drug", "population"), DEPOTS)
def test_every_parameter_of_a_depot_model_has_a_source(drug: str, population: str) -> None:
    source = compose(ModelSpec("oral_pk", inhibitors=(drug,), population=population))
    model = jk.Model(to_sbml(source))
    free = {p for p in model.parameters if p in model.settable and not p.startswith("input_rate_")}
    assert free == set(source.provenance)
    assert {"ka_" + drug, "fu_" + drug, "weight"} <= free


def test_two_inhibitors_of_different_absorption_share_one_patient() -> None:
    spec = ModelSpec("oral_pk", inhibitors=("baricitinib", "upadacitinib"), population="ra_adult")
    assert check(to_sbml(compose(spec))) == []
    both, alone = (
        jk.load("oral_pk", inhibitors=spec.inhibitors, population="ra_adult"),
        load_pk("upadacitinib"),
    )
    doses = [
        Step(0.0, {"input_rate_depot_upadacitinib": 100.0}),
        Step(1.0, {"input_rate_depot_upadacitinib": 0.0}),
    ]
    levels = [m.run(Protocol([6.0], {}, doses), ["C_upadacitinib"])[0, 0] for m in (both, alone)]
    assert levels[0] == pytest.approx(levels[1], rel=1e-7)


def load_pk(drug: str, population: str = "ra_adult") -> jk.Model:
    return load("oral_pk", inhibitors=drug, population=population)


def test_an_inhibitor_without_a_depot_has_none_in_its_model() -> None:
    assert not [name for name in load_pk("baricitinib").ids if "depot" in name or "ka_" in name]


@given(dose=st.floats(0.5, 50), hours=st.floats(0.2, 20))
def test_one_compartment_with_a_depot_is_the_textbook_formula(dose: float, hours: float) -> None:
    values = get_library().inhibitor("tofacitinib").pharmacokinetics["uc_adult"]
    ka, v = values["ka"].value, values["V1"].value
    ke = (values["CLr"].value + values["CLnr"].value) / v
    model = load_pk("tofacitinib", "uc_adult")
    level = model.run(Protocol([hours], {"tofacitinib_depot": dose}), ["C_tofacitinib"])[0, 0]
    exact = dose * ka / v / (ka - ke) * (math.exp(-ke * hours) - math.exp(-ka * hours))
    assert level == pytest.approx(exact, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize(("drug", "population"), [d for d in DEPOTS if d[0] != "GS829845"])
def test_clearance_times_area_is_the_dose(drug: str, population: str) -> None:
    times = np.linspace(0, 24, 2401)
    curve = plasma_profiles(jk.Regimen.parse("10 mg qd ss"), times, inhibitor=drug, population=population)[0]
    values = get_library().inhibitor(drug).pharmacokinetics[population]
    clearance = values["CLr"].value + values["CLnr"].value
    people = get_library().population(population)
    if people.eGFR.value == values["eGFR_ref"].value and people.weight.value == values["weight_ref"].value:
        assert np.trapezoid(curve.ng_per_mL, times) * clearance == pytest.approx(10e3, rel=0.005)


def test_a_quarter_of_the_upadacitinib_tablet_passes_the_depot() -> None:
    model = load_pk("upadacitinib")
    times = np.linspace(0.01, 600, 6001)

    def area(symbol: str) -> float:
        steps = [Step(0.0, {symbol: 100.0}), Step(1.0, {symbol: 0.0})]
        return float(np.trapezoid(model.run(Protocol(times, {}, steps), ["C_upadacitinib"])[:, 0], times))

    assert area("input_rate_depot_upadacitinib") == pytest.approx(area("input_rate_upadacitinib"), rel=1e-3)
    tablet = plasma_profiles(
        jk.Regimen.parse("15 mg"), times, inhibitor="upadacitinib", population="ra_adult"
    )[0]
    late = times > 60  # only the slow depot still feeds plasma: its share, seen in the terminal phase
    depot = model.run(Protocol([60.0], {"upadacitinib_depot": 0.255 * 15e6 / 380.37}), ["upadacitinib_depot"])
    assert depot[0, 0] < 0.05 * 0.255 * 15e6 / 380.37
    assert (np.diff(tablet.concentration[late]) < 0).all()


@pytest.mark.parametrize(("symbol", "heavier"), [("tofacitinib", 1.0), ("brepocitinib", (100 / 70) ** -0.75)])
def test_weight_acts_with_the_exponent_of_the_source(symbol: str, heavier: float) -> None:
    model = load_pk(symbol, "healthy_adult")
    clearance = [
        model.run(Protocol([1.0], {"weight": w, "eGFR": 93.0}), [f"CL_{symbol}"])[0, 0] for w in (70.0, 100.0)
    ]
    assert clearance[0] / clearance[1] == pytest.approx(heavier)


# The active metabolite --------------------------------------------------------------------------------


def test_dosing_filgotinib_brings_its_metabolite_along() -> None:
    assert ModelSpec("oral_pk", inhibitors=("filgotinib",)).resolved(get_library()).inhibitors == (
        "filgotinib",
        "GS829845",
    )
    assert (
        "GS829845"
        not in ModelSpec("cytokine_signalling", ("IL-6",), ("filgotinib",)).resolved(get_library()).inhibitors
    )


def test_the_metabolite_receives_the_moles_of_the_dose() -> None:
    model = load_pk("filgotinib")
    steps = [
        Step(0.0, {"input_rate_depot_filgotinib": 50.0}),
        Step(2.0, {"input_rate_depot_filgotinib": 0.0}),
    ]
    observed = [f"{drug}_{place}" for drug in ("filgotinib", "GS829845") for place in ("depot", "central")]
    without_loss = {f"{key}_{drug}": 0.0 for drug in ("filgotinib", "GS829845") for key in ("CLr", "CLnr")}
    amounts = model.run(Protocol([200.0], {**without_loss, "Q_filgotinib": 0.0}, steps), observed)[0]
    assert amounts[:2].sum() == pytest.approx(100.0, rel=1e-6)
    assert amounts[2:].sum() == pytest.approx(100.0, rel=1e-6)


def test_the_metabolite_competes_for_the_same_site() -> None:
    model = load("cytokine_signalling", cytokines=("IL-2",), inhibitors=("filgotinib", "GS829845"))
    free = [
        model.run(Protocol([1e-3], {f"I_{n}": c for n, c in levels.items()}), ["A_JAK1"])[0, 0]
        for levels in ({"filgotinib": 50.0}, {"GS829845": 500.0}, {"filgotinib": 25.0, "GS829845": 250.0})
    ]
    assert free[0] == pytest.approx(free[1], rel=1e-9)  # a tenth of the activity
    assert free[0] == pytest.approx(free[2], rel=1e-9)


# Bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    ka: {value: 9.85", "    kb: {value: 9.85", r"uc_adult: kb is not known; known: CLr, CLnr"),
        ("    V1: {value: 115.8", "    V1: {value: -115.8", "V1 is -115.8 L; it must be at least 0.001"),
        (
            "    lag: {value: 0.236, unit: hour",
            "    lag: {value: 0.236, unit: L",
            "lag unit 'L' is not conv",
        ),
        ("    weight_V: {value: 0.585", "    Q: {value: 0.585", "unit 'dimensionless' is not convertible"),
    ],
)
def test_a_disposition_no_model_can_be_built_from_is_refused(
    old: str, new: str, says: str, tmp_path: Path, library_of_its_own: LibraryOfItsOwn
) -> None:
    text = (paths.models() / "library/inhibitors/tofacitinib.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^aliases: .*\n", "", text)
    assert old in text
    file = tmp_path / "own.yaml"
    file.write_text(text.replace("id: tofacitinib", "id: own").replace(old, new), encoding="utf-8")
    library_of_its_own()
    with pytest.raises(jk.InputError, match=says):
        jk.register("inhibitors", file)


@pytest.mark.parametrize(
    ("regimens", "says"),
    [
        (["abrocitinib 200 mg qd"], "no pharmacokinetics .* offered for assays only"),
        (["4 mg qd"], "names no inhibitor"),
        (["baricitinib 4 mg qd + tofacitinib 5 mg bid"], "more than one inhibitor"),
        (["baricitinib 4 mg"], "only steady states"),
        (["baricitinib 4 mg qd x 7"], "only steady states"),
        (["GS829845 100 mg qd"], "formed in the body; dose filgotinib"),
        (["baricitnib 4 mg qd"], "did you mean baricitinib"),
        (["baricitinib 4 mg qd", "baricitinib 4 mg qd"], "given twice"),
        ([], "at least one regimen"),
    ],
)
def test_what_cannot_be_compared_says_why(regimens: list[str], says: str) -> None:
    with pytest.raises(jk.InputError, match=says):
        jk.compare(regimens, "IL-6")


def test_a_model_for_a_population_without_pharmacokinetics_names_those_that_have_them() -> None:
    with pytest.raises(ModelError, match="it has them for psa_adult, uc_adult, healthy_adult"):
        jk.load("oral_pk", inhibitors="tofacitinib", population="ra_adult")


# The comparison ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    regimens = ["baricitinib 4 mg qd", "tofacitinib 5 mg bid", "upadacitinib 15 mg qd"]
    return jk.compare(regimens, ["IL-2", "IL-6"], bands=False).to_frame()


def test_a_row_is_a_regimen_and_a_cytokine(frame: pd.DataFrame) -> None:
    assert list(zip(frame.inhibitor, frame.cytokine, strict=True)) == [
        (drug, cytokine)
        for drug in ("baricitinib", "tofacitinib", "upadacitinib")
        for cytokine in ("IL-2", "IL-6")
    ]
    assert list(frame.readout.unique()) == ["pSTAT5", "pSTAT3"]


def test_the_average_lies_between_the_smallest_and_the_largest(frame: pd.DataFrame) -> None:
    low, mean, high = (frame[f"{name}_inhibition_percent"] for name in ("minimum", "average", "maximum"))
    assert ((low < mean) & (mean < high) & (low >= 0) & (high <= 100)).all()
    assert frame.hours_above_ic50_per_day.between(0, 24).all()
    assert ((high > 50) == (frame.hours_above_ic50_per_day > 0)).all()


def test_what_was_taken_from_elsewhere_is_said(frame: pd.DataFrame) -> None:
    assert list(frame.population.unique()) == ["ra_adult", "psa_adult"]
    notes = "\n".join(frame.attrs["notes"])
    assert "tofacitinib: no pharmacokinetics for ra_adult; those of psa_adult are used" in notes
    shift = estimates("pathways")["shift_upadacitinib"].value
    assert f"upadacitinib: {1 / shift:.3g}-fold as potent in cells as its enzyme assays lead" in notes
    assert "baricitinib" not in notes


def test_enzyme_potency_alone_can_be_asked_for() -> None:
    """It shifts the axis of concentration: one drug alone acts through its free concentration over Kapp."""
    shift = estimates("pathways")["shift_upadacitinib"].value
    scaled, alone = (exposure("upadacitinib 15 mg qd", anchored=on) for on in (True, False))
    assert scaled.free["upadacitinib"] == pytest.approx(alone.free["upadacitinib"])
    ic50 = [conditions_of(exposed, "IL-6").curve().ic50 for exposed in (scaled, alone)]
    assert ic50[0] / ic50[1] == pytest.approx(shift, rel=1e-4)
    assert any("low ATP" in note for note in alone.notes)


def test_a_larger_dose_inhibits_more_and_longer() -> None:
    table = jk.compare([f"baricitinib {mg} mg qd" for mg in (2, 4, 8)], "IL-2").to_frame()
    assert table.average_inhibition_percent.is_monotonic_increasing
    assert table.hours_above_ic50_per_day.is_monotonic_increasing
    assert table.ic50_nM.nunique() == 1


def test_a_dose_split_over_the_day_lowers_the_peak_and_raises_the_trough() -> None:
    once, twice = (exposure(f"tofacitinib {text}") for text in ("10 mg qd", "5 mg bid"))
    assert np.trapezoid(once.ng_per_mL, once.time) == pytest.approx(
        np.trapezoid(twice.ng_per_mL, twice.time), rel=2e-3
    )
    assert twice.ng_per_mL.max() < once.ng_per_mL.max()
    assert twice.ng_per_mL.min() > once.ng_per_mL.min()


def test_an_interval_that_does_not_divide_a_day_is_followed_over_whole_intervals() -> None:
    assert exposure("baricitinib 4 mg q16h").period == 32
    assert exposure("baricitinib 4 mg qod").period == 48


def test_the_heat_map_shows_every_number_in_ink_that_can_be_read(frame: pd.DataFrame) -> None:
    figure = heat_map(frame)
    for axes, (column, _, top) in zip(figure.axes, PANELS, strict=True):
        assert len(axes.texts) == len(frame)
        shown = sorted(float(text.get_text()) for text in axes.texts)
        assert shown == pytest.approx(sorted(frame[column]), abs=0.51)
        [image] = axes.images
        assert image.get_clim() == (0, top)
        for text in axes.texts:
            x, y = (int(v) for v in text.get_position())
            cell = image.cmap(image.norm(image.get_array()[y, x]))[:3]
            assert contrast(cell, to_rgb(text.get_color())) >= 4.5
    figure.savefig(io.BytesIO(), format="png")


def contrast(one: Any, other: Any) -> float:
    """Contrast ratio of two colours (WCAG 2)."""

    def luminance(rgb: Any) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_cytokines_are_labelled_with_all_their_kinases() -> None:
    assert kinases("IL-2") == "JAK1/JAK3"
    assert kinases("IL-6") == "JAK1/JAK2/TYK2"


def test_the_command_writes_table_picture_and_json(tmp_path: Path) -> None:
    files = {"--out": tmp_path / "t.tsv", "--plot": tmp_path / "h.png"}
    options = [str(part) for pair in files.items() for part in pair]
    run = CliRunner().invoke(
        app, ["compare", "--regimen", "tofacitinib 5 mg bid", "--cytokine", "IL-2,IL-6", *options]
    )
    assert run.exit_code == 0, run.output
    assert "psa_adult" in run.output
    table = pd.read_csv(files["--out"], sep="\t")
    assert list(table.cytokine) == ["IL-2", "IL-6"]
    assert files["--plot"].stat().st_size > 5000


def test_json_of_the_command_is_nothing_but_json(capfd: pytest.CaptureFixture[str]) -> None:
    CliRunner().invoke(app, ["compare", "--regimen", "tofacitinib 5 mg bid", "--cytokine", "IL-6", "--json"])
    record = json.loads(capfd.readouterr().out)
    assert record["rows"][0]["inhibitor"] == "tofacitinib"
    assert record["notes"]
