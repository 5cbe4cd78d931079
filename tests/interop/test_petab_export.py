"""A plan written as PEtab has the objective of the plan: in our reader, in COPASI, in pyPESTO with AMICI."""

from __future__ import annotations

import csv
import functools
import importlib.util
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from petab.v1 import CompositeProblem
from petab.v1 import Problem as PetabTables
from petab.v1.lint import lint_problem
from petab_copasi import CopasiProblem

import jakinib as jk
from jakinib.build.estimates import estimates_path
from jakinib.cli import main
from jakinib.export.petab import export_plan
from jakinib.export.petab_part import petab_id
from jakinib.fit import results
from jakinib.fit.petab import PetabProblem, read_petab
from jakinib.fit.plan import read_plan
from jakinib.fit.problem import Problem
from jakinib.library.measurements import get_data

# Two pathways of the plan, small enough to be exported here: one with IC50s on two cells, one across a fold.
SMALL = """
id: small
after: [enzyme]
question: A piece of the plans pathways and dynamics.
calibration: [C011, C016, C018, B062, T002, T008]
errors: {cell_ic50: 1.25, fold_over_basal: 1.15, ec50: 1.5}
reserve_prior: {median: 1.5, factor: 4}
seed: 1
starts: 1
parameters:
  - {id: ATP, unit: mM, low: 2, high: 5, start: 3.9, prior: {median: 3.9, factor: 1.5}}
  - {id: kphos_IL15_STAT5, unit: 1/(nM*min), low: 5e-5, high: 150, start: 0.02, also: [kphos_IL2_STAT5]}
  - {id: kphos_IL6_STAT3, unit: 1/(nM*min), low: 0.00058, high: 1.7e+03, start: 1.73}
"""
# What libpetab and pandas say of each other.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:.*float_precision", "ignore::FutureWarning"
)
PLANS = ("clinical_pk", "enzyme", "small")


@functools.cache
def plan(name: str) -> str:
    """Name of a plan of the package, or the file of the small one."""
    if name != "small":
        return name
    file = Path(tempfile.mkdtemp()) / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return str(file)


@functools.cache
def exported(name: str) -> Path:
    folder = Path(tempfile.mkdtemp())
    export_plan(plan(name), folder)
    return folder


@functools.cache
def problem(name: str) -> Problem:
    """As the export takes it: with the spreads that a stored fit has found."""
    found = Problem(read_plan(plan(name), get_data()), get_data())
    if estimates_path(found.plan.id).exists():
        found.spreads |= results.read(found.plan).provenance.get("spreads", {})
    return found


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text, delimiter="\t"))


def parts(name: str) -> list[Path]:
    return sorted(file.parent for file in exported(name).glob("*/model.xml"))


@functools.cache
def readers(name: str) -> dict[Path, PetabProblem]:
    return {folder: read_petab(folder / f"{folder.name}.yaml") for folder in parts(name)}


def constants(folder: Path) -> float:
    """What a log-likelihood of logarithms holds besides the squared residuals."""
    rows = table(folder / "measurements.tsv")
    pairs = [(float(row["noiseParameters"]), float(row["measurement"])) for row in rows]
    return -sum(0.5 * math.log(2 * math.pi * width**2) + math.log(value) for width, value in pairs)


def left_out(name: str) -> set[str]:
    return {row["row"] for row in table(exported(name) / "not_expressed.tsv")}


def of_the_plan(name: str, theta: np.ndarray) -> float:
    """Minus half the squared residuals of the rows that are expressed, reserve priors included."""
    ours = problem(name)
    residuals = ours.residuals(theta)
    squares = [r**2 for r, t in zip(residuals, ours.targets, strict=False) if t.row.id not in left_out(name)]
    after = len(ours.targets)
    return -0.5 * (sum(squares) + float((residuals[after : after + len(ours.reserves)] ** 2).sum()))


