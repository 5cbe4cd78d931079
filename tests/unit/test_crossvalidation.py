"""Cross-validations are kept fold by fold, go on after a kill and do not depend on processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from test_spreads import ROWS, kd_problem

import jakinib as jk
from jakinib.errors import InputError, UnknownIdError
from jakinib.evaluate import Criterion, held
from jakinib.fit import crossvalidation, get_data, results
from jakinib.fit.crossvalidation import crossvalidate, gmfe, share_inside, stored, worst
from jakinib.fit.folds import Predicted
from jakinib.fit.plan import Plan, read_plan

TABLE, RECORD, PARTIAL = (f"crossvalidation_row.{end}" for end in ("tsv", "json", "partial.json"))


@dataclass(frozen=True)
class Fitted:
    """A plan of eight dissociation constants, fitted: where it stands and where its results lie."""

    path: Path
    results: Path

    @property
    def plan(self) -> Plan:
        return read_plan(self.path, get_data())


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fitted]:
    folder = tmp_path_factory.mktemp("crossvalidation")
    kd_problem(folder)
    (folder / "results").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAKINIB_RESULTS", str(folder / "results"))
        jk.fit(folder / "mine.yaml")
        yield Fitted(folder / "mine.yaml", folder / "results" / "mine")


def written(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def by_row(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an uninterrupted run in this process."""
    folder = tmp_path_factory.mktemp("whole")
    crossvalidate(fitted.path, "row", folder=folder)
    return written(folder)


