"""Fit plans: what they may not say, and the wall between calibration and validation."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jakinib import paths
from jakinib.build.estimates import estimates
from jakinib.errors import InputError, PlanError, SimulationError, UnknownIdError
from jakinib.fit import DataSet, get_data, prepare, read_plan, results
from jakinib.fit import problem as problem_module
from jakinib.fit.optimise import starting_points
from jakinib.fit.problem import Problem
from jakinib.library import get_library
from jakinib.library.schema import Quantity
from jakinib.simulate import Model

PLANS = sorted(path.stem for path in (paths.fits() / "plans").glob("*.yaml"))

Content = dict[str, Any]


def parameter(identifier: str, **changes: Any) -> Content:
    return {"id": identifier, "unit": "mM", "low": 2, "high": 5, "start": 3.9, **changes}


def content() -> Content:
    return {
        "id": "mine",
        "question": "Does it hold?",
        "calibration": ["C007", "C010"],
        "validation": ["B063"],
        "errors": {"cell_ic50": 1.25},
        "seed": 1,
        "starts": 1,
        "parameters": [parameter("ATP"), parameter("kphos_IFNg_STAT1", unit="1/(nM*min)", low=0.1, high=99)],
    }


def write(folder: Path, plan: Content) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    return path


def test_the_plan_that_the_refusals_start_from_is_accepted(tmp_path: Path) -> None:
    assert read_plan(write(tmp_path, content()), get_data()).calibration == ["C007", "C010"]


def change(**fields: Any) -> Callable[[Content], None]:
    return lambda plan: plan.update(fields)


def change_parameter(**fields: Any) -> Callable[[Content], None]:
    return lambda plan: plan["parameters"][1].update(fields)


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (change(validation=["B063", "C007"]), ["C007", "calibration and validation"]),
        (
            change(calibration=["C007", "C026"], validation=[]),
            ["C026", "validation row", "may not calibrate"],
        ),
        (change(validation=["C012"]), ["C012", "calibration row", "cannot validate"]),
        (change(calibration=["C007", "C9999"]), ["C9999"]),
        (change(validation=["C9999"]), ["C9999"]),
        (change(context=["C9999"]), ["C9999"]),
        (change(calibration=["C007", "C007"]), ["calibration", "C007 twice"]),
        (change(errors={"clearance": 1.1}), ["C007", "error factor", "cell_ic50", "errors"]),
        (change(errors={"cell_ic50": 1.0}), ["errors.cell_ic50", "above 1"]),
        (change(errors={"cell_ic50": float("nan")}), ["errors.cell_ic50", "finite"]),
        (change(calibration=["C007", "E002"]), ["mine.yaml:", "E002", "'enzyme_ic50'", "errors"]),
        (change(calibration=["C007", "A27"]), ["A27", "no error factor", "fraction"]),
        (change(starts="many"), ["starts", "'many'"]),
        (change(starts=0), ["starts"]),
        (change(sed=1), ["sed", "not a known field"]),
        (lambda plan: plan.pop("seed"), ["seed", "is missing"]),
        (lambda plan: plan["parameters"].append(parameter("ATP")), ["ATP", "twice"]),
        (change_parameter(start=100), ["parameters.1", "start 100", "0.1..99"]),
        (change_parameter(low=99, high=0.1), ["parameters.1", "0 < low < high"]),
        (change_parameter(low=0), ["parameters.1", "0 < low < high"]),
        (change_parameter(high=float("inf")), ["parameters.1.high", "finite"]),
        (change_parameter(prior={"median": 1, "factor": 1}), ["parameters.1.prior", "factor above 1"]),
        (change_parameter(prior={"median": 0, "factor": 2}), ["parameters.1.prior", "positive median"]),
    ],
)
def test_a_plan_that_contradicts_itself_or_its_data_is_refused_with_file_and_field(
    tmp_path: Path, spoil: Callable[[Content], object], parts: list[str]
) -> None:
    plan = content()
    spoil(plan)
    with pytest.raises(InputError) as caught:
        read_plan(write(tmp_path, plan), get_data())
    message = str(caught.value)
    assert "mine.yaml:" in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("section", "identifier"), [("calibration", "C026"), ("validation", "C012"), ("calibration", "A01")]
)
def test_a_row_that_may_not_be_used_is_refused_with_its_line_in_the_plan_and_its_place_in_the_data(
    tmp_path: Path, section: str, identifier: str
) -> None:
    path = write(tmp_path, content() | {section: [identifier]})
    line = 1 + path.read_text(encoding="utf-8").splitlines().index(f"- {identifier}")
    with pytest.raises(PlanError) as caught:
        read_plan(path, get_data())
    assert f"mine.yaml:{line}: {section}: " in str(caught.value)
    assert get_data().place(identifier) in str(caught.value)


def test_a_row_with_a_quantity_no_target_type_reads_is_refused_with_what_is_known(tmp_path: Path) -> None:
    data = get_data()
    [odd, *_] = [row for row in data.measurements.values() if row.quantity == "coefficient"]
    with pytest.raises(PlanError) as caught:
        read_plan(write(tmp_path, content() | {"calibration": [odd.id]}), data)
    for part in ("mine.yaml:", data.place(odd.id), "column quantity", "'coefficient'", "known:", "cell_ic50"):
        assert part in str(caught.value)


def test_a_bad_plan_is_refused_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "run", lambda *_: pytest.fail("simulated"))
    for spoiled in ({"calibration": ["C026"]}, {"validation": ["C007"]}, {"calibration": ["A01"]}):
        with pytest.raises(InputError):
            prepare(write(tmp_path, content() | spoiled))


# What one plan leaves to the next ---------------------------------------------------------------------


def inherit(tmp_path: Path, *names: str, **changes: Any) -> Path:
    plan = content() | {"after": ["enzyme", "dynamics"]} | changes
    plan["parameters"].append(
        parameter("kdeph_pSTAT1_nuc", unit="1/min", low=0.005, high=2, start=0.08, prior_from=list(names))
    )
    return write(tmp_path, plan)


def test_the_prior_from_an_earlier_plan_is_its_estimate_and_interval(tmp_path: Path) -> None:
    plan = read_plan(inherit(tmp_path, "dynamics"), get_data())
    [(_, prior)] = Problem(plan, get_data()).priors
    left = estimates("dynamics")["kdeph_pSTAT1_nuc"]
    assert left.high is not None
    assert prior.median == pytest.approx(left.value)
    assert prior.factor**1.645 == pytest.approx(left.high / left.value, rel=0.01)


def test_priors_from_two_plans_multiply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def left(value: float, factor: float) -> Quantity:
        half = factor**1.6448536269514722
        return Quantity(value=value, unit="mM", kind="fitted", source="it",
                        location="it", low=value / half, high=value * half)  # fmt: skip

    found = {"one": {"ATP": left(2.0, 1.5)}, "two": {"ATP": left(8.0, 1.5)}}
    monkeypatch.setattr(problem_module, "estimates", lambda name: found[name])
    free = read_plan(write(tmp_path, content()), get_data()).parameters[0]
    plan = read_plan(write(tmp_path, content()), get_data())
    both = problem_module.stated_prior(plan, free.model_copy(update={"prior_from": ["one", "two"]}))
    assert both is not None
    assert both.median == pytest.approx(4)
    assert both.factor == pytest.approx(1.5 ** (1 / 2**0.5))


@pytest.mark.parametrize(
    ("names", "changes", "parts"),
    [
        (["dynamics"], {"after": ["enzyme"]}, ["dynamics", "after"]),
        (["dynamics"], {"calibration": ["C010", "T013"], "errors": {"cell_ic50": 2, "residence_time": 2}},
         ["T013 would count twice"]),
        (["enzyme", "nothing"], {"after": ["nothing", "enzyme"]}, ["unknown plan 'nothing'"]),
    ],
)  # fmt: skip
def test_a_distribution_that_would_count_data_twice_is_refused(
    tmp_path: Path, names: list[str], changes: Content, parts: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        read_plan(inherit(tmp_path, *names, **changes), get_data())
    for part in parts:
        assert part in str(caught.value)


def test_no_row_calibrates_two_plans_but_where_one_is_the_other_in_another_structure() -> None:
    plans = [read_plan(name, get_data()) for name in PLANS]
    rows = [row for plan in plans if not plan.like for row in plan.calibration]
    assert len(rows) == len(set(rows))
    for other in (plan for plan in plans if plan.like):
        assert other.calibration == read_plan(other.like, get_data()).calibration


@pytest.mark.parametrize("name", PLANS)
def test_the_estimates_show_the_prior_of_every_parameter_that_has_one(name: str) -> None:
    plan = read_plan(name, get_data())
    problem = Problem(plan, get_data())
    fit = results.read(plan)
    stored = {row.id: row for row in fit.estimates}
    for index, prior in problem.priors:
        factor = math.exp(prior.sigma(fit.provenance.get("spreads", {})))
        assert stored[problem.names[index]].prior_median == pytest.approx(prior.median, rel=1e-3)
        assert stored[problem.names[index]].prior_factor == pytest.approx(factor, rel=1e-3)


def test_a_misspelt_row_is_refused_with_its_closest_match(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"unknown measurement 'c007'; did you mean C007"):
        read_plan(write(tmp_path, content() | {"calibration": ["c007"]}), get_data())


def test_a_misspelt_plan_is_refused_with_its_closest_match() -> None:
    with pytest.raises(UnknownIdError, match="unknown plan 'pathway'; did you mean pathways"):
        read_plan("pathway", get_data())


def test_a_parameter_that_no_calibration_row_depends_on_is_refused(tmp_path: Path) -> None:
    plan = content()
    plan["parameters"].append(parameter("w_IL27", unit="dimensionless", low=0.1, high=0.9, start=0.5))
    with pytest.raises(PlanError, match="no calibration row depends on 'w_IL27'"):
        Problem(read_plan(write(tmp_path, plan), get_data()), get_data())


def test_a_parameter_may_be_given_in_any_unit_of_its_dimension() -> None:
    plan = read_plan("clinical_pk", get_data())
    minutes = [
        p.model_copy(update={"unit": "min", "low": 60 * p.low, "high": 60 * p.high, "start": 60 * p.start})
        if p.unit == "hour"
        else p
        for p in plan.parameters
    ]
    in_hours = Problem(plan, get_data())
    in_minutes = Problem(plan.model_copy(update={"parameters": minutes}), get_data())
    assert in_minutes.values(in_minutes.start) == pytest.approx(in_hours.values(in_hours.start))


@pytest.mark.parametrize("unit", ["nM", "furlongs"])
def test_a_parameter_in_a_unit_of_another_dimension_is_refused(unit: str) -> None:
    plan = read_plan("clinical_pk", get_data())
    changed = [p.model_copy(update={"unit": unit}) if p.id.startswith("D1_") else p for p in plan.parameters]
    with pytest.raises(InputError, match=unit):
        Problem(plan.model_copy(update={"parameters": changed}), get_data())


# The wall between calibration and validation ----------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_no_plan_calibrates_on_a_validation_row(name: str) -> None:
    data = get_data()
    assert [row for row in read_plan(name, data).calibration if data[row].set == "validation"] == []


def test_no_row_calibrates_one_plan_and_validates_another() -> None:
    plans = [read_plan(name, get_data()) for name in PLANS]
    calibrating = {row for plan in plans for row in plan.calibration}
    validating = {row for plan in plans for row in plan.validation}
    assert len(plans) >= 2
    assert calibrating & validating == set()


@pytest.mark.parametrize("name", PLANS)
def test_the_data_residuals_of_a_plan_are_its_calibration_rows(name: str) -> None:
    plan = read_plan(name, get_data())
    assert [target.row.id for target in Problem(plan, get_data()).targets] == plan.calibration


@pytest.mark.parametrize("name", PLANS)
def test_within_its_bounds_a_plan_has_finite_residuals_or_a_simulation_that_failed(name: str) -> None:
    problem = Problem(read_plan(name, get_data()), get_data())
    for theta in starting_points(problem, 30, seed=1):
        try:
            residuals = problem.residuals(theta)
        except SimulationError:
            continue
        assert np.isfinite(residuals).all()


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_was_evaluated_can_be_sent_to_a_worker_and_says_the_same_there(name: str) -> None:
    problem = Problem(read_plan(name, get_data()), get_data())
    here = problem.residuals(problem.start)
    assert np.isfinite(problem.jacobian(problem.start)).all()
    there = pickle.loads(pickle.dumps(problem))
    there.context.set({})  # forgets what was simulated here
    assert np.array_equal(there.residuals(problem.start + 1e-3), problem.residuals(problem.start + 1e-3))
    assert np.array_equal(there.residuals(problem.start), here)


# Data -------------------------------------------------------------------------------------------------

FOLDER = "id\tquantity\tvalue\tunit\tset\tstatus\n"


def folder(root: Path, name: str, rows: str) -> None:
    (root / name).mkdir()
    (root / name / "source.yaml").write_text("citation: Somebody 2026\n", encoding="utf-8")
    (root / name / "measurements.tsv").write_text(FOLDER + rows, encoding="utf-8")


def test_every_published_number_has_a_unit_a_status_a_location_and_a_source() -> None:
    data = get_data()
    assert len(data.measurements) > 100
    for row in data.measurements.values():
        assert np.isfinite(row.to(row.unit)), row.id
        assert row.status, row.id
        assert row.location, row.id
        assert data.sources[row.source].citation, row.id
        assert data.sources[row.source].how_read, row.id


def test_ids_of_published_numbers_and_facts_are_unique() -> None:
    tables = sorted((paths.fits() / "data").glob("*/*.tsv"))
    lines = [line for table in tables for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    ids = [line.split("\t")[0] for line in lines if line]
    assert len(set(ids)) == len(ids)
    assert set(get_data().measurements) <= set(ids)


def test_an_id_used_in_two_folders_is_refused(tmp_path: Path) -> None:
    for name in ("One2026", "Two2026"):
        folder(tmp_path, name, "Z001\tcell_ic50\t5\tnM\tcontext\tverified\n")
    with pytest.raises(PlanError, match=r"measurements\.tsv:2: id 'Z001' is already used in One2026"):
        DataSet(tmp_path)


@pytest.mark.parametrize(
    ("source", "part"),
    [(None, "measurements.tsv:1: its rows have no source"), ("citation: ''\n", "source.yaml:1: citation"),
     ("doi: 10.1/1\n", "citation is missing")],
)  # fmt: skip
def test_rows_without_a_source_are_refused(tmp_path: Path, source: str | None, part: str) -> None:
    folder(tmp_path, "One2026", "Z001\tcell_ic50\t5\tnM\tcontext\tverified\n")
    file = tmp_path / "One2026" / "source.yaml"
    file.unlink() if source is None else file.write_text(source, encoding="utf-8")
    with pytest.raises(InputError, match=part):
        DataSet(tmp_path)


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("Z001\tcell_ic50\t5\t\tcontext\tverified", ["column unit", "is missing"]),
        ("Z001\tcell_ic50\t5\tnMM\tcontext\tverified", ["column", "nMM"]),
        ("Z001\tcell_ic50\t5\tnM\tcontext\t", ["column status", "is missing"]),
        ("Z001\tcell_ic50\t5\tnM\ttraining\tverified", ["column set", "'training'"]),
        ("Z001\tcell_ic50\tnan\tnM\tcontext\tverified", ["column value", "is missing"]),
        ("\tcell_ic50\t5\tnM\tcontext\tverified", ["column id", "is missing"]),
    ],
)
def test_a_published_number_that_is_not_complete_is_refused_with_row_and_column(
    tmp_path: Path, row: str, parts: list[str]
) -> None:
    folder(tmp_path, "One2026", row + "\n")
    with pytest.raises(InputError) as caught:
        DataSet(tmp_path)
    assert "measurements.tsv:2:" in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("field", ["fu", "blood_plasma_ratio"])
def test_a_fit_to_blood_depends_on_the_free_share_in_it(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both enter the model's number for a row, so a fit is stale once one of them changes."""
    data = get_data()
    plan = read_plan("pathways", data)
    before = results.fingerprint(plan, data)["data"]
    drug = get_library().inhibitor("tofacitinib")
    other = getattr(drug, field).model_copy(update={"value": 0.7})
    monkeypatch.setitem(get_library().inhibitors, "tofacitinib", drug.model_copy(update={field: other}))
    assert results.fingerprint(plan, data)["data"] != before
