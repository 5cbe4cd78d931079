"""Read-outs are entries: two STATs summed, and a scaled signal, brought from a user's folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from jakinib.assay import CellAssay, assay
from jakinib.assay.course import course as course_of
from jakinib.build import ModelSpec, check, compose, to_sbml
from jakinib.check import check as lint
from jakinib.check import new
from jakinib.errors import PlanError, UnknownIdError
from jakinib.experiments import experiment
from jakinib.export.petab import export_plan
from jakinib.export.petab_part import petab_id
from jakinib.fit.petab import read_petab
from jakinib.fit.plan import read_plan
from jakinib.fit.problem import Problem
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, get_data
from jakinib.library.readouts import readouts
from jakinib.population import population
from jakinib.simulate import Protocol, load

EXAMPLE = Path(__file__).parents[2] / "examples" / "stat5_isoforms"
CYTOKINE, TOTAL, SIGNAL = "IL-7 isoforms", "pSTAT5 total", "pSTAT5 signal"
POOLED = "STAT5AB"  # one species in the place of the two, with the same constants
SOURCE = """
citation: "made up for a test"
how_read: typed
licence: own
laboratory: mine
"""
SIGNAL_AXIS = "pSTAT5 signal (signal over that of 1 % STAT5A)"
TIMES = [0.1, 0.25, 0.5, 1.0, 3.0]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The example in a folder of a user, and beside it a cytokine on one pooled STAT5."""
    folder = tmp_path_factory.mktemp("user") / "mine"
    shutil.copytree(EXAMPLE, folder)
    entry = (folder / "cytokines" / "IL-7_isoforms.yaml").read_text("utf-8")
    entry = entry.replace("IL-7 isoforms", "IL-7 pooled").replace("IL7iso", "IL7pool")
    entry = entry.replace("[STAT5A, STAT5B]", f"[{POOLED}]").replace("STAT5A and STAT5B", "one STAT5")
    (folder / "cytokines" / "IL-7_pooled.yaml").write_text(entry, "utf-8")
    cell = (
        (folder / "cells" / "t_cell_STAT5.yaml").read_text("utf-8").replace("STAT5A and STAT5B", "one STAT5")
    )
    cell = "".join(line for line in cell.splitlines(keepends=True) if "STAT5B:" not in line)
    (folder / "cells" / "t_cell_one.yaml").write_text(
        cell.replace("STAT5A: {value: 25000", f"{POOLED}: {{value: 50000"), "utf-8"
    )
    with (folder / "proteins.yaml").open("a", encoding="utf-8") as file:
        file.write(f'  {POOLED}: {{uniprot: P42229, name: "both"}}\n')
    with (folder / "parameters.tsv").open("a", encoding="utf-8") as file:
        file.write(f"kdeph_p{POOLED}_nuc\t0.065\t1/min\tassumed\tas the isoforms\n")
        file.write("kphos_IL7pool_*\t0.00344\t1/(nM*min)\tassumed\tas the isoforms\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAKINIB_LIBRARY", str(folder))
        forget()
        yield folder
    forget()


def forget() -> None:
    """Read library and data anew, as another process would."""
    get_library.cache_clear()
    get_data.cache_clear()


def course(cytokine: str, symbols: list[str], settings: dict[str, float] | None = None) -> np.ndarray:
    entry = get_library().cytokine(cytokine)
    model = load("cytokine_signalling", cytokines=entry.id, inhibitors=(), cell=entry.reference_cell)
    return model.run(Protocol(TIMES, {f"L_{entry.symbol}": 3.0, **(settings or {})}), symbols)


def test_the_example_passes_the_checks_and_its_sbml_is_clean(folder: Path) -> None:
    assert lint(EXAMPLE).passed
    assert check(to_sbml(compose(ModelSpec("cytokine_signalling", (CYTOKINE,))))) == []


def test_two_halves_of_a_stat_read_together_are_the_whole() -> None:
    """Receptors act on STATs as catalysts and each cycle is linear in its own STAT: while no STAT feeds back
    on the receptor, shares do not depend on the pool, so that two halves with equal constants show one."""
    total = readouts(get_library(), get_library().cytokine(CYTOKINE))[TOTAL].symbol
    summed, pooled = course(CYTOKINE, [total]), course("IL-7 pooled", [f"p{POOLED}_percent"])
    assert summed.max() > 1
    assert summed == pytest.approx(pooled, rel=1e-6)


