"""Fitted values that overlay the library: the small result files of the plans."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from jakinib import paths
from jakinib.errors import InputError
from jakinib.library.files import read_table
from jakinib.library.plugins import extra_folders
from jakinib.library.ranges import Number
from jakinib.library.schema import Quantity, Row


class Estimate(Row):
    """One row of estimates.tsv; low and high bound the interval of the plan's method."""

    id: str
    value: Number
    unit: str
    low: Number
    high: Number
    scope: Literal["model", "nuisance"]
    verdict: str
    prior_median: Number | None = None
    prior_factor: Number | None = None


def own_plan(plan: str) -> Path | None:
    """The user folder that declares a plan; None for a plan of the package.

    Raises InputError for a name that could lead to another folder.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", plan):
        raise InputError(f"plan '{plan}': an id is letters, digits, _ and -; rename it")
    return next((f for f in extra_folders() if (f / "plans" / f"{plan}.yaml").exists()), None)


def plan_file(plan: str) -> Path:
    """The file of a plan by name: of a user folder where one has it, else the package's, there or not."""
    return (own_plan(plan) or paths.fits()) / "plans" / f"{plan}.yaml"


def result_file(plan: str, name: str) -> Path:
    """A file of the results of a plan; those of a plan in a user folder lie in ``results`` of that folder.

    For a plan of the package it is the one in the folder that JAKINIB_RESULTS names, where it is there, and
    else that of the package. Raises InputError for a name that could lead to another folder.
    """
    if folder := own_plan(plan):
        return folder / "results" / plan / name
    if (own := paths.own_results()) and (path := own / plan / name).exists():
        return path
    return paths.fits() / "results" / plan / name


def estimates_path(plan: str) -> Path:
    """The estimates of a plan, as ``result_file`` finds them."""
    return result_file(plan, "estimates.tsv")


def estimates_stamp(plans: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Changes whenever the estimates of one of the plans change."""
    files = [estimates_path(plan) for plan in plans]
    return tuple((str(file), file.stat().st_mtime_ns if file.exists() else 0) for file in files)


def estimates(plan: str, *, nuisance: bool = False) -> dict[str, Quantity]:
    """Fitted model parameters of a plan, or its nuisance parameters; empty when it was never fitted."""
    path = estimates_path(plan)
    return dict(_quantities(plan, path, path.stat().st_mtime_ns, nuisance)) if path.exists() else {}


@functools.lru_cache(maxsize=32)
def _quantities(plan: str, path: Path, stamp: int, nuisance: bool) -> dict[str, Quantity]:
    return {
        row.id: Quantity(
            value=row.value, unit=row.unit, kind="fitted", source=plan,
            low=row.low, high=row.high,
            location=f"fits/results/{plan}/estimates.tsv",
        )
        for row in _estimate_rows(path, stamp)
        if (row.scope == "nuisance") == nuisance
    }  # fmt: skip


@functools.lru_cache(maxsize=32)
def _estimate_rows(path: Path, _stamp: int) -> list[Estimate]:
    return read_table(path, Estimate)
