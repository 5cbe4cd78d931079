"""Numbers in the prose of documents, put there by the command that computes them.

In Markdown a number stands between two comments, which GitHub and the site hide:

    the IC50 is <!--=criterion pbmc_IL6-->79.7<!--/--> nM

The words of the marker name a source (``jakinib.report.sources``) and what is asked of it. Values may be
joined by + - * / with blanks around, from left to right; ``in uM`` converts; a last word ``%3`` asks for
three significant digits, as is usual, ``%.1`` for one decimal. Published numbers are shown as they were
written, an interval as low-high.
"""

from __future__ import annotations

import argparse
import math
import operator
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jakinib.errors import InputError, JakinibError
from jakinib.files.text import read_text
from jakinib.library.files import short
from jakinib.paths import write_atomic
from jakinib.report import sources_fits  # noqa: F401  importing it registers its sources
from jakinib.report.sources import SOURCES, Value, refresh
from jakinib.report.wording import number

OPEN, CLOSE = "<!--=", "<!--/-->"
_MARKED = re.compile(rf"{OPEN}(?P<marker>[^\n]*?)-->(?P<text>[^\n]*?){CLOSE}")
_STRAY = re.compile(rf"{OPEN}|{CLOSE}")
_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A marked number that is not what its source says."""

    file: Path
    line: int
    marker: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{short(self.file)}:{self.line}: {self.marker}: '{self.old}' is now '{self.new}'"


def evaluated(marker: str) -> str:
    """The text of a marker. Raises InputError for words that name no value."""
    words = shlex.split(marker)
    form = words.pop() if words and re.fullmatch(r"%(\d+|\.\d+)", words[-1]) else ""
    total = _joined(words)
    form = form or ("as written" if total.published else "%3")
    return total.text or "-".join(_formatted(one, form) for one in total.numbers)


def _joined(words: list[str]) -> Value:
    """The value of words up to the end or a closing bracket, from left to right; takes them from the list."""
    total, join = None, ""
    while words and (word := words.pop(0)) != ")":
        if word in _OPERATORS and total and not join:
            join = word
            continue
        value = _joined(words) if word == "(" else _operand([word, *_until_operator(words)])
        if total is None:
            total = value
            continue
        if not join or total.text or value.text or len(value.numbers) != 1:
            raise InputError(f"at '{word}': two single numbers with + - * or / between them can be joined")
        total = Value(tuple(_OPERATORS[join](one, value.numbers[0]) for one in total.numbers))
        join = ""
    if total is None or join:
        raise InputError("a value is missing; name a source and what is asked of it")
    return total


def _until_operator(words: list[str]) -> Iterator[str]:
    while words and words[0] not in (*_OPERATORS, "(", ")"):
        yield words.pop(0)


def _operand(words: list[str]) -> Value:
    if len(words) == 1 and re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?", words[0]):
        return Value((float(words[0]),))
    unit = ""
    if len(words) > 2 and words[-2] == "in":
        unit, words = words[-1], words[:-2]
    if words[0] not in SOURCES:
        raise InputError(f"'{words[0]}' is no source of numbers; known: {', '.join(sorted(SOURCES))}")
    value = SOURCES[words[0]](*words[1:])
    return value.to(unit) if unit else value


def _formatted(value: float, form: str) -> str:
    if not math.isfinite(value):
        raise InputError(f"the value is {value}")
    if form == "as written":
        return f"{value:.12g}"
    if form.startswith("%."):
        return f"{value:.{form[2:]}f}"
    return number(value, digits=int(form[1:]))


def filled(text: str, file: Path) -> tuple[str, list[Change]]:
    """The text with every marked number brought up to date, and what changed.

    Raises InputError, with file and line, for a marker that names no value, is not closed, or begins a line
    (Markdown would take the line for HTML).
    """
    changes: list[Change] = []
    lines = text.split("\n")
    for at, line in enumerate(lines):
        where = f"{short(file)}:{at + 1}"
        if _STRAY.search(_MARKED.sub("", line)):
            raise InputError(f"{where}: a marker is not closed on its line; write {OPEN}...-->...{CLOSE}")
        if re.match(rf"\s*([*+-]\s+|\d+\.\s+)?{OPEN}", line):
            raise InputError(f"{where}: a marker begins the line, which Markdown takes for HTML; move a word")

        def put(found: re.Match[str], at: int = at, where: str = where) -> str:
            marker, old = found["marker"], found["text"]
            try:
                new = evaluated(marker)
            except (JakinibError, TypeError, ValueError, ZeroDivisionError) as error:
                raise InputError(f"{where}: {OPEN}{marker}-->: {error}") from None
            if new != old:
                changes.append(Change(file, at + 1, marker, old, new))
            return f"{OPEN}{marker}-->{new}{CLOSE}"

        lines[at] = _MARKED.sub(put, line)
    return "\n".join(lines), changes


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the numbers of documents up to date; with --check say which are not. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m jakinib.report.numbers", description="Bring the numbers in documents up to date."
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="Markdown with markers")
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 when one is stale")
    given = parser.parse_args(arguments)
    try:
        if not given.check:
            refresh()
        found = {file: filled(read_text(file), file) for file in given.files}
    except JakinibError as error:
        print(f"jakinib: {error}", file=sys.stderr)
        return 2
    changes = [change for _, of_file in found.values() for change in of_file]
    for change in changes:
        print(change)
    if given.check:
        return 1 if changes else 0
    for file, (text, of_file) in found.items():
        if of_file:
            write_atomic(file, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