def test_a_sum_is_weighted_by_the_pools() -> None:
    """With a slower STAT5B the sum is the mean of the two shares, weighted by the totals of the STATs."""
    total = readouts(get_library(), get_library().cytokine(CYTOKINE))[TOTAL].symbol
    symbols = [total, "pSTAT5A_percent", "pSTAT5B_percent", "STAT5A_total", "STAT5B_total"]
    together, a, b, pool_a, pool_b = course(CYTOKINE, symbols, {"kphos_IL7iso_STAT5B": 0.02, "STAT5A": 7.0}).T
    assert np.abs(a - b).min() > 0.1
    assert (pool_b / pool_a).min() > 1.5
    assert together == pytest.approx((a * pool_a + b * pool_b) / (pool_a + pool_b), rel=1e-9)


def test_a_scaled_signal_follows_its_number() -> None:
    signal = readouts(get_library(), get_library().cytokine(CYTOKINE))[SIGNAL]
    symbols = [signal.symbol, "pSTAT5A_percent", "pSTAT5B_percent"]
    for gain in (0.4, 2.0):
        read, a, b = course(CYTOKINE, symbols, {"see_STAT5B": gain} if gain != 0.4 else None).T
        assert read == pytest.approx(a + gain * b, rel=1e-9)


def test_a_cytokine_offers_the_read_outs_whose_symbols_it_has() -> None:
    library = get_library()
    assert list(readouts(library, library.cytokine(CYTOKINE))) == ["pSTAT5A", "pSTAT5B", SIGNAL, TOTAL]
    assert list(readouts(library, library.cytokine("IL-6"))) == ["pSTAT3", "pSTAT1"]
    with pytest.raises(UnknownIdError, match="readout of IL-6"):
        CellAssay("baricitinib", "IL-6", TOTAL)


def test_assays_patients_and_populations_read_it(tmp_path: Path) -> None:
    drug = "tofacitinib"
    ic50 = {name: assay(drug, CYTOKINE, name).ic50 for name in (TOTAL, "pSTAT5A")}
    assert ic50[TOTAL] == pytest.approx(ic50["pSTAT5A"], rel=1e-4)  # equal constants
    seen = course_of("tofacitinib 5 mg bid x 2", population="psa_adult", cytokine=CYTOKINE, readout=TOTAL)
    one = course_of("tofacitinib 5 mg bid x 2", population="psa_adult", cytokine=CYTOKINE, readout="pSTAT5A")
    assert seen.inhibition.max() > 0.05
    assert seen.inhibition == pytest.approx(one.inhibition, rel=1e-3)


@pytest.fixture(scope="module")
def rows(folder: Path) -> DataSet:
    """Published numbers that name the sum: a share, an IC50, a residence time."""
    place = folder / "data" / "Mine2026"
    place.mkdir(parents=True)
    cell = get_library().cytokine(CYTOKINE).reference_cell
    head = "id quantity inhibitor cytokine cytokine_dose readout cell matrix value unit time set status"
    lines = [
        ["ZZ01", "percent", "", CYTOKINE, "50 ng/mL", TOTAL, cell, "", "20", "percent", "15 min"],
        ["ZZ02", "ec50", "", CYTOKINE, "", SIGNAL, cell, "", "10", "ng/mL", "15 min"],
        ["ZZ03", "residence_time", "", CYTOKINE, "", TOTAL, cell, "", "15", "min", ""],
        ["ZZ04", "residence_time", "", CYTOKINE, "", "pSTAT5B", cell, "", "15", "min", ""],
    ]
    table = [head.split(), *([*line, "calibration", "recalled"] for line in lines)]
    (place / "measurements.tsv").write_text("".join("\t".join(r) + "\n" for r in table), "utf-8")
    (place / "source.yaml").write_text(SOURCE, "utf-8")
    forget()  # what was read before these rows stood there
    return DataSet(folder / "data")


PLAN = """
id: isoforms
question: does the sum inform the rate
calibration: [ZZ01, ZZ02, ZZ04]
errors: {percent: 1.2, ec50: 1.5, residence_time: 1.2}
seed: 1
starts: 1
parameters:
  - {id: see_STAT5B, unit: dimensionless, low: 0.01, high: 10, start: 0.4}
  - {id: kphos_IL7iso_STAT5A, unit: 1/(nM*min), low: 1e-4, high: 1, start: 0.003}
  - {id: kdeph_pSTAT5B_nuc, unit: 1/min, low: 0.01, high: 1, start: 0.065}
"""


