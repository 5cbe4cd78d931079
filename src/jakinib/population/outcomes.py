"""What a population shows: median and 5-95 % band of every outcome, failures counted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jakinib.arguments import checked
from jakinib.errors import InputError
from jakinib.files import FileError
from jakinib.files.shown import Shown
from jakinib.population.engine import METRICS

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.05, 0.5, 0.95)


@checked
def summary(people: pd.DataFrame | Shown | str | Path) -> pd.DataFrame:
    """Rows: covariates and outcomes; columns: p5, median, p95, mean, cv_percent, n (patients simulated).

    people: the result of ``jakinib.population`` with one arm, a table of its patients, or a Parquet file
    (read column by column). Raises InputError for several arms, whose result has a ``summary`` of its own.

    >>> import jakinib as jk
    >>> trial = jk.population("ra_adult", 20, "4 mg qd x 2", cytokine=None, seed=1)
    >>> int(jk.summary(trial).n.max())
    20
    """
    import pandas as pd

    if isinstance(people, Shown):
        people = people.to_frame()
    if isinstance(people, pd.DataFrame) and "arm" in people and len(people.groupby(["arm", "cytokine"])) > 1:
        raise InputError("summary: several arms or cytokines; ask the trial itself: trial.summary()")
    rows = []
    known = list(people) if isinstance(people, pd.DataFrame) else _columns(Path(people))
    for name in ("weight", "eGFR", *METRICS):
        if name not in known:
            continue
        column = (
            people[name]
            if isinstance(people, pd.DataFrame)
            else pd.read_parquet(people, columns=[name])[name]
        )
        values = column.dropna().to_numpy(dtype=float)
        if not len(values):
            rows.append({"quantity": name, "n": 0})
            continue
        low, middle, high = np.quantile(values, QUANTILES)
        mean, sd = float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0
        rows.append(
            {
                "quantity": name,
                "p5": low,
                "median": middle,
                "p95": high,
                "mean": mean,
                "cv_percent": 100 * sd / mean if mean else 0.0,
                "n": len(values),
            }
        )
    return pd.DataFrame(rows)


def columns_of(file: Path) -> pd.DataFrame:
    """Number of the patient, covariates, outcomes and status of a Parquet file."""
    import pandas as pd

    wanted = ("patient", "weight", "eGFR", *METRICS, "status", "reason")
    known = _columns(file)
    return pd.read_parquet(file, columns=[name for name in wanted if name in known])


def _columns(path: Path) -> list[str]:
    """Column names of a Parquet file, without reading it; raises FileError for what is none."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_schema

    try:
        return list(read_schema(path).names)
    except (OSError, ArrowException) as error:
        raise FileError(path, f"is no Parquet file that can be read ({error}); give one") from None
