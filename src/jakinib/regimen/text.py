"""Regimens as they are prescribed. The grammar, in which the clauses of a series come in any order:

regimen = part {"+" part}                                 all parts from time 0 on
part    = series {"then" ["after" time] series}           one after the other
series  = [inhibitor] number unit {clause}                mg, ug, g, mg/kg ...
clause  = "oral" | "iv" "bolus" | "iv" "infusion" "over" time
        | "once" | interval                               qd bid tid qid qod qw q12h q3d
        | "x" number ["doses"] | "for" time | "ss"        how often; steady state before time 0
        | "missing" number {"," number}                   doses of this series, counted from 1
        | "at" time                                       first series of a part only
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeVar

from jakinib.errors import RegimenError
from jakinib.library import get_library
from jakinib.regimen import words
from jakinib.regimen.dose import Regimen
from jakinib.regimen.series import MOST, Series, assemble, split
from jakinib.regimen.spoken import Token, tokens

_CLAUSES = {
    "x": "x", "×": "x", "for": "for", "ss": "ss", "missing": "missing", "at": "at", "oral": "route",
    "iv": "route", "once": "interval",
}  # fmt: skip
V = TypeVar("V")
LONGEST = 10_000  # characters of a text
_EXAMPLE = "write for example '4 mg qd x 7'"
FOLLOWED, FEWEST = 14 * 24.0, 4  # h, and doses, of a series without an end that began at a known time


@dataclass
class _Draft:
    """One series while it is read; ``seen`` holds the token of each clause."""

    series: Series
    first: Token
    interval: Token | None = None
    lasting: float | None = None
    counted: Token | None = None
    after: float | None = None
    then: Token | None = None
    stop: int = 0  # place of the token behind it
    seen: dict[str, Token] = field(default_factory=dict)


def parse(text: str) -> Regimen:
    """Read ``text``; see the module for the grammar. Raises RegimenError."""
    if len(text) > LONGEST:
        raise RegimenError(
            f"regimen: {len(text):,} characters; at most {LONGEST:,} are read, write longer ones as a file",
            text[:40],
        )
    return _Parser(text).regimen()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.notes = text, list[str]()
        self.tokens = list(tokens(text))
        self.position = 0

    def refuse(self, reason: str, token: Token, last: Token | None = None) -> NoReturn:
        raise RegimenError(f"regimen: {reason}", self.text, token.start, (last or token).end)

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def has(self, *ahead: str) -> bool:
        """Whether the next tokens are these words."""
        return all(t.word == word for t, word in zip(self.tokens[self.position :], ahead, strict=False))

    # Grammar ------------------------------------------------------------------------------------------

    def regimen(self) -> Regimen:
        if not self.text.strip():
            self.refuse(f"not understood, since nothing is written; {_EXAMPLE}", self.next)
        series: list[Series] = []
        named: list[tuple[bool, Token]] = []
        while True:
            begin = self.next
            part = self.part()
            series += part
            named.append((bool(part[0].inhibitor), begin))
            if self.next.kind != "plus":
                break
            self.take()
        if self.next.kind != "end":
            self.refuse(f"'{self.next.text}' not understood here; {_EXAMPLE}", self.next)
        for has_name, begin in named:
            if has_name != any(name for name, _ in named):
                self.refuse("which inhibitor? name it in each part", begin)
        return assemble(series, " ".join(self.text.split()), tuple(self.notes))

    def part(self) -> list[Series]:
        drafts = [self.series("")]
        while self.has("then"):
            then, after = self.take(), None
            if self.has("after"):
                self.take()
                after = self.time("after")
            draft = self.series(drafts[-1].series.inhibitor)
            if bool(draft.series.inhibitor) != bool(drafts[0].series.inhibitor):
                self.refuse("which inhibitor? name it from the first series on", drafts[0].first)
            draft.then, draft.after = then, after
            drafts.append(draft)
        for draft in drafts:
            self.end(draft, first=draft is drafts[0], last=draft is drafts[-1])
        return self.follow(drafts)

    def end(self, draft: _Draft, *, first: bool, last: bool) -> None:
        """Where a series without an end ends, and which of its doses are missing."""
        series = draft.series
        said = self.text[draft.first.start : self.tokens[draft.stop - 1].end]
        if series.interval and draft.counted is None and not series.steady:
            assert draft.interval is not None
            if not last:
                self.refuse("how long? add 'x 7' or 'for 7 days' before 'then'", draft.interval)
            if first and series.start < series.interval:
                series = replace(series, steady=True)
                end = "is taken as at steady state; add 'x 7' for a course from the first dose"
            else:
                count = max(FEWEST, math.ceil(FOLLOWED / series.interval))
                series = replace(series, repeats=count)
                end = f"is followed for {count} doses; add 'x 7' for another number"
            self.notes.append(f"regimen: '{said}' has no end and {end}")
        for number in series.missing:
            if number > series.repeats:
                reason = f"dose {number} is missing, of {series.repeats} in this series"
                self.refuse(reason, draft.seen[f"missing {number}"])
        draft.series = series

    def follow(self, drafts: list[_Draft]) -> list[Series]:
        """Each series from the end of the one before."""
        done = [drafts[0].series]
        for draft in drafts[1:]:
            before, series = done[-1], draft.series
            for clause in ("at", "ss"):
                if clause in draft.seen:
                    hint = (
                        "use 'then after 12 h'"
                        if clause == "at"
                        else "a steady state is reached before time 0"
                    )
                    self.refuse(f"'{clause}' after 'then'; {hint}", draft.seen[clause])
            gap = draft.after if draft.after is not None else before.interval or series.interval
            if draft.after is None and not gap:
                assert draft.then is not None
                self.refuse("when? two single doses; write for example 'then after 12 h'", draft.then)
            # An interval that has closed: repeats * interval, which is what a longer series would come to.
            closed = draft.after is None and before.interval
            begin = before.start + before.repeats * before.interval if closed else before.last + gap
            done.append(replace(series, start=begin))
        return done

    def series(self, inhibitor: str) -> _Draft:
        loading = self.take() if self.next.word == "once" else None
        inhibitor = self.name_before() or inhibitor
        number, unit = self.amount()
        scale, per_kg = self.asking(words.mass_unit, unit, unit.text)
        amount = float(number.text) * scale
        if not 0 <= amount < math.inf:
            reason = f"dose {number.text} {unit.text}; give a finite amount of at least 0 {unit.text}"
            self.refuse(reason, number, unit)
        draft = _Draft(Series(amount, inhibitor=inhibitor, per_kg=per_kg), number, interval=loading)
        if loading is not None:
            draft.seen["interval"] = loading
        while self.clause(draft):
            pass
        draft.stop = self.position
        self.close(draft)
        return draft

    def name_before(self) -> str:
        """The inhibitor named before the amount, which a mass tells from a number in a name."""
        first = end = self.position
        while self.tokens[end].kind in ("word", "number", "comma"):
            if self.tokens[end].kind == "number" and _mass(self.tokens[end + 1]):
                break
            end += 1
        if end == first or self.tokens[end].kind != "number":
            token, following = self.next, self.tokens[min(first + 1, len(self.tokens) - 1)]
            if token.kind != "word" or following.kind != "number":
                return ""
            end = first + 1
        named = [token for token in self.tokens[first:end] if token.kind != "comma"]
        name = self.text[named[0].start : named[-1].end] if named else ""
        self.position = end
        entry = get_library().find("inhibitors", name) if name else ""
        if entry is None and not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
            self.refuse(f"'{name}' is not the name of an inhibitor", named[0], named[-1])
        return entry or name

    def name_after(self, draft: _Draft) -> bool:
        """The inhibitor named after the amount, as in "4 mg baricitinib qd"."""
        first = end = self.position
        while self.tokens[end].kind in ("word", "number") and not _starts_time(self.tokens[end : end + 2]):
            end += 1
        for stop in range(end, first, -1):
            name = self.text[self.next.start : self.tokens[stop - 1].end]
            if (entry := get_library().find("inhibitors", name)) is not None:
                if draft.series.inhibitor not in ("", entry):
                    self.refuse(f"{draft.series.inhibitor} or {entry}? name one", self.next)
                draft.series = replace(draft.series, inhibitor=entry)
                self.position = stop
                return True
        return False

    def amount(self) -> tuple[Token, Token]:
        number = self.take()
        unit = self.next
        if number.word in ("nan", "inf", "infinity"):
            self.refuse(f"'{number.text} {unit.text}' is not a finite dose", number, unit)
        if number.kind != "number":
            what = f"'{number.text}' not understood; expected a dose" if number.text else "a dose is missing"
            self.refuse(f"{what}; {_EXAMPLE}", number)
        if unit.kind != "word":
            before = f" before '{unit.text}'" if unit.text else ""
            self.refuse(f"'{number.text}' has no unit{before}; write for example '{number.text} mg'", number)
        return number, self.take()

    def asking(self, read: Callable[[str], V], token: Token, text: str, more: str = "") -> V:
        try:
            return read(text)
        except ValueError as error:
            self.refuse(f"{error}{more}", token)

    def time(self, after: str) -> float:
        """Hours of "30 min"."""
        number, unit = self.take(), self.next
        if number.kind != "number":
            self.refuse(f"a time is missing after '{after}'; write for example '{after} 12 h'", number)
        if unit.kind != "word":
            self.refuse(f"'{number.text}' has no unit; write for example '{number.text} h'", number)
        value = float(number.text) * self.asking(words.time_unit, self.take(), unit.text)
        if not 0 <= value < math.inf or (value == 0 and after != "at"):
            self.refuse(f"'{after} {number.text} {unit.text}'; give a finite time above 0", number, unit)
        return value

    # Clauses ------------------------------------------------------------------------------------------

    def clause(self, draft: _Draft) -> bool:
        token = self.next
        if token.kind == "comma" or token.word == "doses":
            self.take()
            return True
        kind = _CLAUSES.get(token.word, "")
        if token.kind == "number" and _starts_time(self.tokens[self.position : self.position + 2]):
            kind, self.position = "for", self.position - 1  # "14 days" is "for 14 days"
        elif token.kind == "number" and self.tokens[self.position + 1].word == "doses":
            kind, self.position = "x", self.position - 1
        elif not kind:
            if token.kind in ("end", "plus") or token.word == "then":
                return False
            if token.kind == "word" and self.name_after(draft):
                return True
            kind = "interval"
            if token.kind == "word" and draft.interval is None:
                self.asking(words.interval, token, token.text, "; nor is it the name of an inhibitor")
            if not token.word or (token.kind == "word" and draft.interval is not None):
                self.refuse(f"'{token.text}' not understood here; {_EXAMPLE}", token)
        if kind in draft.seen:
            self.refuse(f"'{token.text}': said before; say it once", token)
        draft.seen[kind] = self.take()
        getattr(self, f"clause_{kind}")(draft, token)
        return True

    def clause_interval(self, draft: _Draft, token: Token) -> None:
        draft.interval = token
        if token.word != "once":
            hours = self.asking(words.interval, token, token.word if token.kind == "said" else token.text)
            draft.series = replace(draft.series, interval=hours)

    def clause_x(self, draft: _Draft, token: Token) -> None:
        if _starts_time(self.tokens[self.position : self.position + 2]):
            self.clause_for(draft, token)
            return
        count = self.take()
        if not re.fullmatch(r"[0-9]{1,5}", count.text) or int(count.text) < 1:
            reason = f"'{token.text} {count.text}'; give a whole number of doses from 1 to {MOST}"
            self.refuse(reason, token, count)
        draft.series = replace(draft.series, repeats=int(count.text))
        draft.counted = token

    def clause_for(self, draft: _Draft, token: Token) -> None:
        if self.tokens[min(self.position + 1, len(self.tokens) - 1)].word == "doses":
            self.clause_x(draft, token)
            return
        draft.lasting, draft.counted = self.time("for"), token

    def clause_ss(self, draft: _Draft, token: Token) -> None:
        draft.series = replace(draft.series, steady=True)

    def clause_at(self, draft: _Draft, token: Token) -> None:
        draft.series = replace(draft.series, start=self.time("at"))

    def clause_route(self, draft: _Draft, token: Token) -> None:
        if token.word != "iv":
            return
        how = self.take()
        if how.word == "bolus":
            draft.series = replace(draft.series, route="iv bolus")
        elif how.word == "infusion":
            if not self.has("over"):
                self.refuse("how long? write for example 'iv infusion over 30 min'", token, how)
            self.take()
            draft.series = replace(draft.series, route="iv infusion", duration=self.time("over"))
        else:
            self.refuse("write 'iv bolus' or 'iv infusion over 30 min'", token)

    def clause_missing(self, draft: _Draft, token: Token) -> None:
        missing: list[int] = []
        while True:
            if self.next.word == "doses":
                self.take()
            which = self.take()
            if not re.fullmatch(r"[0-9]{1,5}", which.text) or int(which.text) < 1:
                what = f"'{which.text}'" if which.text else "nothing"
                self.refuse(f"which dose is missing? {what} is not a dose number counted from 1", which)
            missing.append(int(which.text))
            draft.seen.setdefault(f"missing {which.text}", which)
            if self.next.kind != "comma" and self.next.text.lower() != "and":
                break
            self.take()
        draft.series = replace(draft.series, missing=tuple(sorted(set(missing))))

    def close(self, draft: _Draft) -> None:
        """What the clauses of a series say together."""
        series, seen = draft.series, draft.seen
        if "x" in seen and "for" in seen:
            self.refuse("both a number of doses and a time; say one", seen["for"])
        if not series.interval:
            for clause in ("x", "for", "ss"):
                if clause in seen and (clause != "x" or series.repeats > 1):
                    how = "repeated how? add" if clause != "ss" else "steady state of what? add"
                    self.refuse(f"{how} an interval such as qd before '{seen[clause].text}'", seen[clause])
        if series.steady and series.start >= series.interval:
            self.refuse("at steady state the first dose falls within one interval from time 0", seen["at"])
        if draft.lasting is not None:
            repeats = math.ceil(draft.lasting / series.interval * (1 - 1e-12))
            if repeats > MOST:
                self.refuse(f"{repeats} doses; give at most {MOST}", draft.counted or draft.first)
            draft.series = replace(series, repeats=repeats)


def _mass(token: Token) -> bool:
    """Whether a token is a unit of mass."""
    try:
        words.mass_unit(token.text)
    except ValueError:
        return False
    return token.kind == "word"


def _starts_time(ahead: Sequence[Token]) -> bool:
    """Whether these tokens are a number and a unit of time."""
    if len(ahead) < 2 or ahead[0].kind != "number" or ahead[1].kind != "word":
        return False
    try:
        return words.time_unit(ahead[1].text) > 0
    except ValueError:
        return False


def write(regimen: Regimen) -> str:
    """Text that ``parse`` reads as ``regimen``."""
    return " + ".join(_phrase(series) for series in split(regimen))


def _phrase(series: Series) -> str:
    n = words.number
    parts = [series.inhibitor, f"{n(series.amount)} mg{'/kg' if series.per_kg else ''}"]
    if series.route != "oral":
        parts.append(series.route)
    if series.duration:
        parts.append(f"over {n(series.duration)} h")
    if series.interval:
        parts.append(words.interval_word(series.interval))
        parts.append("ss" if series.steady else "")
        parts.append(f"x {series.repeats}" if series.repeats > 1 or not series.steady else "")
    elif not series.start:
        parts.append("once")
    if series.start:
        parts.append(f"at {n(series.start)} h")
    if series.missing:
        parts.append(f"missing {', '.join(map(str, series.missing))}")
    return " ".join(part for part in parts if part)
