"""Virtual trials: the same patients in every arm and under every cytokine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import jakinib as jk
from jakinib.cli import main
from jakinib.population import population, summary
from jakinib.population.engine import METRICS
from jakinib.scenario.trial import STAGES, Trial

LOW = jk.Scenario(patient="ra_adult", regimen="2 mg qd", assay={"cytokine": ["IL-6", "IL-2"]})
HIGH = LOW.but(regimen="4 mg qd")
N = 40


@pytest.fixture(scope="module")
def trial() -> Trial:
    return jk.population([LOW, HIGH], n=N, seed=3)


def test_every_arm_and_cytokine_has_the_patients_it_has_alone(trial: Trial) -> None:
    assert [(arm.label, arm.cytokine) for arm in trial] == [
        ("2 mg qd", "IL-6"), ("2 mg qd", "IL-2"), ("4 mg qd", "IL-6"), ("4 mg qd", "IL-2")
    ]  # fmt: skip
    for arm in trial:
        alone = population("ra_adult", N, f"{arm.label} ss", cytokine=arm.cytokine, seed=3)
        pd.testing.assert_frame_equal(arm.patients, alone)
    frame = trial.to_frame()
    assert len(frame) == 4 * N
    for _, same in frame.groupby("patient"):
        assert same[["weight", "eGFR"]].drop_duplicates().shape[0] == 1
    assert frame.attrs["units"]["mean_inhibition_percent"] == "%"
    assert trial.scenario == [LOW, HIGH]


def test_the_number_of_workers_changes_nothing(trial: Trial) -> None:
    again = jk.population([LOW, HIGH], n=N, seed=3, workers=2)
    pd.testing.assert_frame_equal(again.to_frame(), trial.to_frame())


def test_progress_counts_on_over_arms() -> None:
    seen: list[tuple[int, int]] = []
    jk.population(
        [LOW.but(cytokine="IL-6"), HIGH.but(cytokine="IL-6")], n=3, done=lambda *at: seen.append(at)
    )
    assert seen == [(3, 0), (6, 0)]


def test_bands_hold_every_patient_once(trial: Trial) -> None:
    (whole,) = {len(arm.patients) for arm in trial}
    for by in ("eGFR", "egfr", "weight"):
        rows = trial.summary(by)
        counts = rows[rows.quantity == "AUC_ng_h_per_mL"].groupby(["arm", "cytokine"])["n"].sum()
        assert set(counts) == {whole}
    labels = [label for label, _, _ in trial.bands("eGFR")]
    assert labels[-1] == f"{STAGES[-2]:g} mL/min and more"
    worse, better = (
        trial.summary("eGFR").query("band == @label and quantity == 'AUC_ng_h_per_mL'")["median"].mean()
        for label in (labels[0], labels[-1])
    )
    assert worse > better
    with pytest.raises(jk.UnknownIdError, match="covariate"):
        trial.summary("age")


def test_children_stand_in_the_bands_of_their_doses() -> None:
    children = jk.population(jk.Scenario(patient="JIA", regimen="4 mg qd"), n=60)
    assert [label for label, _, _ in children.bands("weight")] == [
        "10 to 30 kg", "30 kg and more"
    ]  # fmt: skip
    auc = children.summary("weight").query("quantity == 'AUC_ng_h_per_mL'")["median"].to_list()
    assert auc[0] > 1.5 * auc[1]  # all on the dose of the heavier
    assert any("patients of 10 to 30 kg take 2 mg" in note for note in children.notes)


def test_differences_are_of_each_patient(trial: Trial) -> None:
    rows = trial.differences("AUC")
    assert list(rows["arm"]) == ["4 mg qd"] * 2
    low, high = (
        next(arm.patients for arm in trial if arm.label == label) for label in ("2 mg qd", "4 mg qd")
    )
    doubled = high["AUC_ng_h_per_mL"] - low["AUC_ng_h_per_mL"]
    assert rows["median"][0] == pytest.approx(float(np.median(doubled)))
    assert doubled.to_numpy() == pytest.approx(low["AUC_ng_h_per_mL"].to_numpy())  # kinetics are linear
    with pytest.raises(jk.InputError, match="one arm"):
        Trial(trial.arms[:1]).differences()


def test_a_trial_shows_and_saves_itself(trial: Trial, tmp_path: Path) -> None:
    trial.save(tmp_path / "trial.csv")
    assert len(pd.read_csv(tmp_path / "trial.csv")) == 4 * N
    trial.save(tmp_path / "trial.json")
    record = json.loads((tmp_path / "trial.json").read_text(encoding="utf-8"))
    assert [arm["arm"] for arm in record["arms"]] == ["2 mg qd"] * 2 + ["4 mg qd"] * 2
    assert jk.Scenario(**record["arms"][0]["scenario"]) == LOW
    assert "<img" in trial._repr_html_()
    for quantity, by in (("", ""), ("Cmax", "eGFR"), ("maximum inhibition", "weight")):
        figure = trial.plot(quantity, by)
        assert len(figure.axes) == 2
        low, high = figure.axes[0].get_ylim()
        assert all(low <= y <= high for axes in figure.axes for line in axes.lines for y in line.get_ydata())


def test_one_arm_is_the_table_it_was_and_one_without_cytokine_has_exposure_alone() -> None:
    one = jk.population("ra_adult", 3, "4 mg qd x 2", seed=5)
    pd.testing.assert_frame_equal(one.patients, population("ra_adult", 3, "4 mg qd x 2", seed=5))
    pd.testing.assert_frame_equal(jk.summary(one), summary(one.patients))
    assert isinstance(one.scenario, jk.Scenario)
    pd.testing.assert_frame_equal(jk.population(one.scenario, n=3, seed=5).patients, one.patients)
    exposed = jk.population("ra_adult", 3, "4 mg qd x 2", cytokine=None)
    assert "mean_inhibition_percent" not in exposed.to_frame()
    assert exposed.plot() is not None
    with pytest.raises(jk.InputError, match="exposure alone"):
        exposed.plot("mean inhibition")


def test_several_arms_are_not_mixed(trial: Trial) -> None:
    with pytest.raises(jk.InputError, match="4 tables of patients"):
        _ = trial.patients
    with pytest.raises(jk.InputError, match="several arms"):
        jk.summary(trial)
    with pytest.raises(jk.InputError, match="given twice"):
        jk.population([LOW, LOW], n=2)
    mixed = jk.population([LOW.but(cytokine="IL-6"), LOW.but(cytokine="IL-6", population="healthy")], n=2)
    assert any("patients are not paired" in note for note in mixed.notes)
    with pytest.raises(jk.InputError, match="not paired"):
        mixed.differences()


def test_two_cytokines_at_once_on_the_cells_of_each_patient() -> None:
    both = jk.population(HIGH.but(cytokine="IL-6 + IL-2"), n=3)
    assert both.arms[0].cytokine == "IL-6 + IL-2"
    assert set(both.arms[0].manifest["cytokine_dose_nM"]) == {"IL-6", "IL-2"}
    assert set(METRICS) <= set(both.patients)


def test_read_outs_of_one_cytokine_are_told_apart() -> None:
    both = jk.population(HIGH.but(cytokine=["IL-6/pSTAT3", "IL-6/pSTAT1"]), n=3)
    assert [(arm.cytokine, arm.manifest["readout"]) for arm in both] == [
        ("IL-6/pSTAT3", "pSTAT3"), ("IL-6/pSTAT1", "pSTAT1")
    ]  # fmt: skip
    assert [axes.get_title() for axes in both.plot().axes] == ["IL-6 pSTAT3", "IL-6 pSTAT1"]
    one = jk.population(HIGH.but(cytokine="IL-6", readout="pSTAT1"), n=3)
    pd.testing.assert_frame_equal(one.patients, both.arms[1].patients)


def test_the_command_prints_arms_bands_and_differences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.parquet"
    arguments = [
        "population", "RA", "-n", "6", "--regimen", "2 mg qd", "--regimen", "4 mg qd", "--by", "egfr",
        "--workers", "1", "--out", str(out), "--plot", str(tmp_path / "t.png"),
    ]  # fmt: skip
    monkeypatch.setattr("sys.argv", ["jakinib", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    said = " ".join(capfd.readouterr().out.split())
    assert "each patient's difference from the arm '2 mg qd'" in said
    assert "mL/min" in said
    assert [len(pd.read_parquet(tmp_path / f"t_{i}.parquet")) for i in (1, 2)] == [6, 6]
    assert (tmp_path / "t.png").stat().st_size > 1000


def test_a_trial_cites_what_its_arms_rest_on(trial: Trial) -> None:
    assert trial.citations() == sorted({line for arm in (LOW, HIGH) for line in arm.citations()})
    assert any("Decker" in line for line in trial.citations())
