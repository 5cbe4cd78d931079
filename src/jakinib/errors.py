"""Errors of the package: each says what was wrong, where, and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

LONGEST = 1200  # characters of a message; what a user wrote may stand in it and may be of any length


# Control characters, half characters, and those that hide or reorder text. The line end is harmless.
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e01ef]"
)


def printable(text: str) -> str:
    """``text`` that is safe on a terminal: characters that are not seen are written as escapes."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def visible(text: str) -> bool:
    """Whether every character of ``text`` is seen; tabs and line ends are allowed."""
    return _UNSEEN.search(text.replace("\t", "")) is None


def shortened(text: str, most: int) -> str:
    """``text`` with its middle left out where it is longer than ``most``."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]} ... {text[-most // 3 :]}"


class JakinibError(Exception):
    """Base class of every error the package raises on purpose; its message can be shown as it is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(shortened(message, LONGEST)))


class InputError(JakinibError):
    """A file, option or argument that cannot be used as it stands."""


class UnknownIdError(InputError):
    """A name that is not known; the message lists the closest matches."""

    def __init__(
        self,
        noun: str,
        name: str,
        known: Iterable[str],
        where: str = "",
        *,
        close: Sequence[str] | None = None,
        hint: str = "",
    ) -> None:
        name = shortened(name, 80)
        options = sorted(known)
        if close is None:
            folded = {option.casefold(): option for option in options}
            hits = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
            close = [folded[hit] for hit in hits]
        shown = list(close)[:3] or options[:12]
        listed = f"did you mean {' or '.join(shown)}?" if close else f"known: {', '.join(shown) or 'none'}"
        prefix = f"{where}: " if where else ""
        super().__init__(f"{prefix}unknown {noun} '{name}'; {f'{hint}; ' if hint else ''}{listed}")
        self.noun, self.name = noun, name


class AmbiguousIdError(UnknownIdError):
    """A name that several entries could mean; the message lists them."""

    def __init__(self, noun: str, name: str, candidates: Sequence[str], where: str = "") -> None:
        super().__init__(noun, name, candidates, where)
        most = ", ".join(candidates[:12])
        prefix = f"{where}: " if where else ""
        self.args = (
            printable(f"{prefix}{noun} '{shortened(name, 80)}' may be {most}; write the one you mean"),
        )


class WriteError(InputError):
    """A file that cannot be written: what stands in the way, and what to do."""

    def __init__(self, path: Path, why: OSError | str) -> None:
        reason = why if isinstance(why, str) else why.strerror or str(why)
        super().__init__(
            f"{path}: cannot write ({reason}); make room, or name a folder that can be written to"
        )


class IncompleteRunError(JakinibError):
    """A run that stopped before its end; what was finished is kept and the same call goes on from there."""


class UnitError(InputError):
    """A unit that is missing, unknown or of the wrong dimension."""


class RegimenError(InputError):
    """A regimen that was not understood; ``excerpt`` shows the text and a caret under the part."""

    def __init__(self, reason: str, text: str, start: int = 0, end: int | None = None) -> None:
        left = max(start - 60, 0)  # a long text is shown around the part
        shown = "".join(letter if letter.isprintable() else " " for letter in text[left : left + 160])
        width = min(max((len(text) if end is None else end) - start, 1), 100)
        self.reason = printable(shortened(reason, LONGEST // 2))
        self.excerpt = f"  {shown}\n  {' ' * (start - left)}{'^' * width}"
        super().__init__(f"{self.reason}\n{self.excerpt}")

    def found_in(self, where: str) -> RegimenError:
        """The same, saying in which file and line."""
        self.reason, self.args = f"{where}: {self.reason}", (f"{where}: {self.args[0]}",)
        return self


class ModelError(JakinibError):
    """A model source that does not compose into valid SBML."""


class SimulationError(JakinibError):
    """The integrator failed; carries the reason, the time reached and the parameters set."""

    def __init__(
        self, reason: str, time: float | None = None, changed: dict[str, float] | None = None
    ) -> None:
        at = "" if time is None else f" at t = {time:g} h"
        given = "" if not changed else " with " + ", ".join(f"{k}={v:g}" for k, v in sorted(changed.items()))
        super().__init__(f"simulation failed{at}: {reason}{given}")
        self.reason, self.time, self.changed = reason, time, dict(changed or {})


class ExportError(JakinibError):
    """A model that cannot be written in the format asked for."""


class PlanError(InputError):
    """A plan that contradicts itself, its data or its model."""
