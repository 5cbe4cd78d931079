"""What installed distributions add: entry points of the groups jakinib.library and jakinib.experiments."""

from __future__ import annotations

import functools
import os
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from jakinib.errors import InputError

LIBRARY_GROUP = "jakinib.library"
SWITCH = "JAKINIB_PLUGINS"  # "off" leaves every plug-in out


def _name(point: EntryPoint) -> str:
    return "an unnamed distribution" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def _refuse(point: EntryPoint, reason: str) -> InputError:
    return InputError(
        f"plug-in '{point.name}' of {_name(point)} ({point.group}: {point.value}) {reason}; "
        f"repair or uninstall that distribution, or set {SWITCH}=off to leave all plug-ins out"
    )


@functools.cache
def objects(group: str) -> tuple[tuple[EntryPoint, Any], ...]:
    """(entry point, what it names) of every installed plug-in of ``group``, by name; looked up once.

    Raises InputError naming the distribution when one cannot be imported.
    """
    if os.environ.get(SWITCH, "").lower() == "off":
        return ()
    found = []
    for point in sorted(entry_points(group=group), key=lambda p: (p.name, p.value)):
        try:
            found.append((point, point.load()))
        except (Exception, SystemExit) as error:
            raise _refuse(point, f"cannot be imported: {type(error).__name__}: {error}") from error
    return tuple(found)


@functools.cache
def library_folders() -> tuple[Path, ...]:
    """Folders that plug-ins of the group jakinib.library name, by a path or a callable that returns one."""
    found = []
    for point, given in objects(LIBRARY_GROUP):
        try:
            named = given() if callable(given) else given
            folder = Path(named)
        except (Exception, SystemExit) as error:
            raise _refuse(point, f"names no folder: {type(error).__name__}: {error}") from error
        if not folder.is_dir():
            raise _refuse(point, f"names '{folder}', which is no folder")
        found.append(folder)
    return tuple(found)


def extra_folders() -> tuple[Path, ...]:
    """Library folders from outside the package: plug-ins first, then those of JAKINIB_LIBRARY, which win."""
    listed = os.environ.get("JAKINIB_LIBRARY", "").split(os.pathsep)
    return (*library_folders(), *(Path(item) for item in listed if item))
