"""Virtual populations: population."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from jakinib.cli.app import (
    Condition,
    Cytokine,
    Inhibitor,
    Json,
    Milieu,
    Readout,
    app,
    output,
    progress,
    refuse,
    table,
    targets,
)
from jakinib.errors import InputError


@app.command("population")
def population_(
    ctx: typer.Context,
    population: Annotated[str, typer.Argument(help="Population of the library.")] = "ra_adult",
    n: Annotated[int, typer.Option("-n", help="Number of patients.")] = 1000,
    regimen: Annotated[
        str, typer.Option(help="Doses, for example '4 mg qd x 7' or '4 mg qd ss'.")
    ] = "4 mg qd x 7",
    inhibitor: Inhibitor = "baricitinib",
    cytokine: Cytokine = "IL-6",
    readout: Readout = "",
    cytokine_dose: Annotated[str, typer.Option(help="Ex vivo, for example '10 ng/mL'; default: usual.")] = "",
    milieu: Milieu = "",
    condition: Condition = None,
    seed: Annotated[int, typer.Option(help="Patient i is the same for every n and every machine.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Parquet file, one row a patient; goes on after an interruption.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Processes; 0: as many as cores.")] = 0,
    scheduler: Annotated[str, typer.Option(help="Dask scheduler, tcp://host:port.")] = "",
    as_json: Json = False,
) -> None:
    """Simulate a virtual population: exposure and inhibition over the last dosing interval."""
    import os

    from jakinib.population import population as run
    from jakinib.population import run_to_file, summary

    if scheduler:
        refuse(ctx, ["workers"], "does not apply to --scheduler, which has workers of its own")
    targets(out)
    if out is not None and out.suffix.lower() != ".parquet":
        raise InputError(f"{out}: a population is written as Parquet; name a file .parquet")
    options: dict[str, Any] = {
        "inhibitor": inhibitor, "cytokine": cytokine, "readout": readout, "cytokine_dose": cytokine_dose,
        "milieu": milieu, "conditions": tuple(condition or ()), "seed": seed,
    }  # fmt: skip
    with output(as_json) as emit:
        with progress() as bar:
            task = bar.add_task(f"{population}, {regimen}", total=n)

            def done(finished: int, failed: int) -> None:
                bar.update(task, completed=finished, description=f"{population}, {failed} failed")

            cores = workers or os.cpu_count() or 1
            many: dict[str, Any] = {"workers": cores, "scheduler": scheduler, "done": done}
            if out is None:
                people = run(population, n, regimen, **many, **options)
                manifest, rows = people.attrs["manifest"], summary(people)
            else:
                manifest = run_to_file(out, population, n, regimen, **many, **options)
                rows = summary(out)
        if as_json:
            records = rows.astype(object).where(rows.notna(), None).to_dict("records")
            emit({"manifest": manifest, "summary": records, "file": str(out) if out else None})
            return
        lines = [_line(row) for row in rows.to_dict("records")]
        emit(table(_title(manifest), ["quantity", "median", "5 %", "95 %", "CV (%)"], lines))
        _end(emit, manifest, out)


def _end(emit: Any, manifest: Mapping[str, Any], out: Path | None) -> None:
    """What the reader must know, and where the patients are."""
    for note in manifest["notes"]:
        emit(f"note: {note}")
    if out:
        emit(f"written to {out}")


def _title(manifest: Mapping[str, Any]) -> str:
    return (
        f"{manifest['n']} patients, {manifest['population']}, {manifest['inhibitor']} {manifest['regimen']}, "
        f"{manifest['cytokine']} {manifest['readout']}, last dosing interval; {manifest['failed']} failed"
    )


def _line(row: Mapping[Hashable, Any]) -> list[str]:
    """A quantity of the summary with its unit, median, band and variability."""
    units = {"weight": "weight (kg)", "eGFR": "eGFR (mL/min per 1.73 m2)"}
    numbers = (row[key] for key in ("median", "p5", "p95", "cv_percent"))
    name = units.get(row["quantity"], row["quantity"])
    return [name, *("none" if row["n"] == 0 else f"{number:.4g}" for number in numbers)]
