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

IMPORTS = """
import sys, jakinib
heavy = {"roadrunner", "antimony", "libsbml", "matplotlib", "pandas", "pint", "scipy", "tellurium"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
jakinib.load("oral_pk")
assert {"roadrunner", "antimony"} <= set(sys.modules)
assert not {"tellurium", "matplotlib", "IPython"} & set(sys.modules)
"""


def python(code: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], input=stdin, capture_output=True, encoding="utf-8")


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


def test_engine_crashes_on_the_integrator_of_a_temporary(sbml: Callable[[str], str]) -> None:
    text = sbml("species A; A = 1; J: A -> ; k * A; k = 1")
    assert python(BORROWED, text).returncode < 0


def test_engine_prints_past_its_logger(raw: Callable[[str], Any], capfd: pytest.CaptureFixture[str]) -> None:
    engine = raw("species A; A = 1; J: -> A; k * A * A; k = 1")
    with pytest.raises(RuntimeError):
        engine.simulate(0, 5, 6)
    ctypes.CDLL(None).fflush(None)  # the engine writes through C's buffer, not Python's
    assert "CVode" in capfd.readouterr().out


def test_the_package_imports_nothing_heavy_and_the_core_never_tellurium() -> None:
    done = python(IMPORTS)
    assert done.returncode == 0, done.stderr
