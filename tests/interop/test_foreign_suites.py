"""Other people's models by the hundred, where JAKINIB_SHARED names the folder that holds them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import jakinib as jk
from jakinib.build.sbml import translate

SHARED = Path(os.environ.get("JAKINIB_SHARED", "")) / "foreign"
needs_suites = pytest.mark.skipif(
    "JAKINIB_SHARED" not in os.environ or not SHARED.is_dir(),
    reason="JAKINIB_SHARED names no folder of models",
)

# libRoadRunner, with which the runner compares, is the one that errs; COPASI agrees with us:
# its tolerance is the coarser (85), and it never sees an event at one time (620).
SHOWN = {"BIOMD0000000085", "BIOMD0000000620"}


def verdicts(runner: str, out: Path) -> dict[str, str]:
    subprocess.run(
        [sys.executable, runner, "--out", str(out)], cwd=SHARED, capture_output=True, timeout=900, check=False
    )
    return {name: verdict for name, verdict, _ in map(json.loads, out.read_text().splitlines())}


@pytest.mark.slow
@needs_suites
def test_no_case_of_the_sbml_test_suite_is_wrong_or_crashes(tmp_path: Path) -> None:
    found = Counter(verdicts("semantic.py", tmp_path / "verdicts").values())
    assert found["pass"] >= 505
    assert not found["wrong"] + found["crash"]


@pytest.mark.slow
@needs_suites
def test_no_published_model_is_wrong_or_crashes(tmp_path: Path) -> None:
    found = verdicts("curated.py", tmp_path / "verdicts")
    assert {name for name, verdict in found.items() if verdict in ("wrong", "crash")} <= SHOWN
    assert Counter(found.values())["pass"] >= 85


@pytest.mark.parametrize(
    "body",
    [
        "species S = 0; n = 0.5; J: S -> ; 2 * S; at (time == n && n < 9): S = S + 3, n = n + 1",  # as in 620
        "species A = 1e-9, B = 0, C = 0; J1: A -> B; 0.1 * A; J2: A + B -> C; 1e8 * A * B",  # as in 85
    ],
    ids=["an event at one time", "nanomoles in mol/L"],
)
def test_copasi_agrees_where_libroadrunner_differs(body: str) -> None:
    basico = pytest.importorskip("basico")
    text, times = translate(f"model m\n{body}\nend", "m"), [0.0, 1.0, 5.0, 10.0]
    model = jk.Model(text)
    theirs = basico.load_model_from_string(text)
    table = basico.run_time_course_with_output(
        [f"[{name}]" for name in model.species],
        values=times, start_time=0, r_tol=1e-10, a_tol=1e-24, model=theirs,
    )  # fmt: skip
    basico.remove_datamodel(theirs)
    ours = model.run(jk.Protocol(times), model.species)
    np.testing.assert_allclose(ours, table.to_numpy(), rtol=1e-5, atol=1e-16)
