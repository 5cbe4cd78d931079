"""What a population shows: median and 5-95 % band of every outcome, failures counted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jakinib.population.engine import METRICS

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.05, 0.5, 0.95)


def summary(people: pd.DataFrame | str | Path) -> pd.DataFrame:
    """Rows: covariates and outcomes; columns: p5, median, p95, mean, cv_percent, n (patients simulated).

    people: the data frame of ``jakinib.population``, or its Parquet file (read column by column).
    """
    import pandas as pd

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


def _columns(path: Path) -> list[str]:
    """Column names of a Parquet file, without reading it."""
    from pyarrow.parquet import read_schema

    return list(read_schema(path).names)
