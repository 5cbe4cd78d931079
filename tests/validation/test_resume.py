"""A fit, profile or ensemble that is killed goes on where it stopped and ends as if it had not been."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import jakinib as jk
from jakinib.errors import InputError
from jakinib.fit.optimise import Start
from jakinib.fit.results import FILES
from jakinib.fit.run import PARTIAL

JAKINIB = [sys.executable, "-c", "from jakinib.cli import main; main()"]
COMMANDS = {
    "fit": (["fit", "clinical_pk", "--starts", "3"], PARTIAL, sorted(FILES)),
    "profile": (["profile", "clinical_pk"], "profiles.partial.json", ["profiles.json", "profiles.tsv"]),
    "ensemble": (
        ["ensemble", "clinical_pk", "--evaluations", "25", "--draws", "20"],
        "ensemble.partial.json",
        ["ensemble.json", "ensemble.tsv"],
    ),
}


def pieces(journal: Path) -> int:
    return journal.read_bytes().count(b'{"piece"') if journal.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_finishes_the_missing_pieces_and_ends_the_same(name: str, tmp_path: Path) -> None:
    arguments, partial, files = COMMANDS[name]
    whole, broken = tmp_path / "whole", tmp_path / "broken"

    def begin(folder: Path) -> subprocess.Popen[bytes]:
        command = [*JAKINIB, *arguments, "--out", str(folder)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    reference = begin(whole)
    for due in (1, 2) if name == "ensemble" else (1,):
        process = begin(broken)
        while pieces(broken / partial) < due:
            assert process.poll() is None
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert not {path.name for path in broken.iterdir()} & set(files)
    assert reference.wait(300) == 0
    assert begin(broken).wait(300) == 0
    assert sorted(path.name for path in broken.iterdir()) == files
    for file in files:
        assert (broken / file).read_bytes() == (whole / file).read_bytes()


def interrupted(folder: Path) -> None:
    """A fit that was stopped after its first start."""

    def stop(start: Start) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jk.fit("clinical_pk", starts=3, folder=folder, done=stop)


def test_starts_of_other_inputs_are_refused_and_kept(tmp_path: Path) -> None:
    interrupted(tmp_path)
    before = (tmp_path / PARTIAL).read_bytes()
    with pytest.raises(InputError, match=r"starts \(3 then, 2 now\).*remove"):
        jk.fit("clinical_pk", starts=2, folder=tmp_path)
    assert (tmp_path / PARTIAL).read_bytes() == before


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("content", [b"", b"{", b"junk\n", b'{"key": 1, "done": []}\n', b"\xff\x00"])
def test_a_damaged_file_of_an_unfinished_run_is_named(
    name: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    arguments, partial, _ = COMMANDS[name]
    (tmp_path / partial).write_bytes(content)
    monkeypatch.setattr("sys.argv", ["jakinib", *arguments, "--out", str(tmp_path)])
    from jakinib.cli import main

    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    (said,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("jakinib:")]
    assert f"{tmp_path / partial}: is damaged" in said
    assert f"remove {tmp_path / partial}" in said
    assert (tmp_path / partial).read_bytes() == content
