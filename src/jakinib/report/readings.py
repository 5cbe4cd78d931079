"""How a criterion can pass although model and published number differ, in one sentence."""

from __future__ import annotations

from jakinib.errors import SimulationError
from jakinib.evaluate import Evaluation, Verdict
from jakinib.evaluate.evidence import Evidence
from jakinib.experiments import AfterDose
from jakinib.library.measurements import Measurement
from jakinib.report.wording import number

RETURNS = "return_rises"  # the criterion whose experiments are the returns after every dose


def readings(evaluation: Evaluation) -> dict[str, str]:
    """The sentence of each criterion that passes although model and published number differ, by id."""
    found = {v.criterion.id: reading(v, evaluation) for v in evaluation.verdicts}
    return {identifier: words for identifier, words in found.items() if words}


def reading(verdict: Verdict, evaluation: Evaluation) -> str:
    """Why a verdict is PASS where the published window or bound is missed; empty where nothing differs."""
    if not verdict.passed or verdict.criterion.stored:
        return ""
    try:
        return _early(verdict, evaluation) or _widened(verdict, evaluation.evidence)
    except SimulationError:  # then the row says why there is no value, or a figure why it is not drawn
        return ""


def _window(verdict: Verdict, evidence: Evidence) -> Measurement | None:
    """The published window of the return to baseline that a criterion stands for without asking for it."""
    criterion = verdict.criterion
    for row in (evidence.data[name] for name in criterion.rows):
        if row.quantity == "return_of_inhibition" and row.low is not None and row.high is not None:
            asked = (criterion.low, criterion.high) == (row.low, row.high)
            return None if asked else row
    return None


def _early(verdict: Verdict, evaluation: Evaluation) -> str:
    """Curves that end before the published window and pass."""
    evidence = evaluation.evidence
    window = _window(verdict, evidence)
    if window is None or window.low is None or RETURNS not in {c.id for c in evidence.criteria}:
        return ""
    doses = [one.row.dose for one in evidence.of(verdict.criterion) if isinstance(one, AfterDose)]
    returns = [one for one in evidence.of(RETURNS) if one.row.dose in doses]
    back = {one.row.dose: evidence.back(one) for one in returns}
    early = {dose: hours for dose, hours in back.items() if hours < window.low}
    if not early:
        return ""
    first, last = min(early, key=early.__getitem__), max(early, key=early.__getitem__)
    spans = (
        f"after {early[first]:.1f} h"
        if len(early) == 1
        else f"after {early[first]:.1f} h ({first}) to {early[last]:.1f} h ({last})"
    )
    which = "The curve ends" if len(back) == 1 else f"{len(early)} of {len(back)} curves end"
    asked = _asked(verdict)
    return (
        f"{which} before the published {window.low:g}-{window.high:g} h: the model is back {spans}. "
        f"This passes because it asks only {asked}, which an early return meets too"
        f"{_judged(evaluation, window)}."
    )


def _asked(verdict: Verdict) -> str:
    """What a criterion asks, in words."""
    criterion = verdict.criterion
    if criterion.conditions.get("quantity") == "inhibition_left":
        return f"that at most {criterion.high:g} % be left at {criterion.conditions['time']}"
    if criterion.statistic == "rise":
        return "that the time rise with dose"
    ends = [("at least", criterion.low), ("at most", criterion.high)]
    return "for " + " and ".join(
        f"{words} {end:g} {criterion.unit}" for words, end in ends if end is not None
    )


def _judged(evaluation: Evaluation, window: Measurement) -> str:
    """What became of the criteria that ask for the window itself."""
    asked = [
        v
        for v in evaluation.verdicts
        if window.id in v.criterion.rows and (v.criterion.low, v.criterion.high) == (window.low, window.high)
    ]
    if not asked:
        return ""
    failed = sum(not v.passed for v in asked)
    return f"; held against the window itself, {failed} of {len(asked)} criteria fail"


def _widened(verdict: Verdict, evidence: Evidence) -> str:
    """A value outside the published bound or range that passes because the criterion allows more."""
    criterion = verdict.criterion
    bound, value = criterion.bound, verdict.value
    if bound is None or value is None or (bound.fold is None and bound.percent is None):
        return ""
    row = evidence.data[bound.row or criterion.rows[0]]
    low, high = row.low, row.high
    if row.qualifier == "<":
        low, high = None, row.value
    elif row.qualifier == ">":
        low, high = row.value, None
    beyond = (low is not None and value < low) or (high is not None and value > high)
    if not beyond:
        return ""
    published = f"{row.qualifier} {row.value:g}" if row.qualifier in "<>" else f"{low:g}-{high:g}"
    more = f"{bound.fold:g}-fold" if bound.fold is not None else f"{bound.percent:g} %"
    return (
        f"The value lies {'below' if low is not None and value < low else 'above'} the published {published} "
        f"{criterion.unit}: {number(value)}. This passes because the criterion allows {more} around it."
    )
