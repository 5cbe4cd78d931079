"""When criteria and results were recorded, by the dates of their commits; no date where there is none."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jakinib import paths
from jakinib.build.estimates import result_file
from jakinib.evaluate import Criterion
from jakinib.evaluate.run import PLANS
from jakinib.library.files import parse_yaml

CRITERIA = "fits/criteria.yaml"
_WORDS = {"statement", "explanation", "expected"}  # of a criterion: its bound does not depend on them
Entries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Commit:
    """A commit: short hash, date of its author as recorded (ISO 8601), subject."""

    id: str
    date: str
    subject: str

    @property
    def instant(self) -> datetime:
        """The date as a point in time, whatever its zone."""
        return datetime.fromisoformat(self.date)


class History:
    """The recorded history of a checkout. ``reason`` says why there is none; empty where there is one.

    root: folder of the checkout, by default that of the package.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.root()
        self.reason = self._lacking()

    def _git(self, *words: str) -> str:
        """Output of git, which is there where ``reason`` is empty."""
        command = ["git", "-C", str(self.root), *words]
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout

    def _lacking(self) -> str:
        try:
            top, shallow, *_ = self._git(
                "rev-parse", "--show-toplevel", "--is-shallow-repository", "--verify", "HEAD"
            ).splitlines()
        except FileNotFoundError:
            return "git is not installed"
        except (subprocess.CalledProcessError, ValueError):
            return "the package does not run in a checkout with a history"
        if Path(top).resolve() != self.root.resolve():
            return "the package does not run in a checkout of its own"
        return "the history of this checkout is cut off (shallow)" if shallow == "true" else ""

    @property
    def head(self) -> Commit:
        """The commit that is checked out."""
        return next(self._commits("-1"))

    @property
    def changed(self) -> bool:
        """Whether models, evidence or results differ from the commit that is checked out."""
        return bool(self._git("status", "--porcelain", "--", "src", "models", "fits"))

    def of(self, *files: str) -> list[Commit]:
        """The commits that changed files of the checkout, newest first; none for files outside it."""
        inside = [file for file in files if (self.root / file).resolve().is_relative_to(self.root.resolve())]
        return list(self._commits("--", *inside)) if inside else []

    def _commits(self, *words: str) -> Iterator[Commit]:
        for line in self._git("log", "--format=%h%x09%aI%x09%s", *words).splitlines():
            yield Commit(*line.split("\t", 2))

    def bounds(self) -> dict[str, Commit | None]:
        """Of each criterion of the package the commit since which its bound is as it is; None for none."""
        now = _entries((self.root / CRITERIA).read_text(encoding="utf-8"))
        since: dict[str, Commit | None] = dict.fromkeys(now)
        going = set(now)
        for commit in self.of(CRITERIA):
            then = _entries(self._git("show", f"{commit.id}:{CRITERIA}"))
            going = {name for name in going if then.get(name) == now[name]}
            since |= dict.fromkeys(going, commit)
        return since


def _entries(text: str) -> Entries:
    """Criteria by id, without the words that no verdict depends on."""
    found = parse_yaml(text, Path(CRITERIA)) or {}
    listed = found.get("criteria", found) if isinstance(found, dict) else found
    return {
        str(one["id"]): {name: value for name, value in one.items() if name not in _WORDS}
        for one in (listed if isinstance(listed, list) else [])
    }


@dataclass(frozen=True)
class Dated:
    """Commits of the bound of a criterion as it is, and of the results it is held against: first and last."""

    criterion: str
    bound: Commit | None
    first: Commit | None
    now: Commit | None

    def before(self, results: Commit | None) -> bool:
        """Whether the bound is recorded to be older than these results."""
        return self.bound is not None and results is not None and self.bound.instant < results.instant

    def line(self) -> dict[str, Any]:
        """Plain data for JSON, without the criterion."""
        found = {"bound": self.bound, "first": self.first, "now": self.now}
        dates = {name: one and {"commit": one.id, "date": one.date} for name, one in found.items()}
        return {**dates, "before_first": self.before(self.first), "before_now": self.before(self.now)}


def recorded(criteria: Sequence[Criterion]) -> dict[str, Any]:
    """Plain data on what was recorded when: bounds and results, and each change of either, the newest first.

    ``reason`` says why there is no record; then there are no dates.
    """
    history = History()
    if history.reason:
        return {"reason": history.reason, "bounds": len(criteria), "before_first": None, "before_now": None,
                "groups": [], "log": [], "head": None, "changed": None}  # fmt: skip
    bounds, of = history.bounds(), functools.cache(history.of)
    dated = []
    for one in criteria:
        commits = [of(str(file)) for file in _results(one)]
        known = [found for found in commits if found]
        first = max((found[-1] for found in known), key=lambda c: c.instant, default=None)
        now = max((found[0] for found in known), key=lambda c: c.instant, default=None)
        complete = len(known) == len(commits)
        dated.append(
            Dated(one.id, bounds.get(one.id), first if complete else None, now if complete else None)
        )
    lines = [(one.line(), one.criterion) for one in dated]
    groups = groupby(sorted(lines, key=lambda pair: str(pair[0])), key=lambda pair: pair[0])
    return {
        "reason": "",
        "bounds": len(dated),
        "before_first": sum(one.before(one.first) for one in dated),
        "before_now": sum(one.before(one.now) for one in dated),
        "groups": [{**line, "criteria": [name for _, name in members]} for line, members in groups],
        "log": [asdict(commit) for commit in history.of(CRITERIA, "fits/results/*/estimates.tsv")],
        "head": history.head.id,
        "changed": history.changed,
    }


def _results(criterion: Criterion) -> list[Path]:
    """The stored results that a criterion is held against."""
    if criterion.leave:
        return [result_file(criterion.plan, f"crossvalidation_{criterion.leave}.json")]
    return [result_file(plan, "estimates.tsv") for plan in ([criterion.plan] if criterion.plan else PLANS)]
