"""Commands that compare with published numbers: evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Json, app, console, output, table


@app.command()
def evaluate(
    report: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("report"),
    as_json: Json = False,
) -> None:
    """Compute every published constraint, print PASS or FAIL and write the report."""
    from jakinib.evaluate import evaluate as run
    from jakinib.report.html import write

    with output(as_json) as emit:
        with console(stderr=True).status("evaluating") as status:
            outcome = run(progress=lambda c: status.update(f"evaluating: {c.statement}"))
            status.update("writing the report")
            page = write(outcome, report)
        if as_json:
            emit({"passed": outcome.passed, "verdicts": outcome.records()})
        else:
            styles = {"PASS": "green", "FAIL": "bold red", "met": "cyan", "not met": "yellow"}
            rows = [
                [
                    str(v.criterion.item),
                    v.criterion.statement,
                    "none" if v.value is None else f"{v.value:.4g}",
                    v.criterion.target,
                    v.criterion.unit,
                    f"[{styles[v.verdict]}]{v.verdict}[/]",
                    ", ".join(v.sources),
                ]
                for v in outcome.verdicts
            ]
            emit(table("", ["item", "constraint", "value", "target", "unit", "verdict", "source"], rows))
            hard = [v for v in outcome.verdicts if v.criterion.hard]
            emit(f"{sum(v.passed for v in hard)} of {len(hard)} hard criteria pass. Report: {page}")
    if not outcome.passed:
        raise typer.Exit(1)
