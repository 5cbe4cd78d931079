"""What was left out is not seen: folds, their predictions and how they are kept."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from test_spreads import kd_problem

from jakinib.errors import InputError
from jakinib.fit import get_data, read_plan
from jakinib.fit.crossvalidation import gmfe, share_inside, worst
from jakinib.fit.folds import LEAVE, Fold, Held, Leave, folds, predict

DATA = get_data()
PATHWAYS = read_plan("pathways", DATA)


@pytest.mark.parametrize("leave", LEAVE)
def test_every_potency_is_left_out_once(leave: Leave) -> None:
    found = [row for fold in folds(PATHWAYS, DATA, leave) for row in fold.rows]
    assert sorted(found) == sorted(PATHWAYS.calibration)


def test_a_group_is_left_out_whole() -> None:
    by_drug = {fold.name: fold.rows for fold in folds(PATHWAYS, DATA, "drug")}
    assert {DATA[row].inhibitor for row in by_drug["brepocitinib"]} == {"brepocitinib"}
    assert len({DATA.laboratory(DATA[row]) for row in PATHWAYS.calibration}) == len(
        folds(PATHWAYS, DATA, "laboratory")
    )


def test_the_number_that_is_left_out_does_not_move_its_prediction(tmp_path: Path) -> None:
    problem = kd_problem(tmp_path)
    start = dict.fromkeys(problem.names, 1.0)
    spreads = dict(problem.spreads)
    fold = Fold("E070", ("E070",))
    as_published = predict(problem.plan, DATA, fold, start, spreads).held[0]
    moved = DATA.with_rows(DATA["E070"].model_copy(update={"value": 50 * DATA["E070"].value}))
    elsewhere = predict(problem.plan, moved, fold, start, spreads).held[0]
    assert elsewhere.predicted == pytest.approx(as_published.predicted, rel=1e-12)
    assert elsewhere.published == 50 * as_published.published


def test_bands_of_a_linear_problem_are_those_of_its_normal_distribution(tmp_path: Path) -> None:
    problem = kd_problem(tmp_path)
    one = predict(
        problem.plan, DATA, Fold("E070", ("E070",)), dict.fromkeys(problem.names, 1.0), problem.spreads
    )
    held, repeat, laboratory = one.held[0], one.spreads["kd"], one.spreads["assay"]
    # Nothing else tells the constant: its prior, median 1 and 2 on the ln scale, is all there is.
    wide = 1.6448536 * math.sqrt(2.0**2 + repeat**2 + laboratory**2)
    assert held.predicted == pytest.approx(1, rel=1e-3)
    assert np.log(held.new) == pytest.approx([-wide, wide], abs=0.02)
    others = [math.log(DATA[row].value) for row in problem.plan.calibration if row != "E070"]
    precision = len(others) / (2.0**2 + repeat**2) + 1 / laboratory**2
    centre = sum(others) / (2.0**2 + repeat**2) / precision  # of the laboratory's factor, given the others
    half = 1.6448536 * math.sqrt(2.0**2 + repeat**2 + 1 / precision)
    assert np.log(held.same) == pytest.approx([centre - half, centre + half], abs=0.05)


def held(published: float, predicted: float, low: float, high: float) -> Held:
    return Held(
        "f", "r", "", "x", "p", "l", "verified", "nM", published, predicted, (low, high), (low, high), True
    )


def test_statistics_of_what_was_left_out() -> None:
    rows = [held(10, 20, 1, 100), held(10, 5, 1, 100), held(10, 80, 40, 160)]
    assert gmfe(rows) == pytest.approx((2 * 2 * 8) ** (1 / 3))
    assert worst(rows) == pytest.approx(8)
    assert share_inside(rows) == pytest.approx(200 / 3)
    with pytest.raises(InputError, match="ratio"):
        share_inside(rows, "ratio")
    with pytest.raises(InputError, match="no row"):
        gmfe([])


def test_stored_folds_are_those_of_the_stored_fit() -> None:
    """The evaluation reads them; a fold of another fit would be refused by name of what changed."""
    from jakinib.fit.crossvalidation import stored

    for leave in LEAVE:
        found = stored(PATHWAYS, leave)
        assert [fold.fold for fold in found.folds] == folds(PATHWAYS, DATA, leave)
        assert all(math.isfinite(one.predicted) and one.same[0] < one.same[1] for one in found.held)


def test_a_stale_or_missing_cross_validation_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jakinib.build.estimates import result_file
    from jakinib.fit.crossvalidation import stored

    folder = tmp_path / "pathways"
    folder.mkdir()
    monkeypatch.setenv("JAKINIB_RESULTS", str(tmp_path))
    name = "crossvalidation_drug.json"
    record = json.loads(result_file("pathways", name).read_text(encoding="utf-8"))
    record["inputs"]["data"] = "another"
    (folder / name).write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(InputError, match="stale: data changed; run: jakinib crossvalidate pathways --leave"):
        stored(PATHWAYS, "drug")
