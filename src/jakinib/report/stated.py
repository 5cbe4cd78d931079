"""What the context of use says, section by section, as HTML in which every marked number names its source."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from jakinib import paths
from jakinib.errors import InputError
from jakinib.files.text import read_text
from jakinib.library.files import short
from jakinib.library.plugins import extra_folders
from jakinib.report.numbers import CLOSE, OPEN, filled

FILE = "docs/context_of_use.md"
_MARKED = re.compile(rf"{OPEN}(?P<marker>[^\n]*?)-->(?P<text>[^\n]*?){CLOSE}")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


class Stated:
    """The sections of a context of use, by heading.

    file: Markdown with a heading (``##``) a section, by default that of the package. Its marked numbers are
    brought up to date, unless entries or results from outside the package are at work: the text is about the
    package alone, ``as_written`` is true, and they stand as they are in the file.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or paths.root() / FILE
        text = read_text(self.file)
        self.as_written = bool(extra_folders() or paths.own_results())
        if not self.as_written:
            text, _ = filled(text, self.file)
        parts = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)[1:]
        self.sections = {heading.strip(): body for heading, body in zip(parts[::2], parts[1::2], strict=True)}

    def _section(self, heading: str) -> str:
        if heading not in self.sections:
            raise InputError(f"{short(self.file)}: has no section '{heading}'; add it")
        return self.sections[heading]

    def html(self, heading: str) -> str:
        """A section as HTML. Raises InputError where the file has none of that name."""
        return self._html(self._section(heading))

    def table(self, heading: str) -> tuple[list[str], list[list[str]]]:
        """Heads and rows of the table of a section, each cell as HTML; raises InputError without one."""
        lines = [line for line in self._section(heading).splitlines() if line.startswith("|")]
        if len(lines) < 3:
            raise InputError(f"{short(self.file)}: section '{heading}' has no table; add it")
        cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        heads, _, *rows = [[self._html(cell, inline=True) for cell in row] for row in cells]
        return heads, rows

    def after_table(self, heading: str) -> str:
        """What a section says without its table, as HTML."""
        return self._html("".join(self._prose(self._section(heading))))

    def _prose(self, text: str) -> Iterator[str]:
        return (line for line in text.splitlines(keepends=True) if not line.startswith("|"))

    def _html(self, text: str, inline: bool = False) -> str:
        """Markdown as HTML; links, which lead into the repository, as their words."""
        parser = _parser()
        text = _LINK.sub(r"\1", _MARKED.sub(self._number, text))
        shown = parser.renderInline(text) if inline else parser.render(text)
        return str(shown).replace("<th>", '<th scope="col">')

    def _number(self, found: re.Match[str]) -> str:
        file, marker = (escape(word) for word in (short(self.file), found["marker"]))
        return (
            f'<data value="{escape(found["text"])}" data-file="{file}" data-key="{marker}" '
            f'title="{file}: {marker}">{escape(found["text"])}</data>'
        )


@functools.cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable("table")
