"""``jakinib simulate`` with regimens as text and as files."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import jakinib as jk

Command = Callable[..., CompletedProcess[str]]


@pytest.fixture
def simulate(jakinib: Command) -> Command:
    return functools.partial(jakinib, "simulate")


def test_a_regimen_that_is_not_understood_is_shown_with_a_caret(simulate: Command) -> None:
    run = simulate("--regimen", "4 mg fortnigtly x 2")
    assert run.returncode == 2
    assert run.stdout == ""
    said, shown, carets = run.stderr.splitlines()
    assert said.startswith("jakinib: regimen: interval 'fortnigtly' unknown; use qd")
    assert shown == "  4 mg fortnigtly x 2"
    assert carets == "       ^^^^^^^^^^"


def test_a_regimen_file_gives_intervals_days_and_series(simulate: Command, tmp_path: Path) -> None:
    (tmp_path / "doses.yaml").write_text("regimen: 4 mg qd ss x 2\n", encoding="utf-8")
    run = simulate("--regimen-file", "doses.yaml", "--population", "ra_adult", "--egfr", "45", "--json")
    record = json.loads(run.stdout)
    assert [day["day"] for day in record["days"]] == [1, 2]
    first, second = record["intervals"]
    assert first["AUC (ng h/mL)"] == pytest.approx(second["AUC (ng h/mL)"], rel=1e-5)
    assert {"plasma_ng_per_mL", "free_nM", "occupancy_JAK1", "inhibition"} < set(record["course"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--regimen", "4 mg", "--regimen-file", "doses.csv"], "give one of them"),
        (["--regimen-file", "absent.csv"], "absent.csv: no such file"),
        (["--regimen-file", "doses.csv"], "doses.csv:2: column AMT: "),
        (["--regimen", "baricitinib 4 mg", "--inhibitor", "tofacitinib"], "the regimen names its own"),
        (["--with", "OAT3_inhibtor"], "'OAT3_inhibtor'; did you mean OAT3_inhibitor?"),
        (["--with", "smoking"], "known: OAT3_inhibitor, fed"),
    ],
)
def test_doses_that_cannot_be_used_are_refused_in_one_line(
    arguments: list[str], said: str, simulate: Command, tmp_path: Path
) -> None:
    (tmp_path / "doses.csv").write_text("TIME,AMT\n0,four\n", encoding="utf-8")
    run = simulate(*arguments)
    assert run.returncode == 2
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert said in line


def test_the_help_lists_every_condition_of_the_library(simulate: Command) -> None:
    said = simulate("--help").stdout
    for drug in jk.get_library().inhibitors.values():
        for name in drug.conditions:
            assert name in said


def test_a_meal_lowers_exposure_and_an_unknown_effect_is_a_note(simulate: Command) -> None:
    plain, fed = (
        json.loads(simulate("--json", *more).stdout)["intervals"][0]["AUC (ng h/mL)"]
        for more in ((), ("--fed",))
    )
    assert fed / plain == pytest.approx(0.86, abs=0.01)
    run = simulate("--inhibitor", "brepocitinib", "--egfr", "45")
    assert "note: brepocitinib: eGFR has no effect" in run.stdout


def test_tables_of_two_inhibitors_fit_a_terminal_and_break_no_word(simulate: Command) -> None:
    text = simulate("--regimen", "baricitinib 4 mg qd x 1 + tofacitinib 5 mg bid x 2").stdout
    tables = text.split("By day")[0].splitlines()[1:]
    assert max(map(len, tables)) <= 80
    words = set(" ".join(tables).split())
    assert {"baricitinib", "tofacitinib", "inhib.", "(ng/mL)"} <= words


def test_what_is_printed_and_written_carries_its_interval_unless_it_is_left_out(
    simulate: Command, tmp_path: Path
) -> None:
    doses = ("--regimen", "4 mg qd x 2", "--out", "course.csv")
    run = simulate(*doses)
    assert "5 %, 95 %: ends of the 90 % interval; typical patient, an average laboratory" in run.stdout
    tables = run.stdout.partition("5 %, 95 %:")[0]
    assert max(map(len, tables.splitlines())) <= 80
    titles = (tmp_path / "course.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    ends = ["plasma_ng_per_mL_low", "plasma_ng_per_mL_high", "inhibition_low", "inhibition_high"]
    assert titles[-4:] == ends
    plain = simulate(*doses, "--no-band")
    assert "95 %" not in plain.stdout
    titles = (tmp_path / "course.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert not set(ends) & set(titles)


def test_each_patient_of_an_event_table_has_its_own_interval(simulate: Command, tmp_path: Path) -> None:
    rows = ("ID,TIME,AMT,EVID,CRCL", "1,0,4,1,90", "2,0,4,1,30")
    (tmp_path / "doses.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    both = json.loads(simulate("--regimen-file", "doses.csv", "--json").stdout)["patients"]
    (healthy,), (failing,) = (one["intervals"] for one in both)
    assert healthy["AUC (ng h/mL) high"] < failing["AUC (ng h/mL) low"]
