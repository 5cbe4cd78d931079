"""The tokens of a regimen: numbers, units, names, and what clinicians say in place of the grammar's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jakinib.errors import RegimenError
from jakinib.regimen import words

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "fourteen": 14,
}  # fmt: skip
_N = rf"(?P<n>{words.UNSIGNED}|{'|'.join(_NUMBERS)})"
_HOURS, _DAYS, _WEEKS = r"h(?:(?:ou)?rs?)?", r"d(?:ays?)?", r"w(?:(?:ee)?ks?)?"
_A = r"(?:a |per |every |each |in a |/ ?)?"
_MEAL = r"(?:food|(?:an? )?(?:high-fat )?meals?|breakfast|dinner)"
# What is said, and the word of the grammar that it stands for; the first that fits is taken.
_PHRASES: tuple[tuple[str, str], ...] = (
    ("qod", r"q\.?o\.?d\.?|every (?:other|second|2nd) day|(?:on )?alternate[- ]days?|eod"),
    ("q2w", r"fortnightly|every (?:other|second|2nd) week|every fortnight|eow"),
    ("qN", rf"(?:every|each|per|q) ?{_N} ?-?(?P<u>{_HOURS}|{_DAYS}|{_WEEKS})(?:ly)?|/ ?(?P<m>24) ?{_HOURS}"),
    ("qNh", rf"q ?(?:4|6|8|12|24)|{_N}[ -]?hourly"),
    ("N/d", rf"{_N} ?(?:x|×|times) ?{_A}da(?:y|ily)"),
    ("bid", rf"twice[ -]?{_A}da(?:y|ily)|b\.?i\.?d\.?|b\.?d\.?"),
    ("tid", rf"thrice[ -]?{_A}da(?:y|ily)|t\.?i\.?d\.?|t\.?d\.?s\.?"),
    ("qid", r"q\.?i\.?d\.?|q\.?d\.?s\.?"),
    ("qw", rf"once[ -]?{_A}week(?:ly)?|weekly|(?:every|per|a|each) week|/ ?w(?:ee)?k|q\.?w\.?|qwk"),
    ("qd", rf"once[ -]?{_A}da(?:y|ily)|daily|(?:every|each|per|a) day|/ ?d(?:ay)?|q\.?d\.?|o\.?d\.?"
           r"|qam|qpm|qhs|nightly|mane|nocte|at (?:night|bedtime)"
           r"|(?:every|each|in the) (?:morning|evening|night)"),
    ("ss", r"(?:(?:at|in|to|until) )?(?:the )?steady[- ]state|s\.?s\.?|continuous(?:ly)?|long[- ]term"
           r"|chronic(?:ally)?|ongoing|indefinitely"),
    ("once", r"(?:as )?(?:an? )?(?:single|one[- ]off|one|1|loading|initial|starting)(?: oral)? dose"
             r"|once(?: only)?|(?:as an? )?load(?:ing)?|single|stat"),
    ("then", r"(?:and )?then|followed by|thereafter|afterwards"),
    ("oral", r"by mouth|orally|oral|per os|p\.?o\.?"),
    ("iv", r"i\.?v\.?|intravenous(?:ly)?|by vein"),
    ("bolus", r"bolus|push"),
    ("infusion", r"infusion|infused"),
    ("over", r"over"), ("for", r"for"), ("after", r"after"),
    ("missing", r"miss(?:ing|ed)|skipp(?:ing|ed)|omit(?:ting|ted)|without|except"),
    ("at", r"(?:starting |beginning |first dose )?at|starting|beginning|from"),
    ("plus", r"and|plus|with|together with|combined with|&"),
    ("doses", r"doses?|times|number"),
    ("", r"of|take|taking|give|given|receiv(?:e|es|ing)|tablets?|tabs?|capsules?|caps?|the|a|each"
         r"|maintenance|/ ?dose|per dose"),
)  # fmt: skip
# What no regimen can hold, and what to write instead.
_REFUSED: tuple[tuple[str, str], ...] = (
    (rf"(?:twice|thrice|{_N} ?(?:x|×|times))[ -]?(?:a |per )?week(?:ly)?|bi-?weekly|tiw|biw",
     "is no even interval, or may be two; write q84h for twice a week, q2w for every two weeks"),
    (r"(?:once )?(?:monthly|(?:a|per|every|each) month)|/ ?month", "is 28 to 31 days; write q4w or q30d"),
    (r"p\.?r\.?n\.?|(?:as|when|if|whenever) (?:needed|required|necessary)|on demand",
     "has no times; say when each dose is taken, for example '4 mg + 4 mg at 30 h'"),
    (r"s\.?c\.?|sub-?cut(?:aneous(?:ly)?)?|i\.?m\.?|intramuscular(?:ly)?|topical(?:ly)?|inhaled|cream|ointment"
     r"|transdermal|sublingual(?:ly)?|rectal(?:ly)?",
     "is not followed; doses are 'oral', 'iv bolus' or 'iv infusion over 30 min'"),
    (rf"(?:with|after|before|without) {_MEAL}|fasted|fasting|fed",
     "is no part of a regimen; say it beside the regimen, as the condition 'fed'"),
    (r"at \d{1,2} ?(?:am|pm)|(?:at )?\d{1,2}:\d{2}|at noon|noon",
     "is a time of the clock; times count from the first dose, write for example 'at 8 h'"),
    (r"until|up to|titrated?|taper(?:ed|ing)?|increas(?:e|ed|ing)|decreas(?:e|ed|ing)|reduc(?:e|ed|ing)",
     "leaves the steps open; write each: '4 mg qd x 7 then 2 mg qd x 7'"),
    (r"(?:on |from )?days? \d+(?: ?(?:-|–|to) ?\d+)?",
     "counts days; write how long: 'for 7 days', and 'then' before what follows"),
    (rf"(?:in )?(?:{_N} )?divided(?: doses)?", "leaves the amount open; write that of each dose, '2 mg bid'"),
    (r"[1-9]\d{0,2}(?:,\d{3})+", "may be a decimal number or thousands; write the one you mean"),
)  # fmt: skip


def _bounded(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?=/)|(?<![^\W\d]))(?:{pattern})(?!\w)", re.IGNORECASE)


_SAID = [(word, _bounded(pattern)) for word, pattern in _PHRASES]
_NOT = [(_bounded(pattern), hint) for pattern, hint in _REFUSED]
_UNIT = r"(?:ng|[uµμ]g|mcg|mg|g|h|hr|hrs|hours?|min|mins|minutes?|d|days?|w|weeks?)"
_TOKEN = re.compile(
    rf"""(?P<interval>[qQ][0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?[hdwHDW]\b)
       | (?P<plus>\+)
       | (?P<number>-?(?:\d+,\d+(?=\s*{_UNIT}\b)|{words.UNSIGNED}))
       | (?P<times>[xX×](?![^\W\d]))
       | (?P<word>\w+(?:/(?!(?:d|day|wk|week|month|dose|24\s?h)\b)\w*)?)
       | (?P<comma>[,;:()]|\.(?=\s|$))
       | (?P<other>\S)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A part of the text. kind: of ``_TOKEN``, "said" for a word of the grammar, "end" behind the last.

    word: what the grammar calls it, in small letters; empty for numbers and marks.
    """

    kind: str
    text: str
    start: int
    end: int
    word: str = ""


def tokens(text: str) -> Iterator[Token]:
    """The tokens of ``text``; raises RegimenError for what no regimen can hold."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _phrase(text, at) or _plain(text, at)
        at = token.end
        if token.word or token.kind != "said":  # else a word that adds nothing
            yield token
    yield Token("end", "", len(text.rstrip()), len(text.rstrip()) + 1)


def _phrase(text: str, at: int) -> Token | None:
    """What is said at this place, the longest of it."""
    found = [(hit, word) for word, pattern in _SAID if (hit := pattern.match(text, at))]
    best = max(found, key=lambda one: one[0].end(), default=None)
    for pattern, hint in _NOT:
        hit = pattern.match(text, at)
        if hit and (best is None or hit.end() > best[0].end()):
            raise RegimenError(f"regimen: '{hit[0]}' {hint}", text, at, hit.end())
    if best is None:
        return None
    hit, word = best
    return Token("plus" if word == "plus" else "said", hit[0], at, hit.end(), _grammar(word, hit))


def _grammar(word: str, hit: re.Match[str]) -> str:
    """The grammar's word of a phrase; those with a number become q12h and its like."""
    if word not in ("qN", "qNh", "N/d"):
        return word
    groups = hit.groupdict()
    said = groups.get("n") or groups.get("m") or hit[0][1:].strip()
    number = _NUMBERS.get(said.lower(), said)
    if word == "N/d":
        return f"q{words.number(24 / float(number))}h" if float(number) > 0 else "q0h"
    unit = (groups.get("u") or "h")[0].lower()
    return f"q{number}{unit}"


def _plain(text: str, at: int) -> Token:
    hit = _TOKEN.match(text, at)
    assert hit is not None  # the last alternative takes any letter
    kind, said = hit.lastgroup or "", hit[0]
    if kind == "number":
        if said.endswith(".") and not text[hit.end() :].strip():
            said = said[:-1]  # the full stop of a sentence
        return Token(kind, said.replace(",", "."), at, at + len(said))
    if said.lower() in _NUMBERS:
        return Token("number", str(_NUMBERS[said.lower()]), at, hit.end())
    return Token(kind, said, at, hit.end(), said.lower() if kind in ("word", "times", "interval") else "")


def interval(text: str) -> float:
    """Hours of "qd", "once daily", "every 12 h"; raises ValueError for what is no interval."""
    found = [token for token in tokens(text) if token.kind != "end"]
    return words.interval(found[0].word if len(found) == 1 else text)