def test_an_interrupted_run_goes_on_with_the_folds_it_had_not_finished(
    fitted: Fitted, by_row: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def interrupt(one: Predicted) -> None:
        seen.append(one.fold.name)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crossvalidate(fitted.path, "row", folder=tmp_path, done=interrupt)
    assert set(written(tmp_path)) == {PARTIAL}

    refitted: list[str] = []
    predict = crossvalidation.predict

    def watched(plan: Any, data: Any, fold: Any, *rest: Any) -> Predicted:
        refitted.append(fold.name)
        return predict(plan, data, fold, *rest)

    monkeypatch.setattr(crossvalidation, "predict", watched)
    told: list[str] = []
    crossvalidate(fitted.path, "row", folder=tmp_path, done=lambda one: told.append(one.fold.name))
    assert refitted == [row for row in ROWS if row not in seen]
    assert sorted(told) == sorted(ROWS)
    assert written(tmp_path) == by_row


def test_the_result_does_not_depend_on_the_number_of_processes(
    fitted: Fitted, by_row: dict[str, bytes], tmp_path: Path
) -> None:
    crossvalidate(fitted.path, "row", workers=2, folder=tmp_path)
    assert written(tmp_path) == by_row


def test_the_table_has_a_line_for_every_row_and_the_record_what_it_was_made_with(
    by_row: dict[str, bytes],
) -> None:
    head, *lines = by_row[TABLE].decode().splitlines()
    assert {"row", "published", "predicted", "inside_new"} <= set(head.split("\t"))
    assert [line.split("\t")[1] for line in lines] == list(ROWS)
    record = json.loads(by_row[RECORD])
    assert record["inputs"]["data"]
    assert {"jakinib", "libroadrunner"} <= set(record["versions"])


def test_a_whole_drug_is_left_out_and_its_prior_alone_predicts_it(fitted: Fitted, tmp_path: Path) -> None:
    found = crossvalidate(fitted.path, "drug", folder=tmp_path)
    drugs = {get_data()[row].inhibitor for row in ROWS}
    assert {fold.fold.name for fold in found.folds} == drugs
    assert all({one.inhibitor for one in fold.held} == {fold.fold.name} for fold in found.folds)
    assert all(one.predicted == pytest.approx(1, rel=1e-2) for one in found.held)  # the median of its Ki
    assert sorted(one.row for one in found.held) == sorted(ROWS)


@pytest.mark.parametrize(("leave", "error", "says"), [
    ("laboratory", InputError, "has 1 laboratory to leave out; two at least"),
    ("labratory", UnknownIdError, "did you mean laboratory"),
])  # fmt: skip
def test_what_cannot_be_left_out_is_refused_before_anything_is_written(
    leave: Any, error: type[InputError], says: str, fitted: Fitted, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        crossvalidate(fitted.path, leave, folder=tmp_path)
    assert written(tmp_path) == {}


# Criteria on what a fit leaves behind -------------------------------------------------------------------


def criterion(**fields: Any) -> Criterion:
    stated = {"id": "a", "hard": True, "statement": "a", "rows": list(ROWS), "unit": "fold", "high": 2}
    return Criterion.model_validate(stated | fields)


@pytest.fixture
def kept(fitted: Fitted, by_row: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Fitted:
    """The plan with its stored cross-validation, known by name."""
    for name, content in by_row.items():
        (fitted.results / name).write_bytes(content)
    monkeypatch.setattr(held, "read_plan", lambda name, data: read_plan(fitted.path, data))
    return fitted


@pytest.mark.parametrize("some", [ROWS, ROWS[:3]])
def test_a_criterion_on_folds_is_their_statistic_over_its_rows(kept: Fitted, some: tuple[str, ...]) -> None:
    rows = stored(kept.plan, "row").some(some)
    expected = {
        "gmfe": gmfe(rows),
        "worst_fold": worst(rows),
        "inside_same": share_inside(rows, "same"),
        "inside_new": share_inside(rows, "new"),
    }
    for statistic, number in expected.items():
        asked = criterion(plan="mine", leave="row", statistic=statistic, rows=list(some))
        assert held.value(asked, get_data()) == number
    assert expected["worst_fold"] >= expected["gmfe"] >= 1


def test_a_criterion_on_a_row_that_was_not_left_out_says_so(kept: Fitted) -> None:
    asked = criterion(plan="mine", leave="row", statistic="gmfe", rows=["C007"])
    with pytest.raises(InputError, match="C007 was not left out in the cross-validation of mine by row"):
        held.value(asked, get_data())


def test_a_criterion_without_a_stored_cross_validation_says_what_to_run(kept: Fitted) -> None:
    asked = criterion(plan="mine", leave="pathway", statistic="gmfe")
    with pytest.raises(InputError, match="run: jakinib crossvalidate mine --leave pathway"):
        held.value(asked, get_data())


def test_a_criterion_on_a_parameter_is_one_where_the_data_identify_it(
    kept: Fitted,
) -> None:
    verdicts = {one.estimate.id: one.verdict for one in results.judged(results.read(kept.plan))}
    found = {name: held.value(criterion(plan="mine", parameter=name, low=1), get_data()) for name in verdicts}
    assert found == {name: float(verdict == "identifiable") for name, verdict in verdicts.items()}
    assert set(found.values()) == {0.0, 1.0}
    with pytest.raises(InputError, match="plan mine has no Ki_nothing_JAK1"):
        held.value(criterion(plan="mine", parameter="Ki_nothing_JAK1", low=1), get_data())


@pytest.mark.parametrize(("fields", "says"), [
    ({"leave": "drug", "statistic": "gmfe"}, "plan goes with leave or with parameter"),
    ({"plan": "pathways"}, "plan goes with leave or with parameter"),
    ({"plan": "pathways", "leave": "drug", "parameter": "w_IL2", "statistic": "gmfe"}, "plan goes with"),
    ({"plan": "pathways", "leave": "drug", "statistic": "rise"}, "unknown statistic 'rise'"),
    ({"plan": "pathways", "leave": "day", "statistic": "gmfe"}, "drug"),
    ({"statistic": "inside_new"}, "unknown statistic 'inside_new'"),
])  # fmt: skip
def test_a_criterion_that_does_not_fit_together_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        criterion(**fields)