@pytest.fixture(scope="module")
def problem(rows: DataSet, folder: Path) -> Problem:
    """A plan that fits the constants behind the read-outs."""
    path = folder / "plans" / "isoforms.yaml"
    path.parent.mkdir()
    path.write_text(PLAN, "utf-8")
    return Problem(read_plan(path, rows), rows)


def test_rows_that_name_it_are_evaluated_fitted_and_drawn(problem: Problem) -> None:
    context = problem.use(problem.start)
    for one in problem.targets[:2]:
        assert 0 < one.value(context) < 100
        assert one.curve(context).y_label in ("pSTAT5 total (% of STAT5A and STAT5B)", SIGNAL_AXIS)
    assert problem.targets[2].value(context) == pytest.approx(1 / 0.065, rel=1e-6)
    jacobian = problem.jacobian(problem.start)
    assert (np.abs(jacobian) > 1e-6).any(axis=0).all()  # every constant is seen by a row


def test_a_residence_time_of_two_stats_is_refused(problem: Problem, rows: DataSet) -> None:
    with pytest.raises(PlanError, match="reads 2 STATs"):
        experiment(rows["ZZ03"], rows, problem.plan)


def test_petab_has_the_objective_of_the_plan(problem: Problem, folder: Path, tmp_path: Path) -> None:
    first = export_plan(folder / "plans" / "isoforms.yaml", tmp_path / "out")[0]
    observables = "".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("observables.tsv"))
    assert "readout_pSTAT5_total" in observables
    assert "readout_pSTAT5_signal" in observables
    theta = problem.start + np.array([0.3, -0.2, 0.1])
    values = dict(zip(map(petab_id, problem.names), np.exp(theta) * problem.to_model, strict=True))

    def squares(theta: np.ndarray, free: dict[str, float]) -> tuple[float, float]:
        ours = -0.5 * float((problem.residuals(theta)[: len(problem.targets)] ** 2).sum())
        theirs = 0.0
        for model in sorted(first.parent.glob("*/model.xml")):
            reader = read_petab(model.parent / f"{model.parent.name}.yaml")
            theirs += reader.log_likelihood({k: v for k, v in free.items() if k in reader.nominal})
        return ours, theirs

    begun = dict(zip(values, np.exp(problem.start) * problem.to_model, strict=True))
    (ours, theirs), (ours_0, theirs_0) = squares(theta, values), squares(problem.start, begun)
    assert abs(ours - ours_0) > 0.01
    assert theirs - theirs_0 == pytest.approx(ours - ours_0, rel=1e-4)


def test_a_population_reads_it() -> None:
    frames = [
        population("psa_adult", 2, "5 mg bid x 2", inhibitor="tofacitinib", cytokine=CYTOKINE, readout=name)
        for name in (TOTAL, "pSTAT5A")
    ]
    summed, one = (frame["mean_inhibition_percent"].to_numpy() for frame in frames)
    assert (summed > 1).all()
    assert summed == pytest.approx(one, rel=1e-3)


@pytest.mark.parametrize(
    "other", ["formula: pSTAT5A_percent; x = 1", "formula: a +", "formula: 2 * no_symbol"]
)
def test_a_formula_that_no_model_can_hold_is_refused_with_its_line(tmp_path: Path, other: str) -> None:
    entry = tmp_path / "readouts" / "bad.yaml"
    entry.parent.mkdir()
    entry.write_text(f"id: bad\nunit: percent\n{other}\n", "utf-8")
    report = lint(tmp_path)
    assert not report.passed
    assert any(finding.line == 3 for finding in report.findings)


def test_a_template_for_a_read_out_says_what_to_fill_in(tmp_path: Path) -> None:
    (written,) = new("readout", "my signal", tmp_path)
    assert {f.check for f in lint(tmp_path).findings if f.level == "error"} == {"to-fill"}
    text = (
        written.read_text("utf-8")
        .replace("formula: FILL", "formula: 2 * pSTAT3_percent")
        .replace("FILL", "x")
    )
    written.write_text(text, "utf-8")
    assert lint(tmp_path).passed
