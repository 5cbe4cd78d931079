"""A patient that cannot be simulated fails alone, and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jakinib.errors import SimulationError
from jakinib.lanes import Lanes
from jakinib.population import population, run_to_file, summary
from jakinib.population.engine import EXPOSURE, METRICS, Worker
from jakinib.population.sampling import CHUNK

SMALL = {"population": "ra_adult", "n": 2 * CHUNK + 20, "regimen": "4 mg qd x 2", "cytokine": None}


def test_a_patient_that_fails_is_a_row_with_a_reason_and_no_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plasma = Worker.plasma

    def breaks(self: Worker, values: dict[str, np.ndarray]) -> Any:
        if (values["weight"] > 100).any():
            raise SimulationError("too much work", 12.0)
        return plasma(self, values)

    monkeypatch.setattr(Worker, "plasma", breaks)
    out = tmp_path / "pop.parquet"
    manifest = run_to_file(out, **SMALL)
    people = pd.read_parquet(out)
    failed = people[people["status"] == "failed"]
    assert len(people) == SMALL["n"]
    assert len(failed) == (people["weight"] > 100).sum() == manifest["failed"] > 0
    assert failed[list(EXPOSURE)].isna().all(axis=None)
    assert failed["reason"].str.contains("too much work").all()
    assert people.loc[people["status"] == "ok", list(EXPOSURE)].notna().all(axis=None)
    assert summary(out).set_index("quantity").loc["AUC_ng_h_per_mL", "n"] == len(people) - len(failed)


def test_cells_that_do_not_respond_fail_alone_and_say_so() -> None:
    """Of two kinds of cells the dark ones are named, the others are as they are without them beside."""
    bright = population("ra_adult", 12, "4 mg", ensemble=pd.DataFrame({"kphos_IL6_STAT3": [3.0, 3.0]}))
    mixed = population("ra_adult", 12, "4 mg", ensemble=pd.DataFrame({"kphos_IL6_STAT3": [3.0, 1e-300]}))
    dark = mixed["kphos_IL6_STAT3"] < 1e-200
    assert 0 < dark.sum() < len(mixed)
    assert (mixed["status"] == np.where(dark, "failed", "ok")).all()
    assert mixed.loc[dark, "reason"].str.contains("no signal without inhibitor").all()
    assert mixed.loc[dark, list(METRICS)].isna().all(axis=None)
    pd.testing.assert_frame_equal(mixed[~dark], bright[~dark], check_exact=True)


def test_a_run_that_fails_costs_its_patient_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, run_rows = population("ra_adult", 5, "4 mg"), Lanes.run_rows

    def breaks(self: Lanes, columns: Any, rows: np.ndarray, *others: Any) -> Any:
        values, failed = run_rows(self, columns, rows, *others)
        values[-1] = np.inf
        return values, {**failed, len(rows) - 1: SimulationError("too much work", 0.1)}

    monkeypatch.setattr(Lanes, "run_rows", breaks)
    found = population("ra_adult", 5, "4 mg")
    lost = found["status"] == "failed"
    assert lost.sum() == 1
    assert found.loc[lost, "reason"].str.contains("too much work").all()
    assert found.loc[lost, list(METRICS)].isna().all(axis=None)
    pd.testing.assert_frame_equal(found[~lost], whole[~lost], check_exact=True)
