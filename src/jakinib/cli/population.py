"""Virtual populations: population."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jakinib.assay.studied import COVARIATES
from jakinib.cli.app import (
    Condition,
    Dose,
    Json,
    Milieu,
    Readout,
    app,
    draw,
    names_of,
    output,
    progress,
    refuse,
    table,
    targets,
)
from jakinib.cli.scenarios import Dosed, Files, Settings, Several, asked, back
from jakinib.errors import InputError
from jakinib.library.names import resolve

if TYPE_CHECKING:
    from jakinib.scenario import Scenario
    from jakinib.scenario.trial import Arm, Trial

People = Annotated[
    str, typer.Option("--population", help="As the argument.", autocompletion=names_of("populations"))
]


@app.command("population")
def population_(
    ctx: typer.Context,
    population: Annotated[str, typer.Argument(help="Population of the library.")] = "ra_adult",
    n: Annotated[int, typer.Option("-n", help="Number of patients.")] = 1000,
    regimen: Annotated[
        list[str] | None, typer.Option(help="Doses, '4 mg qd x 7' (default) or '4 mg qd'; once for each arm.")
    ] = None,
    scenario: Files = None,
    people: People = "",
    inhibitor: Dosed = "",
    condition: Condition = None,
    cytokine: Several = "IL-6",
    readout: Readout = "",
    dose: Dose = "",
    milieu: Milieu = "",
    settings: Settings = None,
    seed: Annotated[int, typer.Option(help="Patient i is the same for every n and every machine.")] = 1,
    by: Annotated[str, typer.Option(help="eGFR or weight: outcomes by bands of it.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Parquet file, one row a patient; goes on after an interruption.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw box plots (.png, .svg, .pdf).")] = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Processes; 0: as many as cores.")] = 0,
    scheduler: Annotated[str, typer.Option(help="Dask scheduler, tcp://host:port.")] = "",
    as_json: Json = False,
) -> None:
    """Simulate a virtual population: exposure and inhibition over the last dosing interval.

    Several regimens or scenarios are arms, and several cytokines are read, all in the same patients.
    """
    import os

    if scheduler:
        refuse(ctx, ["workers"], "does not apply to --scheduler, which has workers of its own")
    targets(out, plot)
    if out is not None and out.suffix.lower() != ".parquet":
        raise InputError(f"{out}: a population is written as Parquet; name a file .parquet")
    if people:
        refuse(ctx, ["population"], "stands beside --population; give one of them")
    arms = _arms(ctx, scenario or [], regimen or [], {"population": people} if people else {})
    if by:
        resolve("covariate", by, COVARIATES)
    with output(as_json) as emit:
        with progress() as bar:
            what = f"{arms[0].patient.population}, {arms[0].doses.text}"
            task = bar.add_task(what, total=n * sum(len(one.cytokines) for one in arms))

            def done(finished: int, failed: int) -> None:
                bar.update(task, completed=finished, description=f"{what}, {failed} failed")

            many = {"workers": workers or os.cpu_count() or 1, "scheduler": scheduler, "done": done}
            trial, files = _run(arms, out, n, seed, many)
        if plot:
            draw(trial.plot(by=by), plot)
        _end(emit, as_json, trial, files, arms, by)


def _arms(
    ctx: typer.Context, files: list[Path], regimens: list[str], instead: dict[str, Any]
) -> list[Scenario]:
    """One arm for each file and regimen; the regimens are those of the files where none is given."""
    every: list[Path | None] = [*files] or [None]
    arms = []
    for file in every:
        for text in regimens or [""]:
            one = asked(ctx, file, **instead, **({"regimen": text} if regimens else {}))
            arms.append(one.but(regimen="4 mg qd x 7") if one.regimen is None else one)
    return arms


def _run(
    arms: list[Scenario], out: Path | None, n: int, seed: int, many: dict[str, Any]
) -> tuple[Trial, list[Path]]:
    """The trial, and its files where there are any: one an arm and cytokine, numbered if several."""
    from jakinib.population import run_to_file
    from jakinib.population.outcomes import columns_of
    from jakinib.scenario.trial import Arm, Trial, together
    from jakinib.scenario.verbs import population as run
    from jakinib.scenario.verbs import studies

    if out is None:
        return run(arms, n=n, seed=seed, **many), []
    wanted, found, files = studies(arms), [], []
    for number, ((label, one, given), count) in enumerate(
        zip(wanted, together(many["done"], n, len(wanted)), strict=True), start=1
    ):
        file = out if len(wanted) == 1 else out.with_name(f"{out.stem}_{number}{out.suffix}")
        manifest = run_to_file(file, n=n, seed=seed, **many | {"done": count}, **given)
        found.append(Arm.of(label, columns_of(file), manifest, one))
        files.append(file)
    return Trial(tuple(found)), files


def _end(emit: Any, as_json: bool, trial: Trial, files: list[Path], arms: list[Scenario], by: str) -> None:
    """The summaries, what the reader must know, where the patients are, and what was asked."""
    from jakinib.scenario.trial import plain

    if as_json:
        bands = {"by": {"covariate": by, "summary": plain(trial.summary(by))}} if by else {}
        record = trial.record()
        if len(trial) == 1:
            one = {key: record["arms"][0][key] for key in ("manifest", "summary", "scenario")}
            emit(one | {"file": str(files[0]) if files else None} | bands)
        else:
            emit(record | {"files": [str(file) for file in files]} | bands)
        return
    for arm in trial:
        rows = [_line(row) for row in summary_of(arm)]
        emit(table(_title(arm.manifest), ["quantity", "median", "5 %", "95 %", "CV (%)"], rows))
    if by:
        emit(_by(trial, by))
    if len({arm.label for arm in trial}) > 1 and len({arm.manifest["population"] for arm in trial}) == 1:
        emit(_paired(trial))
    for note in trial.notes:
        emit(f"note: {note}")
    for file in files:
        emit(f"written to {file}")
    back(arms)


def summary_of(arm: Arm) -> list[dict[Hashable, Any]]:
    from jakinib.population import summary

    return summary(arm.patients).to_dict("records")


def _by(trial: Trial, by: str) -> Any:
    """The outcome of the plot by bands of a covariate, one row a band."""
    from jakinib.scenario.trial import QUANTITIES, outcome, plain

    column = outcome("", trial)
    several = [key for key in ("arm", "cytokine") if len({row[key] for row in _keys(trial)}) > 1]
    lines = []
    for row in plain(trial.summary(by).query("quantity == @column")):
        found = f"{row['median']:.4g} ({row['p5']:.4g}-{row['p95']:.4g})" if row["n"] else ""
        lines.append([*(row[key] for key in several), row["band"], found, str(row["n"])])
    return table("", [*several, by, f"{QUANTITIES[column][0]}, median (5-95 %)", "patients"], lines)


def _keys(trial: Trial) -> list[dict[str, str]]:
    return [{"arm": arm.label, "cytokine": arm.cytokine} for arm in trial]


def _paired(trial: Trial) -> Any:
    """What each arm differs from the first in, patient by patient."""
    from jakinib.scenario.trial import QUANTITIES, outcome

    name = QUANTITIES[outcome("", trial)][0]
    lines = [
        [row["arm"], row["cytokine"], *(f"{row[key]:.4g}" for key in ("median", "p5", "p95"))]
        for row in trial.differences("").to_dict("records")
    ]
    title = f"{name}, each patient's difference from the arm '{trial.arms[0].label}'"
    return table(title, ["arm", "cytokine", "median", "5 %", "95 %"], lines)


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
