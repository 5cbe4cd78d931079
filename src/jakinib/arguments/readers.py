"""Readers of values by their type: each returns a value as functions want it, or raises ``Other``.

What is plainly meant is understood: numbers and arrays of numpy, a series, a generator where several are
asked for, one text where several are, and a text where a path is.
"""

from __future__ import annotations

import operator
import os
import reprlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from jakinib.errors import InputError

Reader = Callable[[Any], Any]
_PLAIN = (str, bytes, int, float, complex, list, tuple, set, dict, type(None))
_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60


class Other(Exception):
    """A value of another type. place: where in the argument it is, such as "[2]". known: texts it may be."""

    def __init__(self, value: Any, place: str = "", known: Sequence[str] = ()) -> None:
        super().__init__()
        self.value, self.place, self.known = value, place, known


def article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def shown(value: Any) -> str:
    """What was given, in a few words on one line."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, _PLAIN):
        return " ".join(_repr.repr(value).split())
    if hasattr(value, "ndim"):
        return f"{article(type(value).__name__)} of {value.ndim} dimensions"
    return article(type(value).__name__)


def text(value: Any, what: str) -> str:
    """``value`` itself when it is a text; raises InputError that says what it is otherwise."""
    if not isinstance(value, str):
        raise InputError(f"{what} is {shown(value)}; give a text")
    return value


def number(value: Any) -> float | None:
    """A number of Python, numpy or another library as a plain one; None for what is none, True and nan."""
    if type(value) is float:
        return value if value == value else None
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | Real):
        return None
    try:
        plain = float(value)
    except OverflowError:
        return None
    return None if plain != plain else value if isinstance(value, int) else plain


# Of one value ---------------------------------------------------------------------------------------------


def anything(value: Any) -> Any:
    return value


def a_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Other(value)


def a_number(value: Any) -> float:
    if (found := number(value)) is None:
        raise Other(value)
    return found


def a_whole_number(value: Any) -> int:
    if isinstance(value, int | Integral):
        if isinstance(value, bool):
            raise Other(value)
        return operator.index(value)
    if (found := number(value)) is None or not found.is_integer():
        raise Other(value)
    return int(found)


def a_flag(value: Any) -> bool:
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):  # the last two are of numpy
        return bool(value)
    raise Other(value)


def a_path(value: Any) -> Path:
    return Path(_name_of_a_file(value))


def a_path_as_given(value: Any) -> str | Path:
    """Of what may be a text, such as a name in the library, and stays one."""
    found = _name_of_a_file(value)
    return value if isinstance(value, str) else Path(found)


def _name_of_a_file(value: Any) -> str:
    name = value.__fspath__() if isinstance(value, os.PathLike) and not isinstance(value, type) else value
    if not isinstance(name, str) or "\0" in name:
        raise Other(value)
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        raise Other(value) from None
    return name


def a_function(value: Any) -> Any:
    if callable(value):
        return value
    raise Other(value)


def within(read: Reader, low: float, high: float) -> Reader:
    """Of a number above ``low``, or of a whole one from it on, and up to ``high``."""

    def read_within(value: Any) -> Any:
        found = read(value)
        if low < found <= high or (low == found and read is a_whole_number):
            return found
        raise Other(value)

    return read_within


def an_instance(kind: type) -> Reader:
    def read(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise Other(value)

    return read


def one_like(kind: type) -> Reader:
    """Of what has the methods of a ``typing.Protocol``."""
    members = [name for name in vars(kind) if not name.startswith("_")]

    def read(value: Any) -> Any:
        if isinstance(value, type) or not all(hasattr(value, name) for name in members):
            raise Other(value)
        return value

    return read


def one_of(values: Sequence[str]) -> Reader:
    def read(value: Any) -> Any:
        if isinstance(value, str) and value in values:
            return value
        raise Other(value, known=values)

    return read


def either(reads: Sequence[Reader]) -> Reader:
    """Of a value of any of some types; the complaint is about the part that comes nearest to one."""

    def read(value: Any) -> Any:
        nearest = Other(value)
        for one in reads:
            try:
                return one(value)
            except Other as other:
                nearest = other if other.place else nearest
        raise nearest

    return read


# Of several values ----------------------------------------------------------------------------------------


def an_array(value: Any) -> Any:
    """Of numbers, in any number of dimensions."""
    if hasattr(value, "ndim") and getattr(getattr(value, "dtype", None), "kind", None) in tuple("iuf"):
        return value
    import numpy as np

    return np.array(several(a_number, list)(value), dtype=float)


def several(read: Reader, kind: Any) -> Reader:
    """Of many values of a type. kind: a tuple is made one; only of an Iterable the order does not matter."""

    def read_all(value: Any) -> Any:
        if isinstance(value, str) and read is a_text:
            return (value,)
        if isinstance(value, list | tuple):
            made = value if _plain(read, value) else _each(read, value)
            return tuple(made) if kind is tuple else made
        if hasattr(value, "ndim"):
            return _column(read, value, kind)
        ordered = kind is Iterable or not isinstance(value, Mapping | set | frozenset)
        if isinstance(value, Iterable) and ordered and not isinstance(value, str | bytes | bytearray | type):
            return read_all([*value])
        raise Other(value)

    return read_all


def _column(read: Reader, value: Any, kind: Any) -> Any:
    """Of an array or a series in one dimension; an array of numbers stays one."""
    if value.ndim != 1:
        raise Other(value)
    if read is a_number and value.dtype.kind in "iuf" and kind is not tuple:
        plain = value.to_numpy() if hasattr(value, "to_numpy") else value
        if (unknown := plain != plain).any():
            raise Other(float("nan"), f"[{int(unknown.argmax())}]")
        return plain
    return several(read, kind)(value.tolist())


def so_many(reads: Sequence[Reader]) -> Reader:
    """Of a tuple of so many values, such as a pair."""

    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(reads):
            raise Other(value)
        return tuple(_at(one, part, f"[{i}]") for i, (one, part) in enumerate(zip(reads, value, strict=True)))

    return read


def mapping(key: Reader, read: Reader) -> Reader:
    def read_all(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Other(value)
        if _plain(key, value) and _plain(read, value.values()):
            return value
        return {
            _at(key, name, " has a key, which"): _at(read, one, f"[{shown(name)}]")
            for name, one in value.items()
        }

    return read_all


def _plain(read: Reader, values: Collection[Any]) -> bool:
    """Whether all are texts, or numbers, of Python: read at once, as there may be many in every run."""
    found = {*map(type, values)}
    if read is a_text:
        return found <= {str}
    return read is a_number and found <= {float} and (total := sum(values)) == total  # so that none is nan


def _each(read: Reader, values: Sequence[Any]) -> Sequence[Any]:
    made = [_at(read, one, f"[{i}]") for i, one in enumerate(values)]
    return values if all(map(operator.is_, made, values)) else made


def _at(read: Reader, value: Any, place: str) -> Any:
    try:
        return read(value)
    except Other as other:
        raise Other(other.value, place + other.place) from None
