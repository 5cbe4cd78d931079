"""The compiled interpreter: found beside this file, opened by ctypes, called with arrays.

JAKINIB_LANES=off does without it: every run is then one of libRoadRunner, which takes several times longer.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.lanes.program import Code, Program

SWITCH = "JAKINIB_LANES"
SOURCES = ("lanes.c", "kernel.h", "vectors.h")
LIBRARY = "_lanes.so"
TOO_SHORT, TOO_MANY, LOST, NOT_FINITE = 1, 2, 3, 16  # statuses; the last is that of the first observable
MOST = 100_000  # steps of a run
Array = NDArray[np.float64]


class _Code(ctypes.Structure):
    _fields_ = (("length", ctypes.c_int64), ("code", ctypes.c_void_p))


_COUNTS = ("n", "parameters", "constants", "slots", "slopes", "places", "observables", "below", "above")
_CODES = ("prepare", "rates", "both", "read")
_LISTS = (
    "rate", "rate_of_both", "slope", "slope_place", "diagonal", "factor", "forward", "backward",
    "observed", "constant",
)  # fmt: skip


class _Model(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in _COUNTS),
        *((name, _Code) for name in _CODES),
        *((name, ctypes.c_void_p) for name in _LISTS),
    )


_WORK = (
    "atol", "state", "parameter", "start", "stop_time", "set_value", "read_time",
    "first_stop", "first_set", "first_read", "set_slot", "out", "failed_at", "status", "taken",
)  # fmt: skip


class _Work(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("jobs", "most", "together")),
        ("rtol", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in _WORK),
    )


def digest(folder: Path) -> str:
    """Of the sources of the interpreter; the library says which it was built from."""
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in SOURCES)).hexdigest()[:16]


@functools.cache
def library() -> Any:
    """The library, or a text that says why there is none."""
    if os.environ.get(SWITCH, "").strip().lower() == "off":
        return f"the lane engine is off ({SWITCH})"
    folder = Path(__file__).parent
    if not (folder / LIBRARY).is_file():
        return "the lane engine was not built, which needs a C compiler"
    try:
        found = ctypes.CDLL(str(folder / LIBRARY))
        found.lanes_source.restype = ctypes.c_char_p
    except (OSError, AttributeError) as error:  # of another system, or not a library of ours
        return f"the lane engine cannot be opened ({error})"
    found.lanes_width.restype = ctypes.c_int64
    if found.lanes_source().decode() != digest(folder):
        return "the lane engine was built from other sources"
    return found


@functools.cache
def available() -> bool:
    """Whether there is a library; where there is none, that is said once, by the process a user started."""
    found = library()
    if isinstance(found, str) and parent_process() is None:
        logging.getLogger(__name__).warning("jakinib: %s; many runs at once take several times longer", found)
    return not isinstance(found, str)


def identity() -> str | None:
    """Digest of the sources that the library was built from; None where there is none."""
    return digest(Path(__file__).parent) if available() else None


class Compiled:
    """A program and what is read, laid out for the interpreter."""

    def __init__(self, program: Program, read: Code) -> None:
        both, states = program.both, len(program.equations.states)
        codes = {"prepare": program.prepare, "rates": program.rates, "both": both, "read": read}
        lists = {
            "rate": program.rates.results, "rate_of_both": both.results[:states],
            "slope": both.results[states:], "slope_place": program.slope_place,
            "diagonal": program.diagonal, "factor": program.factor,
            "forward": program.forward, "backward": program.backward,
            "observed": read.results, "constant": program.constants,
        }  # fmt: skip
        self._kept = [np.ascontiguousarray(a) for a in lists.values()]
        self._kept += [np.ascontiguousarray(code.operations) for code in codes.values()]
        self.model = _Model(
            states, len(program.equations.parameters), len(program.constants),
            max(code.slots for code in codes.values()), len(program.slope_place), program.places,
            len(read.results), len(program.forward), len(program.backward),
            *(_Code(len(a), a.ctypes.data) for a in self._kept[len(lists) :]),
            *(a.ctypes.data for a in self._kept[: len(lists)]),
        )  # fmt: skip
        self.observables = len(read.results)


@dataclass(frozen=True)
class Ended:
    """values: (readings of all runs, observables). status, time of failure and steps by run."""

    values: Array
    status: NDArray[np.int64]
    failed_at: Array
    steps: NDArray[np.int64]


def run(
    compiled: Compiled, rtol: float, arrays: Mapping[str, NDArray[Any]], *, together: bool = False
) -> Ended:
    """Integrate the runs that ``arrays`` describe, by the names of lanes.c."""
    jobs = len(arrays["start"])
    out = np.full((len(arrays["read_time"]), compiled.observables), np.nan)
    status, taken = np.zeros(jobs, np.int64), np.zeros(jobs, np.int64)
    failed_at = np.zeros(jobs)
    whole = {**arrays, "out": out, "failed_at": failed_at, "status": status, "taken": taken}
    work = _Work(jobs, MOST, int(together), rtol, *(whole[name].ctypes.data for name in _WORK))
    if library().lanes_run(ctypes.byref(compiled.model), ctypes.byref(work)) != 0:
        raise MemoryError("the lane engine lacks memory")
    return Ended(out, status, failed_at, taken)
