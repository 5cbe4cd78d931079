"""Builds the lane engine where a C compiler is there; without one the package runs on libRoadRunner alone.

No failure in here ends an installation. ``python hatch_build.py`` builds it in the source tree, as an
editable installation does.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script
    BuildHookInterface = object  # type: ignore[assignment, misc]

FOLDER = Path(__file__).resolve().parent / "src" / "jakinib" / "lanes"
SOURCES = ("lanes.c", "kernel.h", "vectors.h")
LIBRARY = "_lanes.so"
OPTIONS = ("-O3", "-fno-math-errno", "-shared", "-fPIC", "-w")
LONGEST = 600  # s


def built(folder: Path) -> Path | None:
    """The library, built into a folder; None, with a line that says why, where that is not possible."""
    try:
        return _compiled(folder)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        lines = str(getattr(error, "stderr", None) or error).strip().splitlines() or ["no reason given"]
        print(
            f"jakinib: the lane engine was not built ({lines[0]}): many runs at once will be slower",
            file=sys.stderr,
        )
        return None


def _compiled(folder: Path) -> Path:
    command = shlex.split(os.environ.get("CC", "cc"))
    if not command or shutil.which(command[0]) is None:
        raise OSError(f"no C compiler {' '.join(command)}")
    digest = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made = Path(scratch) / LIBRARY
        order = [*command, *OPTIONS, f'-DSOURCE="{digest}"', str(FOLDER / SOURCES[0]), "-o", str(made), "-lm"]
        subprocess.run(
            order, check=True, capture_output=True, encoding="utf-8", errors="replace", timeout=LONGEST
        )
        ctypes.CDLL(str(made))  # one that cannot be opened here is of no use
        return made.replace(folder / LIBRARY)


class CustomBuildHook(BuildHookInterface):
    """Wheels carry the library for their platform; the source distribution carries its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        self._scratch: Path | None = None
        if self.target_name != "wheel":
            return
        if version == "editable":
            library = built(FOLDER)
        else:  # away from the tree, whose own library an editable installation uses
            self._scratch = Path(tempfile.mkdtemp())
            library = built(self._scratch)
        if library is None:
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        if version != "editable":
            build_data["force_include"][str(library)] = f"jakinib/lanes/{LIBRARY}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(built(FOLDER) is None)
