"""Where models, evidence and results lie, in a checkout or inside the wheel; how files are written."""

from __future__ import annotations

import functools
import os
import platform
import re
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from jakinib.errors import InputError, WriteError

_PACKAGE = Path(__file__).resolve().parent


@functools.cache
def root() -> Path:
    """Folder that holds ``models/`` and ``fits/``."""
    for candidate in (_PACKAGE / "_data", _PACKAGE.parents[1]):
        if (candidate / "models" / "antimony").is_dir():
            return candidate
    raise InputError("models/ not found next to the package; reinstall jakinib or run inside a checkout")


def models() -> Path:
    return root() / "models"


def fits() -> Path:
    return root() / "fits"


def installed() -> bool:
    """Whether the package is an installed one, which is not written to, in place of a checkout."""
    return root() == _PACKAGE / "_data"


def own_results() -> Path | None:
    """Folder of the user's own results, one folder a plan: used only when JAKINIB_RESULTS names it.

    Raises InputError when it names anything but a folder.
    """
    named = os.environ.get("JAKINIB_RESULTS", "")
    if named and not Path(named).is_dir():
        raise InputError(f"JAKINIB_RESULTS: {named} is not a folder; make it, or correct the name")
    return Path(named) if named else None


def check_writable(*files: Path) -> None:
    """Find out before the work whether ``files`` can be written; leaves nothing behind.

    Raises WriteError for the first that cannot: a folder or a device stands there, a folder above it is a
    file, may not be written to or has no room.
    """
    for file in files:
        try:
            target = _regular(file)
            folder = target.parent
            while not folder.exists():
                folder = folder.parent
            if not folder.is_dir():
                raise WriteError(file, f"{folder} is not a folder")
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(bytes(4096))
                probe.flush()
            if folder == target.parent:
                target.exists()  # a name too long for the file system
        except OSError as error:
            raise WriteError(file, error) from error


def _regular(path: Path) -> Path:
    """Where a file is written: behind a link, and never in the place of a folder or a device."""
    target = path.resolve() if path.is_symlink() else path
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        raise WriteError(path, "a folder stands there" if stat.S_ISDIR(mode) else "it is not a regular file")
    return target


_MINE = f".jakinib-{re.sub(r'[^A-Za-z0-9]', '', platform.node())}-"  # what this machine is writing


def _clear(folder: Path) -> None:
    """Remove what processes of this machine were writing in a folder when they were killed."""
    for left in folder.glob(f"{_MINE}*"):
        process = left.name.removeprefix(_MINE).partition("-")[0]
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except (ValueError, OverflowError, PermissionError):
            continue  # not of this function, or of somebody who is alive


def write_atomic(path: Path, content: str | bytes | Callable[[Path], object]) -> None:
    """Write ``content`` (text as UTF-8): a reader sees the old file or the new one, never half of it.

    content: or a function that writes it to the path it is given.
    Raises WriteError when the file cannot be written.
    """
    try:
        target = _regular(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear(target.parent)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f"{_MINE}{os.getpid()}-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                if not callable(content):
                    stream.write(content.encode("utf-8") if isinstance(content, str) else content)
            if callable(content):
                content(temporary)
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WriteError(path, error) from error
