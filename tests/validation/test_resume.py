"""A fit, profile or ensemble that is killed goes on where it stopped and ends as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import jakinib as jk
from jakinib.fit.checkpoint import NAME
from jakinib.fit.optimise import Start


def test_an_interrupted_fit_resumes_and_ends_the_same(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    jk.fit("clinical_pk", starts=3, folder=whole)

    def stop(start: Start) -> None:
        if start.number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jk.fit("clinical_pk", starts=3, folder=broken, done=stop)
    assert [path.name for path in broken.iterdir()] == [NAME]
    run_again: list[int] = []
    jk.fit("clinical_pk", starts=3, folder=broken, done=lambda start: run_again.append(start.number))
    assert run_again == [0, 1, 2]
    for name in ("estimates.tsv", "provenance.json"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes()
    assert not (broken / NAME).exists()


def test_starts_of_other_inputs_are_not_reused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(
        json.dumps({"key": {"seed": 0}, "starts": [{"number": 0}]}), encoding="utf-8"
    )
    again: list[Start] = []
    jk.fit("clinical_pk", starts=1, folder=tmp_path, done=again.append)
    assert [start.number for start in again] == [0]
    assert again[0].evaluations > 0


@pytest.mark.slow
def test_killing_the_process_loses_at_most_the_start_in_progress(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from jakinib.cli import main; main()"]
    command += ["fit", "clinical_pk", "--starts", "6", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / NAME).exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = json.loads((tmp_path / NAME).read_text(encoding="utf-8"))
    assert len(kept["starts"]) >= 1
    numbers: list[int] = []
    jk.fit("clinical_pk", starts=6, folder=tmp_path, done=lambda start: numbers.append(start.number))
    assert sorted(numbers) == list(range(6))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "partial", "files"),
    [
        (["profile", "clinical_pk"], "profiles.partial.json", ["profiles.json", "profiles.tsv"]),
        (
            ["ensemble", "clinical_pk", "--evaluations", "60", "--draws", "20"],
            "ensemble.partial.json",
            ["ensemble.json", "ensemble.tsv"],
        ),
    ],
    ids=["profile", "ensemble"],
)
def test_a_killed_command_run_again_finishes_the_missing_pieces_and_ends_the_same(
    arguments: list[str], partial: str, files: list[str], tmp_path: Path
) -> None:
    def start(folder: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "from jakinib.cli import main; main()", *arguments]
        command += ["--out", str(folder)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert start(whole).wait(300) == 0
    assert sorted(path.name for path in whole.iterdir()) == files
    process, journal = start(broken), broken / partial
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and len(json.loads(journal.read_text(encoding="utf-8"))["done"]) >= 2:
            break
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = json.loads(journal.read_text(encoding="utf-8"))["done"]
    assert len(kept) >= 2
    assert not {path.name for path in broken.iterdir()} & set(files)
    assert start(broken).wait(300) == 0
    assert sorted(path.name for path in broken.iterdir()) == files
    for name in files:
        assert (broken / name).read_bytes() == (whole / name).read_bytes()
