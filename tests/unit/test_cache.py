"""The cache: it saves time and never changes an answer, whatever becomes of its files."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from jakinib import cache, paths
from jakinib.errors import InputError, UnitError
from jakinib.library.load import read_library
from jakinib.units import factor

SLOW = 2 * cache.WORTH


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own; returns the folder of its entries."""
    monkeypatch.setenv(cache.SWITCH, str(tmp_path / "cache"))
    return tmp_path / "cache" / "entries"


class Maker:
    """Counts how often it had to make its value, which takes a while."""

    def __init__(self, value: object = (1.0, "a")) -> None:
        self.value, self.calls = value, 0

    def __call__(self) -> object:
        import time

        self.calls += 1
        time.sleep(SLOW)
        return self.value


def only(folder: Path) -> Path:
    (entry,) = folder.iterdir()
    return entry


def test_what_was_made_once_is_read_after_that(folder: Path) -> None:
    make = Maker()
    assert cache.kept("probe", "key", make) == cache.kept("probe", "key", make) == make.value
    assert make.calls == 1
    cache.kept("probe", "another key", make)
    cache.kept("another kind", "key", make)
    assert make.calls == 3
    assert {kind: number for kind, (number, _) in cache.state().kinds.items()} == {
        "probe": 2, "another kind": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: bytes(len(content)),
        lambda content: content.replace(b"jakinib 1", b"jakinib 0"),
        *(
            lambda content, i=i: content[:i] + bytes([content[i] ^ 4]) + content[i + 1 :]
            for i in (12, 50, 80, -3)
        ),
    ],
)
def test_a_damaged_entry_is_made_again_silently(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    make = Maker()
    cache.kept("probe", "key", make)
    sound = only(folder).read_bytes()
    only(folder).write_bytes(damage(sound))
    assert cache.kept("probe", "key", make) == make.value
    assert make.calls == 2
    assert only(folder).read_bytes() == sound


def test_an_entry_under_the_name_of_another_is_not_taken_for_it(folder: Path) -> None:
    cache.kept("probe", "one", Maker("one"))
    one = only(folder)
    cache.kept("probe", "two", Maker("two"))
    (two,) = set(folder.iterdir()) - {one}
    shutil.copy(one, two)
    assert cache.kept("probe", "two", Maker("two")) == "two"


def test_an_entry_of_other_code_or_another_library_is_not_found(folder: Path, tmp_path: Path) -> None:
    """A copy of the package with a comment more makes everything anew."""
    copy = tmp_path / "copy" / "src" / "jakinib"
    shutil.copytree(paths.root() / "src" / "jakinib", copy)
    script = "import time; from jakinib.cache import kept; kept('probe', 'k', lambda: time.sleep(0.02))"

    def run() -> int:
        subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True,
            env={**os.environ, "PYTHONPATH": str(copy.parent)},
        )  # fmt: skip
        return len(list(folder.iterdir()))

    assert [run(), run()] == [1, 1]
    with (copy / "units.py").open("a") as file:
        file.write("# a comment\n")
    assert run() == 2


