"""From a type hint to the reader of its values, and to words for what it asks for."""

from __future__ import annotations

import math
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jakinib.arguments import readers
from jakinib.arguments.readers import Reader, article


class Kind(NamedTuple):
    """How a value is read, and what is asked for: of one, and of several."""

    read: Reader
    one: str
    many: str


class Within(NamedTuple):
    """Bounds of a number in an ``Annotated`` hint: above ``low``, a whole one from it on; up to ``high``."""

    low: float
    high: float


ANYTHING = Kind(readers.anything, "anything", "anything")
_KINDS: dict[Any, Kind] = {
    str: Kind(readers.a_text, "a text", "texts"),
    float: Kind(readers.a_number, "a number", "numbers"),
    int: Kind(readers.a_whole_number, "a whole number", "whole numbers"),
    bool: Kind(readers.a_flag, "True or False", "True or False"),
    Path: Kind(readers.a_path, "a path", "paths"),
    type(None): Kind(readers.an_instance(type(None)), "None", "None"),
    Any: ANYTHING,
}


def kind_of(hint: Any) -> Kind:
    """What is ``Annotated`` by anything but bounds is taken as it is: the function has its own reader."""
    hint = type(None) if hint is None else hint
    if hint in _KINDS:
        return _KINDS[hint]
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(inner)
    if origin is typing.Annotated:
        bounds = next((one for one in inner[1:] if isinstance(one, Within)), None)
        return ANYTHING if bounds is None else _bounded(kind_of(inner[0]), bounds)
    if origin is typing.Literal:
        words = " or ".join(f"'{value}'" for value in inner)
        return Kind(readers.one_of(inner), words, words)
    if origin is Callable or hint is Callable:
        return Kind(readers.a_function, "a function", "functions")
    if origin is None:
        return _class(hint)
    return _container(origin, inner)


def _bounded(kind: Kind, bounds: Within) -> Kind:
    low, high = (f"{end:,}" if isinstance(end, int) else f"{end:g}" for end in bounds)
    start = f"from {low} on" if bounds.high == math.inf else f"from {low} to {high}"
    if kind.read is not readers.a_whole_number:
        start = f"above {low}" + (f" and at most {high}" if bounds.high < 1e30 else "")
    words = f"{kind.one} {start}"
    return Kind(readers.within(kind.read, *bounds), words, words)


def _container(origin: Any, inner: tuple[Any, ...]) -> Kind:
    if origin.__name__ == "ndarray":
        return Kind(readers.an_array, "an array of numbers", "arrays of numbers")
    if origin in (Mapping, dict):
        key, value = map(kind_of, inner)
        words = f"{key.many} to {value.many}"
        return Kind(readers.mapping(key.read, value.read), f"a mapping of {words}", f"mappings of {words}")
    if origin is tuple and inner[-1] is not ...:
        parts = [kind_of(one) for one in inner]
        words = f"({', '.join(part.one for part in parts)})"
        return Kind(readers.so_many([part.read for part in parts]), words, words)
    if origin in (Sequence, Collection, Iterable, list, tuple):
        part = kind_of(inner[0])
        taken = Iterable if origin is Collection else origin
        return Kind(readers.several(part.read, taken), f"a list of {part.many}", f"lists of {part.many}")
    return _class(origin)


def _class(hint: type) -> Kind:
    if getattr(hint, "_is_protocol", False):
        return Kind(readers.one_like(hint), article(hint.__name__), hint.__name__)
    if hint.__name__ in getattr(sys.modules.get("jakinib"), "__all__", ()):
        return Kind(readers.an_instance(hint), f"a jk.{hint.__name__}", f"jk.{hint.__name__}")
    return Kind(readers.an_instance(hint), article(hint.__name__), hint.__name__)


def _union(members: Sequence[Any]) -> Kind:
    """A text is not taken for several texts or for a path where it may be one."""
    kinds = {one: kind_of(one) for one in members}
    if Path in kinds and str in kinds:
        kinds |= {one: kinds[one]._replace(read=readers.a_path_as_given) for one in (str, Path)}
    if any(typing.get_origin(one) is Sequence for one in kinds):  # of which an array is one
        kinds = {one: kind for one, kind in kinds.items() if kind.read is not readers.an_array}
    first = sorted(kinds, key=lambda one: one is not str)
    return Kind(
        readers.either([kinds[one].read for one in first]),
        " or ".join(dict.fromkeys(kind.one for kind in kinds.values())),
        " or ".join(dict.fromkeys(kind.many for kind in kinds.values())),
    )
