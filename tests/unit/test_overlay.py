"""A user's concentration-response is read as spreadsheets write it, fitted, and held against the band."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import jakinib as jk
from jakinib.cli import app

BARI = jk.Scenario.of(inhibitor="baricitinib", cytokine="IL-6")
AT = [5.0, 20.0, 80.0, 320.0, 1280.0]


def written(folder: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    file = folder / "mine.csv"
    file.write_text("\n".join(lines) + "\n", encoding=encoding)
    return file


def hill(ic50: float, slope: float, title: str = "concentration (nM),inhibition (%)") -> list[str]:
    return [title, *(f"{c},{100 / (1 + (ic50 / c) ** slope):.12g}" for c in AT)]


def test_the_fit_finds_the_curve_that_the_points_lie_on(tmp_path: Path) -> None:
    found = jk.overlay(written(tmp_path, hill(100, 1.3)), BARI)
    assert found.hill.ic50 == pytest.approx(100, rel=1e-5)
    assert found.hill.slope == pytest.approx(1.3, rel=1e-5)
    assert found.fold == pytest.approx(100 / jk.assay("baricitinib", "IL-6").ic50, rel=1e-5)


def test_scatter_widens_the_interval_which_holds_the_truth(tmp_path: Path) -> None:
    noise = np.random.default_rng(3)
    lines = ["concentration (nM),inhibition (%)"]
    lines += [f"{c},{100 / (1 + 100 / c) + noise.normal(0, 4)}" for c in AT for _ in range(3)]
    low, high = jk.overlay(written(tmp_path, lines), BARI).hill.ic50_interval
    assert low < 100 < high
    assert high / low > 1.05


def test_points_on_the_prediction_are_in_the_band_and_those_far_off_are_not(tmp_path: Path) -> None:
    ic50 = jk.assay("baricitinib", "IL-6").ic50
    assert jk.overlay(written(tmp_path, hill(ic50, 1.3)), BARI).inside == len(AT)
    assert jk.overlay(written(tmp_path, hill(100 * ic50, 1.3)), BARI).inside == 0


@pytest.mark.parametrize(
    ("lines", "encoding"),
    [
        (["concentration (nM),inhibition (%)", "10,1.5", "10,2.5", "20,30"], "utf-8"),
        (["concentration (nM);inhibition (%)", "10;1,5", "10;2,5", "20;30"], "utf-8-sig"),
        (["Conc [nM]\tInhibition [%]", "10\t1,5", "10\t2,5", "20\t30"], "utf-16"),
        (["conc_uM,inhibition 1 (%),inhibition 2 (%)", "0.01,1.5,2.5", "0.02,30,NA"], "utf-8"),
        (["sample,concentration (nM),inhibition", "a,0,0", "b,10,1.5", "c,10,2.5", "d,20,30"], "utf-8"),
        (["concentration (ng/mL),inhibition (%)", "3.7142,1.5", "3.7142,2.5", "7.4284,30"], "utf-8"),
    ],
)
def test_a_table_is_read_as_other_tools_write_it(lines: list[str], encoding: str, tmp_path: Path) -> None:
    found = jk.overlay(written(tmp_path, lines, encoding), BARI)
    assert found.at == pytest.approx((10, 20), rel=1e-3)
    assert found.each == ((1.5, 2.5), (30,))
    assert found.error == pytest.approx([0.5**0.5, 0])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["dose,inhibition (%)", "1,2"], "'concentration"),
        (["concentration,inhibition (%)", "1,2"], "has no unit"),
        (["concentration (mL),inhibition (%)", "1,2"], "not convertible"),
        (["concentration (nM),inhibition (mV)", "1,2"], "inhibition is read in %"),
        (["concentration (nM),inhibition (%)", "1,many"], "'many' is no number"),
        (["concentration (nM),inhibition (%)", "-1,3"], "below 0"),
        (["concentration (nM),inhibition (%)", "0,3"], "no point"),
    ],
)
def test_what_is_no_concentration_response_is_refused(lines: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(jk.InputError, match=said) as refusal:
        jk.overlay(written(tmp_path, lines), BARI)
    assert "mine.csv" in str(refusal.value)


def test_too_few_points_make_no_fit(tmp_path: Path) -> None:
    found = jk.overlay(written(tmp_path, hill(100, 1)[:4]), BARI)
    with pytest.raises(jk.InputError, match="at least 4"):
        _ = found.hill


def test_the_command_gives_what_python_gives(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file, out = written(tmp_path, hill(100, 1.3)), tmp_path / "both.tsv"
    command = ["overlay", str(file), "--inhibitor", "bari", "--cytokine", "IL 6", "--out", str(out), "--json"]
    assert CliRunner().invoke(app, [*command, "--plot", str(tmp_path / "both.png")]).exit_code == 0
    assert json.loads(capfd.readouterr().out) == json.loads(json.dumps(jk.overlay(file, BARI).record()))
    assert out.read_text().splitlines()[0].split("\t")[:2] == ["concentration", "inhibition"]
    assert (tmp_path / "both.png").stat().st_size > 10_000


def test_a_table_that_cannot_be_used_writes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, ["concentration (nM),inhibition (%)", "1,2"])
    refusal = CliRunner().invoke(app, ["overlay", str(file), "--out", str(tmp_path / "out.csv")]).exception
    assert isinstance(refusal, jk.InputError)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
