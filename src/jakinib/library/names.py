"""One resolver of names: an entry is found by its id or by an alias that it states, however it is spelt.

Case, Greek letters, blanks, hyphens and underscores never matter, except between digits and where a hyphen
ends a name, as in CD25-. A name that several entries could mean is refused with them, and so is every
other one; what is suggested is of the same kind and has the same numbers, since IL-7 is no misspelt IL-17.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from jakinib.arguments import text
from jakinib.errors import AmbiguousIdError, UnknownIdError

E = TypeVar("E")
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "κ": "kappa",
    "λ": "lambda", "μ": "mu", "ω": "omega",
}  # fmt: skip
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−⁻"), "-")
_BETWEEN = r"[\s_\-.,/'()]+"


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name.translate(_DASHES)).casefold().translate(_DASHES).strip()
    return "".join(_GREEK.get(letter, letter) for letter in text)


def key(name: str) -> str:
    """What all spellings of a name share.

    >>> key("IFN-γ") == key("ifn gamma"), key("IL 6") == key("il-6"), key("CP-690,550") == key("cp690 550")
    (True, True, True)
    """
    text = _plain(name)
    ending = "-" if re.search(r"\w-$", text) else ""
    apart = re.sub(rf"(?<=\d){_BETWEEN}(?=\d)", "~", text)
    return re.sub(_BETWEEN, "", apart) + ending


def spellings(identifier: str, entry: Any) -> list[str]:
    """Every name that finds an entry: its id, the symbol of a cytokine, and its aliases."""
    fields = getattr(type(entry), "model_fields", {})
    symbol = [entry.symbol] if "symbol" in fields else [entry.key] if hasattr(entry, "key") else []
    return [identifier, *symbol, *getattr(entry, "aliases", ())]


def find(name: str, entries: Mapping[str, E]) -> str | None:
    """The id of the entry that a name means, or None where none states it; raises InputError for no text."""
    text(name, "a name")
    if name in entries:
        return name
    wanted = key(name)
    for identifier, entry in entries.items():
        if wanted and wanted in map(key, spellings(identifier, entry)):
            return identifier
    return None


def resolve(
    noun: str,
    name: str,
    entries: Mapping[str, E],
    elsewhere: Mapping[str, str] | None = None,
    where: str = "",
) -> str:
    """The id of the entry that a name means.

    noun: what is named, for messages. elsewhere: names of other kinds of entry, and their noun.
    Raises AmbiguousIdError for a name that several entries could mean, UnknownIdError for any other.
    """
    if (found := find(name, entries)) is not None:
        return found
    several = _holding(name, entries)
    if len(several) > 1:
        raise AmbiguousIdError(noun, name, several, where)
    other = (elsewhere or {}).get(key(name))
    if other and not several:
        raise UnknownIdError(noun, name, entries, where, hint=f"it is a name of {other}")
    raise UnknownIdError(noun, name, entries, where, close=several or _misspelt(name, entries))


def _words(name: str) -> list[str]:
    """Letters and numbers of a name apart: IL-12 is ["il", "12"], and no part of it is IL-1."""
    return re.findall(r"[^\W\d_]+|\d+", _plain(name))


def _holding(name: str, entries: Mapping[str, Any]) -> list[str]:
    """Entries one of whose names holds all words of ``name``, in their order."""
    wanted = _words(name)
    if not wanted:
        return []
    found = []
    for identifier, entry in entries.items():
        for spelt in spellings(identifier, entry):
            words = _words(spelt)
            if any(words[i : i + len(wanted)] == wanted for i in range(len(words))):
                found.append(identifier)
                break
    return found


def _misspelt(name: str, entries: Mapping[str, Any]) -> list[str]:
    """Entries whose name differs by a slip or two: the same first letter and the same numbers."""
    wanted, found = key(name), []
    digits = re.findall(r"\d+", wanted)
    for identifier, entry in entries.items():
        for spelt in map(key, spellings(identifier, entry)):
            most = 2 if min(len(spelt), len(wanted)) >= 8 else 1 if min(len(spelt), len(wanted)) >= 3 else 0
            alike = spelt[:1] == wanted[:1] and re.findall(r"\d+", spelt) == digits
            if alike and abs(len(spelt) - len(wanted)) <= most and _slips(spelt, wanted) <= most:
                found.append(identifier)
                break
    return found


def _slips(one: str, other: str) -> int:
    """Letters left out, added or exchanged between two words (their Levenshtein distance)."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        above, row = row, [i]
        for j, second in enumerate(other, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != second)))
    return row[-1]


def twins(kinds: Iterable[tuple[str, str, Any]]) -> tuple[str, str, str, str] | None:
    """(kind, first entry, second entry, spelling) of a name that finds two entries of one kind, if any is."""
    seen: dict[tuple[str, str], str] = {}
    for kind, identifier, entry in kinds:
        for spelt in spellings(identifier, entry):
            other = seen.setdefault((kind, key(spelt)), identifier)
            if other != identifier:
                return kind, other, identifier, spelt
    return None