def test_files_that_change_while_they_are_read_are_not_kept(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "data.txt"
    file.write_text("before")
    make = Maker("read meanwhile")

    def read() -> object:
        file.write_text("after")
        return make()

    cache.kept("probe", lambda: cache.contents([file]), read)
    assert list(folder.iterdir()) == []
    file.write_text("before")
    assert cache.kept("probe", lambda: cache.contents([file]), Maker("before")) == "before"


@pytest.mark.parametrize("named", ["off", "OFF"])
def test_the_cache_can_be_left_out(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.SWITCH, named)
    make = Maker()
    assert cache.kept("probe", "key", make) == cache.kept("probe", "key", make) == make.value
    assert make.calls == 2
    assert cache.state().folder is None
    assert cache.clear() == 0


def test_a_file_in_the_place_of_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(cache.SWITCH, str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"JAKINIB_CACHE: .*file is not a folder; name one, or write off"):
        cache.kept("probe", "key", Maker())


@pytest.mark.parametrize("home", ["/proc/self/nowhere", "/dev/null", ""])
def test_a_home_that_cannot_be_written_to_does_no_harm(home: str, tmp_path: Path) -> None:
    script = "from jakinib.units import factor; print(factor('mg/L', 'g/mL'))"
    env = {k: v for k, v in os.environ.items() if k not in (cache.SWITCH, "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", script], env={**env, "HOME": home}, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(done.stdout) == pytest.approx(1e-6)
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_entries_that_others_could_have_written_are_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may hold machine code."""
    cache.kept("probe", "key", Maker())
    assert folder.stat().st_mode & 0o777 == 0o700
    other = folder.parent.with_name("other") / "entries"
    other.mkdir(parents=True)
    other.chmod(0o777)
    monkeypatch.setenv(cache.SWITCH, str(other.parent))
    assert cache.state().folder is None
    assert "this user alone" in cache.state().reason


def test_the_cache_stays_within_its_size_and_loses_what_was_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST", 50_000)
    for number in range(12):
        cache.kept("probe", str(number), Maker(os.urandom(5_000)))
        for age, entry in enumerate(sorted(folder.iterdir(), key=lambda e: e.stat().st_mtime)):
            os.utime(entry, (1e9 + age, 1e9 + age))
    assert sum(entry.stat().st_size for entry in folder.iterdir()) <= 50_000
    last, first = Maker(), Maker()
    cache.kept("probe", "11", last)
    cache.kept("probe", "0", first)
    assert (last.calls, first.calls) == (0, 1)


def test_small_entries_are_kept_without_a_look_at_all_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[Path] = []
    seen = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: listed.append(path) or seen(path))
    for number in range(5):
        cache.kept("probe", str(number), Maker())
    assert listed.count(folder) == 1


def many(number: int) -> object:
    return [
        cache.kept("probe", str(i % 7), Maker(bytes([i % 7]) * 100_000)) for i in range(number, number + 20)
    ]


def test_several_processes_share_a_cache(folder: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        for start, values in enumerate(pool.map(many, range(6))):
            assert values == [bytes([i % 7]) * 100_000 for i in range(start, start + 20)]
    assert len(list(folder.glob("probe-*"))) == 7


def test_clear_leaves_nothing(folder: Path) -> None:
    cache.kept("probe", "key", Maker())
    assert cache.clear() == 1
    assert list(folder.iterdir()) == []


def test_a_library_read_from_the_cache_is_the_one_in_the_files(folder: Path) -> None:
    own = paths.models() / "library"
    first, second = read_library(own), read_library(own)
    assert cache.state().kinds["library"][0] == 1
    assert second.generation > first.generation
    kinds = (
        "inhibitors",
        "cytokines",
        "cells",
        "populations",
        "milieus",
        "proteins",
        "parameters",
        "evidence",
    )
    for kind in kinds:
        assert getattr(first, kind) == getattr(second, kind), kind


def test_a_changed_library_file_is_seen(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine"
    (own / "inhibitors").mkdir(parents=True)
    text = (paths.models() / "library" / "inhibitors" / "baricitinib.yaml").read_text()
    file = own / "inhibitors" / "baricitinib.yaml"
    packaged = paths.models() / "library"
    file.write_text(text)
    before = read_library(packaged, own).inhibitor("baricitinib").molecular_weight.value
    about = file.stat()
    file.write_text(text.replace("371.42", "371.52"))
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))  # neither size nor time tell
    after = read_library(packaged, own).inhibitor("baricitinib").molecular_weight.value
    assert after - before == pytest.approx(0.1)


CONVERSIONS = """
import sys
from jakinib.units import UnitError, check_unit, factor
print(repr(factor("ng/mL", "g/L")), repr(factor("1/(nM*hour)", "1/(M*s)")), check_unit("nM"))
try:
    factor("ng/mL", "nM")
except UnitError as error:
    print(error)
print("pint" in sys.modules)
"""


def test_units_are_the_same_with_and_without_and_pint_is_loaded_once(folder: Path) -> None:
    def run(**env: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", CONVERSIONS], env={**os.environ, **env}, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    first, second, without = run(), run(), run(JAKINIB_CACHE="off")
    assert first[:-1] == second[:-1] == without[:-1]
    assert [out[-1] for out in (first, second, without)] == ["True", "False", "True"]


def test_a_unit_of_another_dimension_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(UnitError, match="'kg' is not convertible to 'hour'"):
            factor("kg", "hour")
    assert math.isclose(factor("kg", "g"), 1e3)
