"""Where the models and the evidence lie: in the checkout, or carried inside the installed wheel."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jakinib.errors import InputError

_PACKAGE = Path(__file__).resolve().parent


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


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write ``content`` (text as UTF-8): a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode("utf-8") if isinstance(content, str) else content)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
