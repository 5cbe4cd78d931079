"""The text of a file, whatever byte order mark, encoding or compression it comes with."""

from __future__ import annotations

import codecs
import re
import stat
import zlib
from pathlib import Path

from jakinib.errors import InputError

LARGEST = 50_000_000  # bytes of one file, unpacked
# The longer marks come first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_USUAL = re.compile(
    r"utf-?8|utf-?16|(us-)?ascii|(iso-?8859|latin|windows|cp)[-_]?\d+([-_]\d+)?", re.IGNORECASE
)
_DECLARATION = re.compile(r"""^(\s*<\?xml[^>]*?encoding\s*=\s*)["'][^"']*["']""")


class FileError(InputError):
    """A file that cannot be used as it stands; knows the file, the line and the column."""

    def __init__(self, where: str | Path, problem: str, line: int | None = None, column: str = "") -> None:
        self.file = short(where) if isinstance(where, Path) else where
        self.problem, self.line, self.column = problem, line, column
        at = self.file if line is None else f"{self.file}:{line}"
        super().__init__(f"{at}: column {column}: {problem}" if column else f"{at}: {problem}")


def short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read_text(path: Path, most: int = LARGEST) -> str:
    """Text of a file of at most ``most`` bytes, with line ends as ``\\n``; a gzip file is unpacked.

    Raises FileError for what is no readable text.
    """
    return decode(read_bytes(path, most), short(path))


def read_bytes(path: Path, most: int = LARGEST) -> bytes:
    """The bytes of a regular file; pipes and devices could be read for ever and are refused unopened."""
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise FileError(path, "is a folder; name a file in it")
        if not stat.S_ISREG(about.st_mode):
            raise FileError(path, "is a pipe or a device; name a regular file")
        if about.st_size > most:
            raise FileError(path, f"{about.st_size:,} bytes; at most {most:,} are read, split the file")
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise FileError(path, "no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise FileError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > most:
        raise FileError(path, f"more than {most:,} bytes; split the file")
    return content


def decode(content: bytes, where: str) -> str:
    """Text of the bytes of a file: UTF-8, what a byte order mark says, or what XML declares."""
    if content.startswith(b"\x1f\x8b"):
        content = _unpacked(content, where)
    if content.startswith(b"PK\x03\x04"):
        raise FileError(where, "is a zip archive; unpack it, or name a COMBINE archive .omex")
    encoding = "utf-8"
    for mark, of in _MARKS:
        if content.startswith(mark):
            encoding, content = of, content.removeprefix(mark) if of == "utf-8" else content
            break
    else:
        if (declared := _DECLARED.match(content)) is not None:
            encoding = declared[1].decode()
            if not _USUAL.fullmatch(encoding):
                raise FileError(
                    where, f"declares the encoding '{encoding}', which is not read; save it as UTF-8", 1
                )
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
            raise FileError(where, f"not {encoding} text (byte {error.start}); save it as UTF-8") from None
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(where, f"not UTF-8 text (byte {error.start}); save it as UTF-8", line) from None
    except (LookupError, UnicodeError):
        raise FileError(
            where, f"declares the encoding '{encoding}', which is not known; save it as UTF-8", 1
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileError(where, "holds a NUL character, so it is no text; save it as UTF-8 text", line)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _DECLARATION.sub(r'\1"UTF-8"', text, count=1) if encoding != "utf-8" else text


def _unpacked(content: bytes, where: str) -> bytes:
    """What a gzip file holds; reading stops at ``LARGEST`` bytes, however much a small file unpacks to."""
    out = b""
    try:
        while content:
            unpack = zlib.decompressobj(wbits=31)
            out += unpack.decompress(content, LARGEST + 1 - len(out))
            if len(out) > LARGEST:
                raise FileError(where, f"unpacks to more than {LARGEST} bytes")
            if not unpack.eof:
                raise FileError(where, "is a gzip file that ends early; copy it again")
            content = unpack.unused_data
    except zlib.error as error:
        raise FileError(where, f"is a damaged gzip file ({error}); copy it again") from None
    return out
