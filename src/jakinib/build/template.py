"""Instantiate the hand-written Antimony sources: replace their tokens by library names.

Antimony's own submodules cannot be used with units on everything: units of a submodule are renamed on
flattening and then count as incompatible with the same units of its parent (Antimony 3.3).
"""

from __future__ import annotations

import functools
import re

from jakinib import paths
from jakinib.errors import ModelError

TOKENS = ("JAKx", "DRUGx", "CHAINx", "CYTOx", "FIRSTx", "SECONDx", "STATx", "SOCSx", "ALPHAx", "FACTORx")


@functools.cache
def template(name: str) -> str:
    """Body of ``models/antimony/<name>.ant`` without its model and end lines."""
    text = (paths.models() / "antimony" / f"{name}.ant").read_text(encoding="utf-8")
    body = re.search(r"^model \w+\n(.*)^end$", text, re.DOTALL | re.MULTILINE)
    return body.group(1) if body else text


def instantiate(name: str, **tokens: str) -> str:
    """The template with each token replaced; raises ModelError when one is left over."""
    text = template(name)
    for token, value in tokens.items():
        text = text.replace(token, value)
    left = [token for token in TOKENS if token in text]
    if left:
        raise ModelError(f"{name}.ant: token {left[0]} was not given a value")
    return text


_HAS = re.compile(r"^\s*(\w+) has (\w+)\s*;", re.MULTILINE)
_RULE = re.compile(r"^\s*(\w+)\s*:=", re.MULTILINE)


def declared_units(text: str) -> dict[str, str]:
    """Unit name of every parameter declared in ``text``."""
    return dict(_HAS.findall(text))


def ruled(text: str) -> set[str]:
    """Symbols given by an assignment rule."""
    return set(_RULE.findall(text))
