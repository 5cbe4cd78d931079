"""A run can be killed, resumed, spread over workers and machines: its bytes stay the same."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jakinib.errors import InputError, UnknownIdError, WriteError
from jakinib.files.journal import Journal
from jakinib.population import IncompleteRunError, population, run, run_to_file, summary
from jakinib.population.engine import METRICS
from jakinib.population.sampling import CHUNK

SMALL = {"population": "ra_adult", "n": 2 * CHUNK + 20, "regimen": "4 mg qd x 2", "cytokine": None}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    out = tmp_path_factory.mktemp("whole") / "pop.parquet"
    run_to_file(out, **SMALL)
    return out.read_bytes(), (out.parent / "pop.parquet.json").read_text(encoding="utf-8")


def same(out: Path, uninterrupted: tuple[bytes, str]) -> bool:
    record = (out.parent / f"{out.name}.json").read_text(encoding="utf-8")
    return (out.read_bytes(), record) == uninterrupted


# Rows -------------------------------------------------------------------------------------------------


def test_a_population_is_one_row_a_patient_with_its_manifest() -> None:
    people = population("ra_adult", 6, "4 mg qd x 2", cytokine="IL-6", seed=5)
    assert list(people["patient"]) == list(range(6))
    assert set(METRICS) <= set(people)
    assert (people["status"] == "ok").all()
    assert people.attrs["manifest"]["seed"] == 5
    assert (people["min_inhibition_percent"] <= people["mean_inhibition_percent"]).all()
    assert (people["mean_inhibition_percent"] <= people["max_inhibition_percent"]).all()
    assert people["max_inhibition_percent"].between(0, 100).all()
    assert people["above_IC50_h"].between(0, 24).all()


def test_the_first_patients_are_the_same_in_a_larger_population() -> None:
    few = population("healthy_adult", 3, "4 mg", seed=2)
    many = population("healthy_adult", 9, "4 mg", seed=2)
    pd.testing.assert_frame_equal(few, many.head(3))
    assert not few.equals(population("healthy_adult", 3, "4 mg", seed=3))


def test_exposure_rises_with_the_dose_in_proportion_and_falls_with_renal_function() -> None:
    one = population("ra_adult", 100, "2 mg qd x 2", cytokine=None)
    two = population("ra_adult", 100, "4 mg qd x 2", cytokine=None)
    np.testing.assert_allclose(two["AUC_ng_h_per_mL"], 2 * one["AUC_ng_h_per_mL"], rtol=1e-4)
    assert np.corrcoef(two["eGFR"], two["AUC_ng_h_per_mL"])[0, 1] < -0.2


def test_the_summary_gives_median_and_band() -> None:
    people = population("ra_adult", 200, "4 mg qd x 2", cytokine=None)
    row = summary(people).set_index("quantity").loc["AUC_ng_h_per_mL"]
    low, middle, high = np.quantile(people["AUC_ng_h_per_mL"], [0.05, 0.5, 0.95])
    assert (row["p5"], row["median"], row["p95"]) == (low, middle, high)


# Resuming ---------------------------------------------------------------------------------------------


def test_a_run_is_the_same_on_any_number_of_workers(tmp_path: Path, uninterrupted: tuple[bytes, str]) -> None:
    out = tmp_path / "pop.parquet"
    run_to_file(out, workers=2, **SMALL)
    assert same(out, uninterrupted)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pop.parquet", "pop.parquet.json"]


SCRIPT = """
import sys
from pathlib import Path
from jakinib.population import run_to_file
run_to_file(Path(sys.argv[1]), **{})
"""


def test_a_killed_run_resumes_and_ends_with_the_same_bytes(
    tmp_path: Path, uninterrupted: tuple[bytes, str]
) -> None:
    out, kept = tmp_path / "pop.parquet", tmp_path / "pop.parquet.parts"
    for pieces in (0, 1):  # of three
        command = [sys.executable, "-c", SCRIPT.format(SMALL), out]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        while not kept.exists() or kept.read_bytes().count(b'{"piece"') < pieces:
            assert process.poll() is None, process.communicate()
            time.sleep(0.001)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not out.exists()
    assert kept.read_bytes().count(b'{"piece"') < 3
    assert json.loads((tmp_path / "pop.parquet.json").read_text(encoding="utf-8"))["complete"] is False
    run_to_file(out, **SMALL)
    assert same(out, uninterrupted)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pop.parquet", "pop.parquet.json"]


def interrupted(out: Path, **options: Any) -> None:
    """A run that was stopped after its first chunk."""

    def stop(finished: int, failed: int) -> None:
        if finished:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_to_file(out, done=stop, **(SMALL | options))


def test_what_is_kept_is_not_run_again(
    tmp_path: Path, uninterrupted: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "pop.parquet"
    interrupted(out)
    ran: list[int] = []
    chunk = run.run_chunk

    def counted(job: Any, number: int) -> Any:
        ran.append(number)
        return chunk(job, number)

    monkeypatch.setattr(run, "run_chunk", counted)
    run_to_file(out, **SMALL)
    assert ran == [1, 2]
    assert same(out, uninterrupted)
    ran.clear()
    run_to_file(out, **SMALL)
    assert ran == []


def test_patients_of_two_runs_are_never_mixed(tmp_path: Path) -> None:
    """Not even when the manifest of the interrupted one was removed, as its message advises."""
    out = tmp_path / "pop.parquet"
    interrupted(out)
    with pytest.raises(InputError, match="belongs to another run: seed"):
        run_to_file(out, **(SMALL | {"seed": 2}))
    (tmp_path / "pop.parquet.json").unlink()
    with pytest.raises(InputError, match=r"seed \(1 then, 2 now\).*remove .*pop\.parquet\.parts"):
        run_to_file(out, **(SMALL | {"seed": 2}))
    assert not out.exists()
    (tmp_path / "pop.parquet.parts").unlink()
    run_to_file(out, **(SMALL | {"seed": 2}))
    alone = tmp_path / "alone.parquet"
    run_to_file(alone, **(SMALL | {"seed": 2}))
    assert out.read_bytes() == alone.read_bytes()


def test_a_part_of_another_run_is_refused(tmp_path: Path) -> None:
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    interrupted(one)
    interrupted(two, seed=2)
    theirs = (tmp_path / "two.parquet.parts").read_bytes()
    with (tmp_path / "one.parquet.parts").open("ab") as stream:
        stream.write(theirs[theirs.index(b"\n") + 1 :])
    with pytest.raises(InputError, match="a piece of another job"):
        run_to_file(one, **SMALL)
    assert not one.exists()


@pytest.mark.parametrize("name", ["pop.parquet.parts", "pop.parquet.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"junk\n", b"\xff\x00", b"PAR1"])
def test_a_damaged_file_of_an_unfinished_run_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    interrupted(tmp_path / "pop.parquet")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: is damaged.*remove .*{name}"):
        run_to_file(tmp_path / "pop.parquet", **SMALL)
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("seed", 2, "seed (1 then, 2 now)"),
        ("regimen", "2 mg qd x 2", "regimen"),
        ("n", 5, "n (520 then, 5 now)"),
    ],
)
def test_a_file_of_another_run_is_left_alone(tmp_path: Path, option: str, value: object, said: str) -> None:
    out = tmp_path / "pop.parquet"
    run_to_file(out, **SMALL)
    before = out.read_bytes()
    with pytest.raises(InputError) as error:
        run_to_file(out, **(SMALL | {option: value}))
    assert said in str(error.value)
    assert out.read_bytes() == before


def test_a_parquet_file_without_manifest_is_never_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "mine.parquet"
    out.write_bytes(b"precious")
    with pytest.raises(InputError, match="has no manifest"):
        run_to_file(out, **SMALL)
    assert out.read_bytes() == b"precious"


def test_a_full_disk_says_so_and_the_same_call_goes_on(
    tmp_path: Path, uninterrupted: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, add = tmp_path / "pop.parquet", Journal.add

    def full(self: Journal, name: str, content: bytes) -> None:
        if name == "chunk 1":
            raise WriteError(self.path, OSError(errno.ENOSPC, "No space left on device"))
        add(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", full)
        with pytest.raises(IncompleteRunError, match=r"No space left on device.*1 of 3 chunks are kept"):
            run_to_file(out, **SMALL)
    run_to_file(out, **SMALL)
    assert same(out, uninterrupted)


class _Dies(Executor):
    """Loses its workers after one chunk, as a pool does when the system kills one."""

    def __init__(self) -> None:
        self.given = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.given += 1
        if self.given == 1:
            future.set_result(fn(*args, **kwargs))
        else:
            future.set_exception(BrokenProcessPool("a process was terminated abruptly"))
        return future


def test_a_lost_worker_leaves_a_run_that_can_be_resumed(
    tmp_path: Path, uninterrupted: tuple[bytes, str]
) -> None:
    out = tmp_path / "pop.parquet"
    with pytest.raises(IncompleteRunError, match=r"a worker was lost.*run the same command again"):
        run_to_file(out, executor=_Dies(), **SMALL)
    assert not out.exists()
    run_to_file(out, **SMALL)
    assert same(out, uninterrupted)


def test_an_error_of_the_program_is_not_mistaken_for_a_lost_worker(tmp_path: Path) -> None:
    class Wrong(_Dies):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(ZeroDivisionError("a bug"))
            return future

    with pytest.raises(ZeroDivisionError):
        run_to_file(tmp_path / "pop.parquet", executor=Wrong(), **SMALL)


def test_any_executor_of_the_standard_interface_will_do(
    tmp_path: Path, uninterrupted: tuple[bytes, str]
) -> None:
    out = tmp_path / "pop.parquet"
    with ThreadPoolExecutor(2) as pool:
        run_to_file(out, executor=pool, **SMALL)
    assert same(out, uninterrupted)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_gives_the_same_bytes(tmp_path: Path, uninterrupted: tuple[bytes, str]) -> None:
    distributed = pytest.importorskip("distributed")
    out, seen = tmp_path / "pop.parquet", []
    many = SMALL | {"n": 33 * CHUNK + 20}  # enough for tasks of two chunks
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
    with cluster:
        run_to_file(out, scheduler=cluster.scheduler_address, **SMALL)
        there = population(scheduler=cluster.scheduler_address, **many, done=lambda n, _: seen.append(n))
    assert same(out, uninterrupted)
    assert sorted(seen) == seen
    assert seen[-1] == many["n"]
    pd.testing.assert_frame_equal(there, population(**many), check_exact=True)


def test_a_scheduler_that_does_not_answer_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")

    def refuses(*args: object, **kwargs: object) -> None:
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", refuses)
    with pytest.raises(InputError, match="no answer"):
        run_to_file(tmp_path / "pop.parquet", scheduler="tcp://127.0.0.1:1", **SMALL)


def test_progress_counts_patients() -> None:
    seen: list[tuple[int, int]] = []
    population(**SMALL, done=lambda finished, failed: seen.append((finished, failed)))
    assert seen == [(CHUNK, 0), (2 * CHUNK, 0), (2 * CHUNK + 20, 0)]


# Bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n": 0}, "0 patients; give 1 to"),
        ({"seed": -1}, "seed is -1"),
        ({"regimen": "0 mg qd x 3"}, "no dose above 0 mg"),
        ({"regimen": "0 mg qd ss"}, "no dose above 0 mg"),
        ({"regimen": "baricitinib 4 mg qd x 2 + tofacitinib 5 mg bid x 4"}, "takes baricitinib alone"),
        (
            {"inhibitor": "upadacitinib", "regimen": "4 mg iv infusion over 30 min"},
            "upadacitinib states no bioavailability, which doses by vein need",
        ),
        ({"inhibitor": "filgotinib"}, "acts through GS829845"),
        ({"inhibitor": "abrocitinib"}, "no pharmacokinetics"),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_anything_is(options: dict[str, Any], said: str) -> None:
    given = {"population": "ra_adult", "n": 5, "regimen": "4 mg", **options}
    with pytest.raises(InputError) as error:
        population(**given)
    assert said in str(error.value)


def test_unknown_names_are_refused_with_the_closest_match() -> None:
    with pytest.raises(UnknownIdError, match="ra_adult"):
        population("ra_adlt", 5)
    with pytest.raises(UnknownIdError, match="OAT3_inhibitor"):
        population("ra_adult", 5, conditions=["OAT3_inhibitr"])


def test_the_manifest_says_what_was_run_and_on_what(uninterrupted: tuple[bytes, str]) -> None:
    manifest = json.loads(uninterrupted[1])
    assert manifest["complete"] is True
    assert manifest["failed"] == 0
    assert (manifest["population"], manifest["n"], manifest["seed"]) == ("ra_adult", SMALL["n"], 1)
    assert set(manifest["versions"]) >= {"jakinib", "libroadrunner", "numpy"}
    assert len(manifest["sha256"]["oral_pk"]) == len(manifest["sha256"]["population"]) == 64
