"""What a user waits for: models that load, commands in fresh processes, with and without the cache.

Commands run as installed ones do, their byte code kept.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from cases import as_if_new
from goals import Row, in_turn
from measure import rounds

import jakinib as jk
from jakinib import cache

SCRIPT = str(Path(sys.executable).with_name("jakinib"))
ASSAY = ["assay"]
DRUGS = ("baricitinib 4 mg qd", "tofacitinib 5 mg bid", "upadacitinib 15 mg qd")
COMPARE = ["compare", *(word for drug in DRUGS for word in ("--regimen", drug))]
EVALUATE = ["evaluate", "--exit-zero"]


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        yield _loaded("cytokine_signalling_IL6", folder, 10)
        yield _loaded("cytokine_signalling", folder, 12)
    with tempfile.TemporaryDirectory() as folder:
        run, again = _commands(Path(folder)), _commands(Path(folder) / "cold")
        yield _taken("jakinib assay, with its band", lambda: run(ASSAY), 7, 1.2)
        yield _taken("jakinib compare, three drugs", lambda: run(COMPARE), 3, 4)
        yield _taken("jakinib evaluate, two workers", lambda: run(EVALUATE), 1, 12)
        yield _taken("the same without a cache yet", lambda: again(EVALUATE), 1, 25, warm=0)


def _loaded(name: str, folder: str, goal: float) -> Row:
    """A model from its SBML; the engine reuses the code of a live model, so the name differs each time."""
    text = jk.load(name).sbml
    known: list[str] = []
    before = os.environ.get(cache.SWITCH)

    def kept() -> None:  # an entry that was written by another round
        os.environ[cache.SWITCH] = folder
        if not known:
            known.append(as_if_new(text))
            jk.Model(known[0])
        jk.Model(known[0])

    def new() -> None:
        os.environ[cache.SWITCH] = "off"
        jk.Model(as_if_new(text))

    try:
        return in_turn(f"load {name}", {"compiled": new, "from the cache": kept}, 11, ratio=goal)
    finally:
        os.environ.pop(cache.SWITCH)
        if before is not None:
            os.environ[cache.SWITCH] = before


def _commands(folder: Path) -> Callable[[list[str]], object]:
    """Runs a command in a folder, with a cache and byte code of its own there."""
    folder.mkdir(exist_ok=True)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= {cache.SWITCH: str(folder / "cache"), "PYTHONPYCACHEPREFIX": str(folder / "code")}
    return lambda words: subprocess.run(
        [SCRIPT, *words], check=True, capture_output=True, env=env, cwd=folder
    )


def _taken(work: str, command: Callable[[], object], number: int, most: float, warm: int = 1) -> Row:
    """Wall seconds of a command, with those of all processors beside it, which noise lengthens less."""
    spent: list[float] = []

    def timed() -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    try:
        seconds = rounds({"wall time": timed}, number, warm, time.perf_counter)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()[-1]
        return Row(work, {}, most=most, unit="s", note=f"ended with {error.returncode}: {said}")
    note = f" ({median(spent[warm:]):.3g} of processors)"
    return Row(work, {name: median(times) for name, times in seconds.items()}, "s", most=most, note=note)
