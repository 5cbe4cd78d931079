"""Command that holds a PEtab problem's model against its measurements: petab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Json, app, output, table


@app.command()
def petab(
    file: Annotated[Path, typer.Argument(help="YAML file of a PEtab v1 problem.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the simulated values as PEtab simulation table (.tsv, .csv).")
    ] = None,
    residuals: Annotated[
        Path | None, typer.Option(help="Write measured, simulated and residual of each row (.tsv, .csv).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Simulate a PEtab problem at its nominal parameters: log-likelihood, chi2 and residuals.

    A residual is (simulated - measured) / noise on the scale of the observable; chi2 is the sum of their
    squares. Priors are not counted.
    """
    from jakinib.files import separator_of
    from jakinib.fit.petab import petab as run
    from jakinib.paths import write_atomic

    separators = {target: separator_of(target) for target in (out, residuals) if target}
    with output(as_json) as emit:
        found = run(file)
        if out:
            write_atomic(out, found.simulation_table(separators[out]))
        if residuals:
            write_atomic(residuals, found.residual_table(separators[residuals]))
        records = found.records()
        totals = {
            "log_likelihood": found.log_likelihood, "chi2": found.chi2, "measurements": len(records)
        }  # fmt: skip
        if as_json:
            emit({**totals, "residuals": [r | {"time": _time(r["time"])} for r in records]})
            return
        rows = []
        for name in dict.fromkeys(r["observableId"] for r in records):
            own = [float(str(r["residual"])) for r in records if r["observableId"] == name]
            worst = max(own, key=abs)
            rows.append([str(name), str(len(own)), f"{sum(r * r for r in own):.6g}", f"{worst:+.3g}"])
        emit(table("Residuals", ["observable", "measurements", "chi2", "largest"], rows))
        emit(f"log-likelihood {found.log_likelihood:.8g}, chi2 {found.chi2:.8g}, {len(records)} measurements")


def _time(value: object) -> object:
    """JSON has no infinity: a measurement at rest is at "inf", as in the table."""
    return "inf" if value == float("inf") else value
