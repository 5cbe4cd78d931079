"""How SBML becomes machine code: the one call that makes libRoadRunner compile a model."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any


def compiled(sbml: str) -> Any:
    """A RoadRunner of SBML text. Raises RuntimeError with libRoadRunner's reason.

    The newer LLJIT backend loads faster, but addresses constants and jump tables by 32-bit distances
    without keeping them near the code, and holds one thread per model: in a process with more than 2 GiB of
    mapped memory it jumps to wrong addresses (shown in tests/engine/test_process.py).
    """
    rr = _roadrunner()
    options = rr.LoadSBMLOptions()
    options.mutableInitialConditions = False  # a quarter less to compile; a fresh state is written, not reset
    return rr.RoadRunner(sbml, options)


def restored(state: bytes) -> Any:
    """A RoadRunner with the state, machine code included, that ``saveStateS`` gave in another process.

    Raises RuntimeError where libRoadRunner does not take it.
    """
    engine = _roadrunner().RoadRunner()
    engine.loadStateS(state)
    return engine


@functools.cache
def identity() -> str:
    """The build of libRoadRunner: a state is read by the one that wrote it alone."""
    rr = _roadrunner()
    files = sorted(Path(rr.__file__).parent.glob("_roadrunner*"))
    return f"{rr.__version__} {[(file.stat().st_size, file.stat().st_mtime_ns) for file in files]}"


def _roadrunner() -> Any:
    import roadrunner as rr

    rr.Logger.setLevel(rr.Logger.LOG_FATAL)
    rr.Config.setValue(rr.Config.LLVM_BACKEND, rr.Config.MCJIT)
    return rr