def some_theta(name: str, seed: int) -> np.ndarray:
    ours = problem(name)
    return ours.start + 0.1 * np.random.default_rng(seed).standard_normal(len(ours.start)) * (seed > 0)


def by_petab_id(name: str, theta: np.ndarray) -> dict[str, float]:
    values = problem(name).values(theta)
    return {petab_id(parameter.id): values[parameter.id] for parameter in problem(name).plan.parameters}


@pytest.mark.parametrize("name", PLANS)
def test_libpetab_finds_no_error(name: str) -> None:
    for folder in parts(name):
        assert lint_problem(PetabTables.from_yaml(str(folder / f"{folder.name}.yaml"))) is False
    whole = CompositeProblem.from_yaml(str(exported(name) / f"{problem(name).plan.id}.yaml"))
    assert len(whole.problems) == len(parts(name))


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_our_reader_finds_the_objective_of_the_plan(name: str, seed: int) -> None:
    theta = some_theta(name, seed)
    values = by_petab_id(name, theta)
    found = 0.0
    for folder, reader in readers(name).items():
        known = {parameter: value for parameter, value in values.items() if parameter in reader.nominal}
        found += reader.log_likelihood(known) - constants(folder)
    assert found == pytest.approx(of_the_plan(name, theta), rel=1e-6)


@pytest.mark.parametrize("name", PLANS)
def test_libpetab_with_copasi_finds_the_objective_of_the_plan(name: str) -> None:
    theta = some_theta(name, 1)
    values = by_petab_id(name, theta)
    found = 0.0
    for folder in parts(name):
        found += CopasiProblem(folder / f"{folder.name}.yaml").log_likelihood(values) - constants(folder)
    assert found == pytest.approx(of_the_plan(name, theta), rel=1e-4)


