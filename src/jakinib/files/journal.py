"""What an unfinished run has done so far, in one file: run again, it goes on from there.

The first line names the job: whatever its result depends on. Each finished piece follows as a line that says
what it is and a block of bytes. A piece carries the key of its job and a checksum, so that one of another job
or a damaged one is noticed. A piece whose end is missing was being written when the run was killed; it is
dropped and made again.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from jakinib.errors import InputError, WriteError
from jakinib.paths import check_writable, write_atomic

FORMAT = "jakinib journal 1"
LONGEST_LINE = 1 << 20  # bytes
UNLOCKABLE = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)  # file systems that have no locks


def read_record(path: Path, what: str, then: str) -> dict[str, Any]:
    """A JSON object from a file; ``what`` it should be and what to do ``then`` go into the message.

    Raises InputError for a file that cannot be read or holds anything else.
    """
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot read ({error.strerror}); {then}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is damaged, not {what}; {then}") from None
    if not isinstance(record, dict):
        raise InputError(f"{path}: is damaged, not {what}; {then}")
    return record


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first three entries of ``now`` that were another in ``then``; empty when there is none."""
    before, after = _flat(then), _flat(json.loads(json.dumps(now)))
    names = [name for name in after if name not in before or before[name] != after[name]]
    return ", ".join(f"{name} ({before.get(name)} then, {after[name]} now)" for name in names[:3])


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in record.items():
        out |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return out


def _digest(name: str, content: bytes) -> str:
    return hashlib.sha256(name.encode() + b"\n" + content).hexdigest()


class Journal:
    """Finished pieces of one job by name, in the order in which they were added.

    path: the file; it exists until ``remove``. job: everything the result depends on, as plain data.
    One run at a time has a journal; leave it as a context manager to let go of the file.
    Raises InputError when the file is damaged, belongs to another job or is in use; WriteError when it cannot
    be written.
    """

    def __init__(self, path: Path, job: Mapping[str, Any]) -> None:
        self.path, self.job = path, json.loads(json.dumps(job))
        canonical = json.dumps(self.job, sort_keys=True).encode()
        self.key = hashlib.sha256(FORMAT.encode() + canonical).hexdigest()
        self._places: dict[str, tuple[int, int]] = {}
        check_writable(path)
        self._file = self._open()
        try:
            self._end = self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, name: str) -> bytes:
        start, size = self._places[name]
        self._file.seek(start)
        return self._file.read(size)

    def add(self, name: str, content: bytes) -> None:
        """Keep a finished piece."""
        header = {"piece": name, "job": self.key, "bytes": len(content), "sha256": _digest(name, content)}
        line = json.dumps(header).encode()
        try:
            self._file.seek(self._end)
            rest = memoryview(line + b"\n" + content + b"\n")
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise WriteError(self.path, error) from error
        start = self._end + len(line) + 1
        self._places[name] = start, len(content)
        self._end = start + len(content) + 1

    def remove(self) -> None:
        """Forget the pieces: the result is written."""
        self.path.unlink(missing_ok=True)
        self._file.close()

    def _open(self) -> IO[bytes]:
        """The file, locked for this run; made with its first line when there is none."""
        while True:
            if not self.path.exists():
                write_atomic(self.path, json.dumps({"format": FORMAT, "job": self.job}) + "\n")
            try:
                # Unbuffered: a failed write leaves nothing behind that a later close would write.
                file = self.path.open("r+b", buffering=0)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise WriteError(self.path, error) from error
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise InputError(
                    f"{self.path}: another run is at work on this; wait for it or end it"
                ) from None
            except OSError as error:
                if error.errno not in UNLOCKABLE:
                    file.close()
                    raise WriteError(self.path, error) from error
            if self._is_current(file):
                return file
            file.close()

    def _is_current(self, file: IO[bytes]) -> bool:
        """Whether the path still leads to the file: another run may have removed it before the lock."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def _read(self) -> int:
        """Find the pieces; returns where the next one goes."""
        self._require_same_job()
        while True:
            begin = self._file.tell()
            line = self._line()
            if not line.endswith(b"\n"):
                if len(line) == LONGEST_LINE:
                    raise self._damaged()
                break
            name, size, digest = self._header(line)
            start = self._file.tell()
            content = self._file.read(size)
            if len(content) < size or not (end := self._file.read(1)):
                break
            if end != b"\n" or _digest(name, content) != digest:
                raise self._damaged()
            self._places[name] = start, size
        try:
            self._file.truncate(begin)
        except OSError as error:
            raise WriteError(self.path, error) from error
        return begin

    def _require_same_job(self) -> None:
        line = self._line()
        try:
            first = json.loads(line)
            job = first["job"] if line.endswith(b"\n") and first["format"] == FORMAT else None
        except (ValueError, TypeError, KeyError, RecursionError):
            job = None
        if not isinstance(job, dict):
            raise self._damaged()
        if job != self.job:
            changed = differences(job, self.job) or "other settings"
            raise InputError(
                f"{self.path}: keeps what an unfinished run of another job has done: {changed}; repeat that "
                f"run to finish it, or remove {self.path} to begin this one"
            )

    def _header(self, line: bytes) -> tuple[str, int, str]:
        try:
            header = json.loads(line)
            name, job, size, digest = (header[key] for key in ("piece", "job", "bytes", "sha256"))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._damaged() from None
        if not isinstance(name, str) or type(size) is not int or size < 0:
            raise self._damaged()
        if job != self.key:
            raise InputError(f"{self.path}: holds a piece of another job ({name}); remove {self.path}")
        return name, size, digest

    def _line(self) -> bytes:
        """The next line; without its end where the file ends before it or it is far too long."""
        begin = self._file.tell()
        chunk = self._file.read(LONGEST_LINE)
        line = chunk[: chunk.find(b"\n") + 1] or chunk
        self._file.seek(begin + len(line))
        return line

    def _damaged(self) -> InputError:
        return InputError(
            f"{self.path}: is damaged and cannot be gone on from; remove {self.path} to begin again"
        )
