"""The journal of unfinished work: what was kept comes back whole, or is refused by name."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jakinib.errors import InputError
from jakinib.files.journal import Journal

JOB = {"plan": "p", "seed": 1, "inputs": {"models": "abc"}}
PIECES = {"start 0": b"{}", "start 1": b"", "chunk": b"\n\x00binary\n" * 3, "start 2": b'{"a": 1}'}


def written(path: Path, job: dict[str, object] = JOB) -> bytes:
    """The bytes of a journal of all pieces, as a killed run leaves it."""
    with Journal(path, job) as journal:
        for name, content in PIECES.items():
            journal.add(name, content)
    return path.read_bytes()


def kept(path: Path) -> dict[str, bytes]:
    with Journal(path, JOB) as journal:
        return {name: journal[name] for name in journal}


def test_pieces_come_back_in_order_and_are_forgotten_when_the_result_is_written(tmp_path: Path) -> None:
    path = tmp_path / "j"
    written(path)
    with Journal(path, JOB) as journal:
        assert {name: journal[name] for name in journal} == PIECES
        journal.add("more", b"x")
        assert journal["more"] == b"x"
        journal.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_run_killed_at_any_byte_keeps_the_pieces_written_before(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole")
    path = tmp_path / "cut"
    for size in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:size])
        found = kept(path)
        assert found == dict(list(PIECES.items())[: len(found)])
        with Journal(path, JOB) as journal:
            journal.add("next", b"goes on")
        assert kept(path) == found | {"next": b"goes on"}


@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_changed_byte_never_gives_another_piece(
    place: int, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("j")
    damaged = bytearray(written(folder / "j"))
    damaged[place % len(damaged)] ^= flip
    (folder / "j").write_bytes(damaged)
    with suppress(InputError):
        found = kept(folder / "j")
        assert found == dict(list(PIECES.items())[: len(found)])
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"junk", b"junk\n", b"[]\n", b"{}\n", b"null\n", b'{"format": 1, "job": 2}\n', b"\xff\xfe",
     b"[" * 100_000, b"0" * 3_000_000],
    ids=["empty", "brace", "junk", "line", "list", "object", "null", "types", "binary", "deep", "long"],
)  # fmt: skip
def test_a_file_that_is_no_journal_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "starts.partial.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"starts\.partial\.json: is damaged.*remove .*starts\.partial"):
        Journal(path, JOB)
    assert path.read_bytes() == content


@pytest.mark.parametrize("line", [b"junk\n", b"{}\n", b'{"piece": 1, "job": 1, "bytes": -4, "sha256": 0}\n'])
def test_junk_after_good_pieces_is_refused(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(written(path) + line)
    with pytest.raises(InputError, match="is damaged"):
        Journal(path, JOB)


def test_a_journal_of_another_job_is_refused_saying_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "j"
    before = written(path)
    with pytest.raises(InputError, match=r"another job.*seed \(1 then, 2 now\).*remove"):
        Journal(path, {**JOB, "seed": 2})
    with pytest.raises(InputError, match=r"inputs\.models \(abc then, xyz now\)"):
        Journal(path, JOB | {"inputs": {"models": "xyz"}})
    assert path.read_bytes() == before


def test_a_piece_of_another_job_is_refused(tmp_path: Path) -> None:
    other = written(tmp_path / "other", JOB | {"seed": 2})
    path = tmp_path / "mine"
    path.write_bytes(written(path) + other[other.index(b"\n") + 1 :])
    with pytest.raises(InputError, match="a piece of another job"):
        Journal(path, JOB)


def test_two_runs_do_not_share_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", JOB), pytest.raises(InputError, match="another run is at work"):
        Journal(tmp_path / "j", JOB)
    with Journal(tmp_path / "j", JOB) as journal:
        assert list(journal) == []


def test_a_folder_in_the_place_of_a_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "j").mkdir()
    with pytest.raises(InputError, match="a folder stands there"):
        Journal(tmp_path / "j", JOB)
