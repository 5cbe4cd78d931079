"""Commands that compare with published numbers: evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jakinib.cli.app import Json, app, console, output, table

if TYPE_CHECKING:
    from jakinib.evaluate.agreement import Agreement
    from jakinib.evaluate.criteria import Interval

COLUMNS = ["item", "constraint", "value", "90 % interval", "target", "unit", "verdict", "source"]


def short(interval: Interval) -> str:
    """An interval as text; Laplace is marked L."""
    if interval.low is None or interval.high is None:
        return "none"
    mark = " L" if interval.method == "Laplace" else ""
    return f"{interval.low:.3g} to {interval.high:.3g}{mark}"


def agreed(line: Agreement) -> list[str]:
    """One line of the table of fold errors."""
    inside = "none" if line.coverage is None else f"{100 * line.coverage:.0f} %"
    return [
        f"{line.quantity}, {line.set}", str(line.rows), f"{line.gmfe:.2f}", f"{line.worst:.2f}",
        f"{100 * line.within_2:.0f} %", inside + (" L" if line.method == "Laplace" else ""),
    ]  # fmt: skip


@app.command()
def evaluate(
    report: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("report"),
    draws: Annotated[int, typer.Option(min=0, max=200, help="Parameter sets behind the intervals.")] = 40,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    as_json: Json = False,
) -> None:
    """Compute every published constraint, print PASS or FAIL and write the report."""
    from jakinib.evaluate import evaluate as run
    from jakinib.report.html import write

    with output(as_json) as emit:
        with console(stderr=True).status("evaluating") as status:
            outcome = run(lambda c: status.update(f"evaluating: {c.statement}"), draws=draws, workers=workers)
            status.update("writing the report")
            page = write(outcome, report)
        if as_json:
            emit(
                {
                    "passed": outcome.passed,
                    "verdicts": outcome.records(),
                    "agreement": [line.record() for line in outcome.agreement],
                }
            )
        else:
            styles = {"PASS": "green", "FAIL": "bold red", "met": "cyan", "not met": "yellow"}
            rows = [
                [
                    str(v.criterion.item),
                    v.criterion.statement,
                    "none" if v.value is None else f"{v.value:.4g}",
                    short(v.interval),
                    v.criterion.target,
                    v.criterion.unit,
                    f"[{styles[v.verdict]}]{v.verdict}[/]",
                    ", ".join(v.sources),
                ]
                for v in outcome.verdicts
            ]
            emit(table("", COLUMNS, rows))
            emit(table("", ["set", "rows", "GMFE", "worst fold", "within 2-fold", "in 90 % interval"],
                       [agreed(line) for line in outcome.agreement]))  # fmt: skip
            for why in dict.fromkeys(v.interval.reason for v in outcome.verdicts if v.interval.reason):
                emit(f"Interval {why}.")
            if any(v.interval.method == "Laplace" for v in outcome.verdicts):
                emit("L: Laplace approximation; the ensemble behind it has not converged.")
            hard = [v for v in outcome.verdicts if v.criterion.hard]
            emit(f"{sum(v.passed for v in hard)} of {len(hard)} hard criteria pass. Report: {page}")
    if not outcome.passed:
        raise typer.Exit(1)
