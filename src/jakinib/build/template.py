"""Instantiate the hand-written Antimony sources: replace their tokens by library names.

Antimony's own submodules cannot be used with units on everything: units of a submodule are renamed on
flattening and then count as incompatible with the same units of its parent (Antimony 3.3).
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from jakinib import paths
from jakinib.build.bounds import antimony_text
from jakinib.errors import ModelError, shortened, visible
from jakinib.library.files import short

TOKENS = ("JAKx", "DRUGx", "CHAINx", "CYTOx", "FIRSTx", "SECONDx", "STATx", "SOCSx", "ALPHAx", "FACTORx")


@functools.cache
def template(name: str) -> str:
    """Body of ``models/antimony/<name>.ant`` without its model and end lines."""
    return _body((paths.models() / "antimony" / f"{name}.ant").read_text(encoding="utf-8"))


def _body(text: str) -> str:
    body = re.search(r"^model \w+\n(.*)^end$", text, re.DOTALL | re.MULTILINE)
    return body.group(1) if body else text


def user_template(path: Path) -> str:
    """Body of an Antimony template from outside the package.

    Raises InputError for a file that cannot be read, ModelError for one that is not one model, or that
    would read further files.
    """
    text = antimony_text(path)  # bounded, and confined to the folder of the file
    if not re.search(r"^model \w+\n.*^end$", text, re.DOTALL | re.MULTILINE):
        raise ModelError(f"{short(path)}:1: no template; write lines 'model <name>' and 'end' around it")
    body = _body(text)
    offset = text[: text.index(body)].count("\n") + 1
    for number, line in enumerate(body.splitlines(), start=offset):
        if word := re.match(r"\s*(import|model|module|end)\b", line):
            raise ModelError(f"{short(path)}:{number}: '{word[1]}' inside a template; one model a file")
    return body


def instantiate(name: str, **tokens: str) -> str:
    """The template with each token replaced; raises ModelError when one is left over."""
    return fill(template(name), f"{name}.ant", tokens)


def quoted(text: str) -> str:
    """A string of Antimony; raises ModelError for text that could end it, since Antimony has no escapes."""
    if re.search(r'["\\]', text) or not visible(text) or "\n" in text:
        raise ModelError(f"'{shortened(text, 60)}' cannot stand in a model; leave quotes and controls out")
    return f'"{text}"'


def fill(text: str, where: str, tokens: dict[str, str]) -> str:
    """Text with each token replaced by a plain name; raises ModelError when one is left over."""
    for token, value in tokens.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", value, re.ASCII):
            raise ModelError(
                f"{where}: '{shortened(value, 60)}' is no name of a symbol; use letters, digits and _"
            )
        text = text.replace(token, value)
    left = [token for token in TOKENS if token in text]
    if left:
        raise ModelError(f"{where}: token {left[0]} was not given a value")
    return text


_SPECIES = re.compile(r"^\s*(substanceOnly )?species ([^;]+);", re.MULTILINE)
_HAS = re.compile(r"^\s*(\w+) has (\w+)\s*;", re.MULTILINE)
_RULE = re.compile(r"^\s*(\w+)\s*:=", re.MULTILINE)
_SIZES = re.compile(r"^\s*compartment ([^;]+);", re.MULTILINE)
_NAME = re.compile(r'(?:^|;)\s*(\w+) is "([^"]*)"', re.MULTILINE)


def declared_units(text: str) -> dict[str, str]:
    """Unit name of every parameter declared in ``text``."""
    return dict(_HAS.findall(text))


def declared_names(text: str) -> dict[str, str]:
    """What every symbol of ``text`` is, in words."""
    return dict(_NAME.findall(text))


def declared_sizes(text: str) -> list[str]:
    """Every compartment declared in ``text``."""
    return [name.strip() for found in _SIZES.findall(text) for name in found.split(",")]


def ruled(text: str) -> set[str]:
    """Symbols given by an assignment rule."""
    return set(_RULE.findall(text))


def assigned(text: str) -> set[str]:
    """Symbols that are given a value, a rule or a rate."""
    return set(re.findall(r"(?:^|;)\s*(\w+)\s*'?\s*:?=", re.sub(r"//.*", "", text), re.MULTILINE))


def declared_species(text: str, held: bool = False) -> dict[str, bool]:
    """Every species declared in ``text``, and whether it is an amount; ``held``: also constant ones."""
    listed = (
        (item.split()[0], bool(only)) for only, found in _SPECIES.findall(text) for item in found.split(",")
    )
    return {symbol.removeprefix("$"): amount for symbol, amount in listed if held or symbol[0] != "$"}
