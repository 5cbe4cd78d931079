"""What a command is asked to write to is tried before it works: exit code 2, one line, nothing left."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from jakinib.cli import main
from jakinib.errors import InputError
from jakinib.paths import check_writable, write_atomic

COMMANDS = {
    "fit": ["fit", "clinical_pk", "--out", "{folder}"],
    "fit plot": ["fit", "clinical_pk", "--plot", "{file}.png"],
    "profile": ["profile", "clinical_pk", "--out", "{folder}"],
    "ensemble": ["ensemble", "clinical_pk", "--out", "{folder}"],
    "simulate": ["simulate", "--out", "{file}"],
    "simulate plot": ["simulate", "--plot", "{file}.png"],
    "assay plot": ["assay", "--plot", "{file}.png"],
    "sensitivity plot": ["sensitivity", "--plot", "{file}.png"],
    "evaluate": ["evaluate", "--report", "{folder}"],
    "population": ["population", "ra_adult", "-n", "3", "--out", "{file}"],
    "export": ["export", "oral_pk", "--out", "{folder}"],
    "export plan": ["export", "clinical_pk", "--formats", "petab", "--out", "{folder}"],
    "archive": ["archive", "{file}"],
    "compare": ["compare", "--regimen", "baricitinib 4 mg qd", "--out", "{file}"],
    "new": ["new", "inhibitor", "mine", "--out", "{folder}"],
}


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["jakinib", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("where", ["under a file", "on a device", "too long"])
def test_a_target_that_cannot_be_written_is_refused_before_the_work(
    name: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain").touch()
    place = {"under a file": tmp_path / "plain" / "x", "on a device": Path("/dev/full/x"),
             "too long": tmp_path / ("x" * 300)}[where]  # fmt: skip
    arguments = [word.format(folder=place, file=place) for word in COMMANDS[name]]
    assert run(arguments, monkeypatch) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "cannot write" in err
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]


@pytest.mark.parametrize("name", [name for name, words in COMMANDS.items() if "{file}" in words])
@pytest.mark.parametrize("target", ["/dev/full", "/dev/null", "folder", "link"])
def test_a_folder_or_device_is_not_replaced_by_a_file(
    name: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/dev/null")
    arguments = [word.format(file=tmp_path / target) for word in COMMANDS[name]]
    assert run(arguments, monkeypatch) == 2
    assert "cannot write" in capfd.readouterr().err
    assert not Path("/dev/null").is_file()
    assert (tmp_path / "link").is_symlink()


def test_results_that_would_replace_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    with pytest.raises(InputError, match="a folder stands there"):
        check_writable(tmp_path / "verdicts.json", tmp_path / "index.html")


def test_a_file_behind_a_link_is_written_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to("real")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "real").read_text(encoding="utf-8") == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


KILLED = """
import os, signal, sys
from pathlib import Path
from jakinib.paths import write_atomic
write_atomic(Path(sys.argv[1]), lambda path: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_what_a_killed_process_was_writing_goes_with_the_next_write(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "x")], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".jakinib-")
    write_atomic(tmp_path / "y", lambda path: write_atomic(tmp_path / "z", "of one that is still at work"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["y", "z"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        check_writable(tmp_path / "x")


@pytest.mark.parametrize(("name", "file"), [("simulate", "x.tsv"), ("population", "x.parquet")])
def test_a_target_that_fills_up_while_written_is_one_line_and_leaves_no_half_file(
    name: str, file: str, tmp_path: Path
) -> None:
    """A limit on the size of files stands for a full disk."""
    place, room = tmp_path / file, 6_000
    arguments = [word.format(folder=place, file=place) for word in COMMANDS[name]]
    done = subprocess.run(
        [sys.executable, "-c", "from jakinib.cli import main; main()", *arguments], capture_output=True,
        text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("jakinib:")]
    assert len(said) == 1
    assert "cannot write (File too large)" in said[0]
    assert {path.name for path in tmp_path.rglob("*")} <= {"x.json", f"{file}.parts", f"{file}.json"}


def test_a_full_standard_output_is_one_line_and_exit_code_2() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from jakinib.cli import main; main()", "list"],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "jakinib: standard output: No space left on device\n")
