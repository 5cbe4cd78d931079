"""What is slow to make and always comes out the same, kept in a folder of the user for the next process.

An entry is found by all that it follows from: its sources, the code of this package, the versions of the
libraries and the processor. What a user changes has another key, so an old entry is never an answer. An entry
that is damaged in any way counts as absent. JAKINIB_CACHE=off does without; any other text names the folder.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import platform
import stat
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from jakinib.errors import InputError, WriteError
from jakinib.paths import write_atomic

T = TypeVar("T")

SWITCH = "JAKINIB_CACHE"
MOST = 256_000_000  # bytes; beyond it, entries go that were not used for longest
_UNLISTED: dict[Path, int] = {}  # bytes written to a folder since its entries were listed
WORTH = 0.005  # s; what is made more quickly than that is not kept
_MARK = b"jakinib 1\n"
_DAY = 86_400.0  # s; the time of last use is written once a day
_LIBRARIES = ("antimony", "libroadrunner", "numpy", "pint", "pydantic", "python-libsbml", "pyyaml")


@dataclass(frozen=True)
class State:
    """What there is. folder: None where none can be used; reason: why. kinds: (entries, bytes) by kind."""

    folder: Path | None
    reason: str
    kinds: dict[str, tuple[int, int]]


def kept(kind: str, key: str | Callable[[], str], make: Callable[[], T]) -> T:
    """What ``make`` returns, from the cache where it is there.

    It must follow from the key and the code alone, and be a value that pickle can keep. kind: a word that
    ``jakinib cache info`` shows. key: or a function that reads it from files; it is asked again after
    ``make``, since a file may have been changed meanwhile.
    """
    if not usable():
        return make()
    before = key if isinstance(key, str) else key()
    place = _place(kind, before)
    if place is not None and (found := _read(*place)) is not None:
        return found[0]
    begun = time.perf_counter()
    value = make()
    worth = time.perf_counter() - begun >= WORTH
    if place is not None and worth and (isinstance(key, str) or key() == before):
        _write(*place, value)
    return value


def update(kind: str, key: str, value: object) -> None:
    """Keep ``value`` in the place of what was kept under this key."""
    if (place := _place(kind, key)) is not None:
        _write(*place, value)


def contents(paths: Iterable[Path]) -> str:
    """The names of files and a digest of what is in them: a key of what is read from them."""
    found = []
    for path in paths:
        inside = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found.append(f"{path.absolute()} {inside}")
    return "\n".join(found)


def usable() -> bool:
    """Is there a cache to keep anything in?"""
    return _folder()[0] is not None


def state() -> State:
    """Where the cache is and what it holds."""
    folder, reason = _folder()
    kinds: dict[str, tuple[int, int]] = {}
    for path, _, size in _entries(folder):
        number, total = kinds.get(path.name.partition("-")[0], (0, 0))
        kinds[path.name.partition("-")[0]] = (number + 1, total + size)
    return State(folder, reason, dict(sorted(kinds.items())))


def clear() -> int:
    """Remove every entry; returns how many there were. Raises WriteError where one cannot be removed."""
    entries = _entries(_folder()[0])
    for path, _, _ in entries:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise WriteError(path, error) from error
    return len(entries)


@functools.cache
def _stamp() -> str:
    """The code, the libraries and the processor that entries are made with."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".j2"):
            digest.update(f"{path.relative_to(package)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    parts = [sys.version, platform.platform(), platform.machine(), _processor(), digest.hexdigest()]
    return "\n".join([*parts, *(f"{name} {version(name)}" for name in _LIBRARIES)])


def _processor() -> str:
    """The kind of processor, since compiled code may use what another one lacks."""
    with suppress(OSError):
        words = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU")
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
        return "\n".join(line for line in first.splitlines() if line.startswith(words) and "MHz" not in line)
    return f"{platform.processor()} {platform.node()}"


def _place(kind: str, key: str) -> tuple[Path, bytes] | None:
    """The file of an entry, and the digest that stands in it; None where there is no cache."""
    folder = _folder()[0]
    if folder is None:
        return None
    digest = hashlib.sha256(f"{kind}\n{_stamp()}\n{key}".encode())
    return folder / f"{kind}-{digest.hexdigest()}", digest.digest()


def _folder() -> tuple[Path | None, str]:
    """The folder of the entries, the user's own as they may hold machine code; or why there is none.

    Raises InputError where JAKINIB_CACHE names anything but a folder.
    """
    return _usable(os.environ.get(SWITCH, ""))


@functools.lru_cache(maxsize=8)
def _usable(named: str) -> tuple[Path | None, str]:
    if named.lower() == "off":
        return None, f"{SWITCH} is off"
    if named and Path(named).exists() and not Path(named).is_dir():
        raise InputError(f"{SWITCH}: {named} is not a folder; name one, or write off")
    if named:
        base = Path(named).absolute()
    else:
        from platformdirs import user_cache_path

        base = user_cache_path("jakinib")
        if not base.is_absolute():
            return None, "the user has no home folder"
    folder = base / "entries"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.lstat()
    except OSError as error:
        return None, f"{folder}: {error.strerror or error}"
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
        return None, f"{folder} is not a folder that this user alone can write to"
    return folder, ""


def _read(path: Path, digest: bytes) -> tuple[Any] | None:
    """The value of an entry; None for one that is absent, damaged or under a name that is not its own."""
    try:
        content = path.read_bytes()
        head, body = content[: len(_MARK) + 64], content[len(_MARK) + 64 :]
        if head != _MARK + digest + hashlib.sha256(body).digest():
            return None
        if time.time() - path.stat().st_mtime > _DAY:
            with suppress(OSError):
                os.utime(path)
        return (pickle.loads(zlib.decompress(body)),)
    except FileNotFoundError:
        return None
    except Exception:  # whatever pickle meets in what it cannot read; the entry is made again
        return None


def _write(path: Path, digest: bytes, value: object) -> None:
    """Keep a value where that is possible: results do not depend on it."""
    body = zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), 1)
    with suppress(WriteError):
        write_atomic(path, _MARK + digest + hashlib.sha256(body).digest() + body)
        _keep_within(path.parent, len(body))


def _keep_within(folder: Path, written: int) -> None:
    """Remove the entries that were not used for longest, down to nine tenths of what is allowed.

    Listing them takes longer than most writes, so that it is done when a process first writes here and each
    time it has written a hundredth of what is allowed.
    """
    unlisted = _UNLISTED.get(folder, MOST) + written
    _UNLISTED[folder] = unlisted if unlisted < MOST / 100 else 0
    if _UNLISTED[folder]:
        return
    entries = _entries(folder)
    total = sum(size for _, _, size in entries)
    if total <= MOST:
        return
    for path, _, size in sorted(entries, key=lambda entry: entry[1]):
        with suppress(OSError):
            path.unlink(missing_ok=True)
        total -= size
        if total <= 0.9 * MOST:
            return


def _entries(folder: Path | None) -> list[tuple[Path, float, int]]:
    """(file, time of last use, bytes) of every entry; other processes may remove some meanwhile."""
    found = []
    if folder is not None:
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                about = path.stat()
                found.append((path, about.st_mtime, about.st_size))
    return found
