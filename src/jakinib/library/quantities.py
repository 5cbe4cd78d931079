"""Every quantity of the library, and the published rows that it was taken from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jakinib.library.load import Library
from jakinib.library.schema import Quantity

KINDS = ("inhibitors", "cytokines", "cells", "populations", "milieus", "readouts")


def quantities(entry: Any, path: str = "") -> Iterator[tuple[str, Quantity]]:
    """Every quantity inside a library entry, with the place where it stands."""
    if isinstance(entry, Quantity):
        yield path, entry
    elif isinstance(entry, Mapping):
        for key, value in entry.items():
            yield from quantities(value, f"{path} {key}".strip())
    elif isinstance(entry, list | tuple):
        for item in entry:
            yield from quantities(item, path)
    elif hasattr(type(entry), "model_fields"):
        for name in type(entry).model_fields:
            yield from quantities(getattr(entry, name), f"{path} {name}".strip())


def named_in(library: Library) -> dict[str, set[str]]:
    """Kinds of the quantities that name a code (of a row or a fact) as the place they were taken from."""
    out: dict[str, set[str]] = {}
    for kind in (*KINDS, "parameters"):
        for _, quantity in quantities(getattr(library, kind)):
            for code in re.findall(r"\b[A-Z]+[0-9]+\b", quantity.location):
                out.setdefault(code, set()).add(quantity.kind)
    return out
