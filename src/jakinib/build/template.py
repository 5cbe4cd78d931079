"""Instantiate the hand-written Antimony sources: replace their tokens by library names.

Antimony's own submodules cannot be used with units on everything: units of a submodule are renamed on
flattening and then count as incompatible with the same units of its parent (Antimony 3.3).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from jakinib import paths
from jakinib.build.bounds import antimony_text
from jakinib.errors import ModelError, shortened, visible
from jakinib.library.files import short

TOKENS = (
    "JAKx", "DRUGx", "PARENTx", "HOLDx", "CHAINx", "CYTOx", "FIRSTx", "SECONDx", "FORMx", "SLOTx",
    "STATx", "SOCSx", "ALPHAx", "FACTORx",
)  # fmt: skip


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


def instantiate(name: str, **tokens: str | Sequence[str]) -> str:
    """The template with each token replaced; raises ModelError when one is left over.

    A token may stand for several names inside ``sum(...)`` and ``product(...)``, which repeat what they hold.
    """
    return fill(template(name), f"{name}.ant", tokens)


def quoted(text: str) -> str:
    """A string of Antimony; raises ModelError for text that could end it, since Antimony has no escapes."""
    if re.search(r'["\\]', text) or not visible(text) or "\n" in text:
        raise ModelError(f"'{shortened(text, 60)}' cannot stand in a model; leave quotes and controls out")
    return f'"{text}"'


def fill(text: str, where: str, tokens: Mapping[str, str | Sequence[str]]) -> str:
    """Text with each token replaced by plain names; raises ModelError when one is left over."""
    names = {token: (value,) if isinstance(value, str) else tuple(value) for token, value in tokens.items()}
    for value in (value for several in names.values() for value in several):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", value, re.ASCII):
            raise ModelError(
                f"{where}: '{shortened(value, 60)}' is no name of a symbol; use letters, digits and _"
            )
    text = _repeated(text, where, names)
    for token, several in names.items():
        if len(several) == 1:
            text = text.replace(token, several[0])
    left = [token for token in TOKENS if token in text]
    if left:
        more = len(names.get(left[0], ())) > 1
        raise ModelError(
            f"{where}: token {left[0]} " + ("stands for several outside sum()" if more else _NO_VALUE)
        )
    return text


_NO_VALUE = "was not given a value"
_REPEATS = re.compile(r"\b(sum|product)\(")


def _repeated(text: str, where: str, names: Mapping[str, tuple[str, ...]]) -> str:
    """Text with ``sum(...)`` and ``product(...)`` written out over the token in them that names several.

    Over no name at all a sum is 0 and a product is 1.
    """
    while hits := list(_REPEATS.finditer(text)):
        found = hits[-1]  # holds no other
        end = _closing(text, found.end(), where)
        before, term, after = text[: found.start()], text[found.end() : end], text[end + 1 :]
        listed = [token for token, several in names.items() if len(several) != 1 and token in term]
        if len(listed) > 1:
            raise ModelError(f"{where}: {' and '.join(listed)} both name several in one {found[1]}()")
        terms = [term.replace(listed[0], name) for name in names[listed[0]]] if listed else [term]
        text = before + _joined(found[1], terms, before.rstrip()[-1:], after.lstrip()[:1]) + after
    return text


def _joined(kind: str, terms: list[str], before: str, after: str) -> str:
    """Terms added or multiplied, in parentheses only where they are needed: rounding follows their order."""
    if kind == "product":
        return " * ".join(t if re.fullmatch(r"\w+", t) else f"({t})" for t in terms) or "1"
    alone = before in ("+", "(", "=", ",") and after in ("+", "-", ")", ";", ",")
    return (" + ".join(terms) if alone else f"({' + '.join(terms)})") if terms else "0"


def _closing(text: str, start: int, where: str) -> int:
    """Where the parenthesis that opens before ``start`` closes."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ModelError(f"{where}: a parenthesis is not closed in '{shortened(text[start:], 60)}'")


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