PYPESTO = """
import json, sys, warnings
warnings.simplefilter("ignore")
import petab.v1 as petab, pypesto.petab
tables = petab.Problem.from_yaml(sys.argv[1])
importer = pypesto.petab.PetabImporter(tables, output_folder=sys.argv[2], model_name="exported")
creator = importer.create_objective_creator()
model = creator.create_model(verbose=False, generate_sensitivity_code=False)
objective = creator.create_objective(model=model)
objective.amici_solver.set_relative_tolerance(1e-10)
json.dump(-float(objective(tables.x_nominal_scaled)), open(sys.argv[3], "w"))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not (importlib.util.find_spec("pypesto") and importlib.util.find_spec("amici")),
    reason="pyPESTO and AMICI are not installed (extra petab)",
)
@pytest.mark.parametrize("name", PLANS)
def test_pypesto_with_amici_finds_the_log_likelihood_of_our_reader(name: str, tmp_path: Path) -> None:
    for folder, reader in readers(name).items():
        answer = tmp_path / f"{folder.name}.json"
        arguments = [str(folder / f"{folder.name}.yaml"), str(tmp_path / folder.name), str(answer)]
        subprocess.run([sys.executable, "-c", PYPESTO, *arguments], check=True, capture_output=True)
        assert json.loads(answer.read_text()) == pytest.approx(reader.log_likelihood(), rel=1e-4)


@pytest.mark.parametrize("name", PLANS)
def test_every_calibration_row_is_measured_or_listed(name: str) -> None:
    measured = {row["datasetId"] for folder in parts(name) for row in table(folder / "measurements.tsv")}
    assert (measured - {"reserve_prior"}) | left_out(name) == set(problem(name).plan.calibration)
    assert not measured & left_out(name)


def test_bounds_are_listed_with_the_reason() -> None:
    data = get_data()
    for row in table(exported("enzyme") / "not_expressed.tsv"):
        assert data[row["row"]].qualifier in "<>"
        assert "bound" in row["reason"]


@pytest.mark.parametrize("name", PLANS)
def test_priors_of_the_folders_are_those_of_the_plan_each_once(name: str) -> None:
    ours = problem(name)
    expected = {
        petab_id(ours.names[i]): (math.log(prior.median * ours.to_model[i]), prior.sigma(ours.spreads))
        for i, prior in ours.priors
    }
    found = [row for folder in parts(name) for row in table(folder / "parameters.tsv")]
    stated = [row for row in found if row.get("objectivePriorType")]
    assert sorted(row["parameterId"] for row in stated) == sorted(expected)
    for row in stated:
        assert row["objectivePriorType"] == "parameterScaleNormal"
        assert row["parameterScale"] == "log"
        middle, width = map(float, row["objectivePriorParameters"].split(";"))
        assert (middle, width) == pytest.approx(expected[row["parameterId"]])


@pytest.mark.parametrize("name", PLANS)
def test_bounds_and_scale_are_those_of_the_fit(name: str) -> None:
    ours = problem(name)
    rows = {row["parameterId"]: row for row in table(exported(name) / "parameters.tsv")}
    assert list(rows) == [petab_id(parameter) for parameter in ours.names]
    for parameter, low, high, ratio in zip(ours.names, ours.low, ours.high, ours.to_model, strict=True):
        row = rows[petab_id(parameter)]
        assert float(row["lowerBound"]) == pytest.approx(math.exp(low) * ratio)
        assert float(row["upperBound"]) == pytest.approx(math.exp(high) * ratio)
        assert float(row["lowerBound"]) <= float(row["nominalValue"]) <= float(row["upperBound"])


def test_both_copies_are_the_same_cell_when_treated_alike() -> None:
    folder = next(folder for folder in parts("small") if folder.name.startswith("IL6_T_cell"))
    model = jk.load(folder / "model.xml")
    settings = {"onset": 0.5, "dose_IL6": 1.0, "dose_IL6_reference": 1.0}
    settings |= {"I_tofacitinib": 100.0, "I_tofacitinib_reference": 100.0}
    names = ["pSTAT3_percent", "pSTAT3_percent_reference", "SOCS3", "SOCS3_reference"]
    run = model.run(jk.Protocol([0.4, 0.75, 2.0], settings), names)
    assert run[0].max() < 1e-9  # before the cytokine
    assert run[1, 0] > 0.1
    np.testing.assert_allclose(run[:, 0::2], run[:, 1::2], rtol=1e-9, atol=1e-12)


def test_the_second_copy_stays_without_inhibitor() -> None:
    folder = next(folder for folder in parts("small") if folder.name.startswith("IL6_T_cell"))
    for row in table(folder / "conditions.tsv"):
        assert float(row["I_tofacitinib"]) > 0
        assert float(row["I_tofacitinib_reference"]) == 0


def test_validation_rows_are_not_exported() -> None:
    rows = get_data().measurements.values()
    held_out = {row.id for row in rows if row.set == "validation"}
    measured = {
        row["datasetId"]
        for name in PLANS
        for folder in parts(name)
        for row in table(folder / "measurements.tsv")
    }
    assert not held_out & measured


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    files = export_plan("enzyme", tmp_path)
    for file in files:
        assert file.read_bytes() == (exported("enzyme") / file.relative_to(tmp_path)).read_bytes()


def test_the_export_verb_writes_a_plan(tmp_path: Path) -> None:
    written = jk.export("clinical_pk", tmp_path, formats=["petab"])
    assert tmp_path / "clinical_pk.yaml" in written
    assert all(file.exists() for file in written)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuchplan", "--formats", "petab"], "unknown plan 'nosuchplan'"),
        (["clinical_pk"], "'clinical_pk' is a plan; plans have one format: petab"),
        (["clinical_pk", "--formats", "petab,antimony"], "leave other formats"),
        (
            ["clinical_pk", "--formats", "petab", "--regimen", "4 mg"],
            "leave other formats and the regimen out",
        ),
    ],
)
def test_bad_requests_are_refused_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["jakinib", "export", *arguments, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
