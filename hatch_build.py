"""Builds the lane engine where a C compiler is there; without one the package runs on libRoadRunner alone.

``python hatch_build.py`` builds it in the source tree, as an editable installation does.
"""

from __future__ import annotations

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

FOLDER = Path(__file__).parent / "src" / "jakinib" / "lanes"
SOURCES = ("lanes.c", "kernel.h")
LIBRARY = "_lanes.so"
OPTIONS = ("-O3", "-fno-math-errno", "-shared", "-fPIC", "-w")


def built() -> Path | None:
    """The library, built in its place; None, with a line that says why, where that is not possible."""
    target = FOLDER / LIBRARY
    target.unlink(missing_ok=True)
    command = shlex.split(os.environ.get("CC", "cc"))
    if not command or shutil.which(command[0]) is None:
        print("jakinib: no C compiler (cc): many runs at once will be slower", file=sys.stderr)
        return None
    digest = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        made = Path(scratch) / LIBRARY
        order = [*command, *OPTIONS, f'-DSOURCE="{digest}"', str(FOLDER / SOURCES[0]), "-o", str(made), "-lm"]
        done = subprocess.run(order, capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[0]
            print(
                f"jakinib: the C compiler failed ({reason}): many runs at once will be slower",
                file=sys.stderr,
            )
            return None
        made.replace(target)
    return target


class CustomBuildHook(BuildHookInterface):
    """Wheels carry the library for their platform; the source distribution carries its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or (library := built()) is None:
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        if version != "editable":
            build_data["force_include"][str(library)] = f"jakinib/lanes/{LIBRARY}"


if __name__ == "__main__":
    sys.exit(built() is None)
