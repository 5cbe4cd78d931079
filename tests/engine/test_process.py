"""The engine as a citizen of its process: leaks, crashes, output, imports.

libRoadRunner also holds the GIL while it simulates, so work is spread over processes, not threads; showing
that takes a clock, so it is not tested here.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jakinib as jk

LEAK = """
import antimony
from jakinib.build.sbml import translate

def resident():
    return int(open("/proc/self/statm").read().split()[1])

def growth(load):
    before = resident()
    for _ in range(300):
        load()
    return resident() - before

def leaky():
    antimony.loadAntimonyString(text)
    antimony.getSBMLString("d")

text = "model d\\n A -> B; k * A; k = 1; A = 1; B = 0\\nend"
for _ in range(50):
    translate(text, "d")
print(growth(lambda: translate(text, "d")), growth(leaky))
"""

BORROWED = """
import sys, roadrunner
roadrunner.RoadRunner(sys.stdin.read()).integrator.relative_tolerance
"""

# Maps all of high memory but holes of at most 16 KiB, and 4 GiB below; then compiles a model whose code is
# larger than any hole.
FAR = """
import mmap, sys
import roadrunner as rr
from jakinib.simulate.jit import compiled

def load(sbml):
    if sys.argv[1] == "jakinib":
        return compiled(sbml)
    rr.Logger.setLevel(rr.Logger.LOG_FATAL)
    rr.Config.setValue(rr.Config.LLVM_BACKEND, rr.Config.LLJIT)
    return rr.RoadRunner(sbml)

sbml = sys.stdin.read()
filled = [mmap.mmap(-1, 2**power) for power in (22, 20, 18, 16, 15) for _ in range(60)]
far = mmap.mmap(-1, 2**32 + 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
for number in range(4):
    model = load(sbml.replace("<model ", f"<!-- {number} --><model ", 1))
    model.simulate(0, 1, 2)
print("survived")
"""

IMPORTS = """
import sys, jakinib
heavy = {"roadrunner", "antimony", "libsbml", "matplotlib", "pandas", "pint", "scipy", "tellurium"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
jakinib.load("oral_pk")
assert "roadrunner" in sys.modules
assert not {"tellurium", "matplotlib", "IPython"} & set(sys.modules)
"""


def python(code: str, stdin: str = "", *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, encoding="utf-8")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads resident memory from /proc")
def test_antimony_leaks_with_every_load_and_translate_does_not() -> None:
    done = python(LEAK)
    assert done.returncode == 0, done.stderr
    cleaned, leaky = (int(pages) for pages in done.stdout.split())
    assert leaky > 1000
    assert cleaned < leaky / 10


def test_a_model_is_translated_and_compiled_once() -> None:
    assert jk.load("cytokine_signalling", cytokines="IL-6") is jk.load(
        "cytokine_signalling", cytokines="il-6"
    )


@pytest.mark.engine
def test_engine_crashes_on_the_integrator_of_a_temporary(sbml: Callable[[str], str]) -> None:
    text = sbml("species A; A = 1; J: A -> ; k * A; k = 1")
    assert python(BORROWED, text).returncode < 0


@pytest.mark.skipif(sys.platform != "linux", reason="lays out memory as Linux does")
def test_a_model_loads_however_much_memory_is_mapped() -> None:
    done = python(FAR, jk.load("cytokine_signalling", cytokines="IL-6").sbml, "jakinib")
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="lays out memory as Linux does")
@pytest.mark.engine
def test_the_newer_backend_crashes_when_much_memory_is_mapped() -> None:
    done = python(FAR, jk.load("cytokine_signalling", cytokines="IL-6").sbml, "LLJIT")
    if done.returncode == 0:
        pytest.skip("the layout of memory here keeps constants and code together")
    assert done.returncode < 0, done.stderr


@pytest.mark.engine
def test_engine_prints_past_its_logger(raw: Callable[[str], Any], capfd: pytest.CaptureFixture[str]) -> None:
    engine = raw("species A; A = 1; J: -> A; k * A * A; k = 1")
    with pytest.raises(RuntimeError):
        engine.simulate(0, 5, 6)
    ctypes.CDLL(None).fflush(None)  # the engine writes through C's buffer, not Python's
    assert "CVode" in capfd.readouterr().out


def test_the_package_imports_nothing_heavy_and_the_core_never_tellurium() -> None:
    done = python(IMPORTS)
    assert done.returncode == 0, done.stderr
