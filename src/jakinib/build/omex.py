"""The SBML model inside somebody's COMBINE archive; nothing is unpacked to disk."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from jakinib.build.read import guard
from jakinib.errors import InputError, UnknownIdError
from jakinib.files import decode, short
from jakinib.files.text import LARGEST, read_bytes

_ENTRY = "{http://identifiers.org/combine.specifications/omex-manifest}content"
_SBML = "http://identifiers.org/combine.specifications/sbml"


def is_archive(path: Path) -> bool:
    """Does this path, perhaps with ``#place`` behind it, name a COMBINE archive?"""
    return str(path).partition("#")[0].lower().endswith(".omex")


def sbml_in(path: Path) -> str:
    """Text of the model in ``file.omex``, or at a place in it: ``file.omex#models/a.xml``.

    Raises InputError for a file that is no archive, places outside it, an entry too large to be a model, or
    several models and no place; UnknownIdError for a place it lacks.
    """
    name, _, place = str(path).partition("#")
    where = short(Path(name))
    content = io.BytesIO(read_bytes(Path(name)))
    try:
        with zipfile.ZipFile(content) as archive:
            models = _models(archive, where)
            if not place and len(models) > 1:
                raise InputError(
                    f"{where}: holds {len(models)} models; name one, for example {where}#{models[0]}"
                )
            if not models:
                raise InputError(f"{where}: its manifest names no SBML model")
            if place and place not in models:
                raise UnknownIdError("model", place, models, where=where)
            return _read(archive, place or models[0], where)
    except OSError as error:
        raise InputError(f"{where}: {error.strerror or error}") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{where}: not a COMBINE archive: {error}") from None


def _models(archive: zipfile.ZipFile, where: str) -> list[str]:
    """Places of the SBML models the manifest names."""
    for member in archive.namelist():
        _inside(member, where)
    text = _read(archive, "manifest.xml", where)
    guard(text, f"{where}#manifest.xml")
    found = []
    for entry in ElementTree.fromstring(text).iter(_ENTRY):
        if entry.get("format", "").startswith(_SBML):
            found.append(_inside(entry.get("location", ""), where))
    return found


def _inside(place: str, where: str) -> str:
    """The place without a leading ``./``; refused when it leaves the archive."""
    parts = PurePosixPath(place.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0:1]:
        raise InputError(f"{where}: names '{place}', which lies outside the archive; do not trust this file")
    return parts.as_posix()


def _read(archive: zipfile.ZipFile, place: str, where: str) -> str:
    try:
        entry = archive.getinfo(place)
    except KeyError:
        raise InputError(f"{where}: lacks {place}") from None
    if entry.file_size > LARGEST:
        raise InputError(f"{where}#{place}: {entry.file_size} bytes unpacked; at most {LARGEST} are read")
    with archive.open(entry) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InputError(f"{where}#{place}: more than {LARGEST} bytes unpacked")
    return decode(content, f"{where}#{place}")
