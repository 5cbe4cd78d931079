"""Functions and classes whose arguments are checked against their own type hints, at each call."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from jakinib.arguments.hints import ANYTHING, kind_of
from jakinib.arguments.readers import Other, Reader, shown
from jakinib.errors import InputError, UnknownIdError

T = TypeVar("T", bound=Callable[..., Any])
_ASKED = {"__init__": "", "__getitem__": "[]", "__call__": ""}  # methods that are called without their name
_EMPTY = inspect.Parameter.empty


class _Late(dict[str, Any]):
    """Names that a module imports for type checkers alone."""

    def __missing__(self, name: str) -> Any:
        if name != "pd":
            raise KeyError(name)
        return importlib.import_module("pandas")


@dataclass(frozen=True)
class _Parameter:
    name: str
    read: Reader
    words: str
    default: Any


class _Taken:
    """What a function takes. where: its name, for messages. bound: its first argument is the object.

    instead: words for what else the first parameter may be.
    """

    def __init__(self, function: Callable[..., Any], where: str, bound: bool, instead: str) -> None:
        self.where, self.bound, self.more, self.open = where, bound, False, False
        self.places: list[_Parameter] = []
        self.names: dict[str, _Parameter] = {}
        hints = get_type_hints(inspect.unwrap(function), localns=_Late(), include_extras=True)
        for number, one in enumerate(inspect.signature(function).parameters.values()):
            if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
                self.more |= one.kind is one.VAR_POSITIONAL
                self.open |= one.kind is one.VAR_KEYWORD
                continue
            kind = kind_of(hints[one.name]) if one.name in hints else ANYTHING
            words = kind.one if self.names or not instead else f"{kind.one} or {instead}"
            made = _Parameter(one.name, kind.read, words, one.default)
            if number >= bound:
                self.names[one.name] = made
            if one.kind is not one.KEYWORD_ONLY:
                self.places.append(made)
        self.needed = sum(one.default is _EMPTY for one in self.names.values()) + bound

    def read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments as the function wants them; raises InputError for what it does not take, or lacks."""
        places, names = self.places, self.names
        given, named, one = [], {}, None
        try:
            for one, value in zip(places, args, strict=False):
                given.append(value if value is one.default else one.read(value))
            for name, value in kwargs.items():
                one = names.get(name)
                named[name] = value if one is None or value is one.default else one.read(value)
        except Other as other:
            assert one is not None
            if other.known and isinstance(other.value, str):
                raise UnknownIdError(one.name, other.value, other.known, self.where) from None
            what = f"{one.name}{other.place} is {shown(other.value)}"
            raise InputError(f"{self.where}: {what}; give {one.words}") from None
        if len(args) > len(places):
            if not self.more:
                count, most = len(args) - self.bound, len(places) - self.bound
                raise InputError(f"{self.where}: {count} values without a name; it takes {most or 'none'}")
            given += args[len(places) :]
        if kwargs or len(args) < self.needed:
            self._check_names(len(args), named)
        return given, named

    def _check_names(self, count: int, named: Mapping[str, Any]) -> None:
        """Raises InputError for a name that is unknown or given by its place as well, or that is lacking."""
        before = [one.name for one in self.places[self.bound : count]]
        for name in named:
            if name not in self.names and not self.open:
                raise UnknownIdError("argument", name, self.names, self.where)
            if name in before:
                raise InputError(f"{self.where}: {name} is given twice; give it once")
        for name, one in self.names.items():
            if one.default is _EMPTY and name not in named and name not in before:
                raise InputError(f"{self.where}: {name} is not given; give {one.words}")


def checked(made: T, where: str = "", instead: str = "") -> T:
    """A function, or a class with its methods, that refuses arguments of other types than its hints say.

    where: the name of it for messages, by default its own. instead: words for what else its first argument
    may be. A default is always taken. The hints are read on the first call.

    >>> @checked
    ... def dose(amount: float, times: tuple[float, ...] = ()) -> tuple[float, ...]:
    ...     return amount, *times
    >>> dose(4, range(2))
    (4, 0, 1)
    >>> dose("4")
    Traceback (most recent call last):
    jakinib.errors.InputError: dose: amount is '4'; give a number
    """
    if not isinstance(made, type):
        return _checked(made, where or made.__name__, False, instead)
    for name, one in [*vars(made).items()]:
        method = one.__func__ if isinstance(one, classmethod) else one
        asked = name in _ASKED or not name.startswith("_")
        if inspect.isfunction(method) and asked and not hasattr(method, "checked"):
            own = made.__name__ + _ASKED.get(name, f".{name}")
            ready = _checked(method, own, True, instead if name == "__init__" else "")
            setattr(made, name, classmethod(ready) if isinstance(one, classmethod) else ready)
    return made


def _checked(function: Any, where: str, bound: bool, instead: str) -> Any:
    if len(inspect.signature(function).parameters) <= bound:
        return function
    taken: _Taken | None = None

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal taken
        if taken is None:
            taken = _Taken(function, where, bound, instead)
        given, named = taken.read(args, kwargs)
        return function(*given, **named)

    call.checked = True  # type: ignore[attr-defined] # once is enough
    return call
