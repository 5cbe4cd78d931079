"""Commands that compare with published numbers: evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jakinib.cli.app import Json, app, console, output, refuse, styled, table, targets

if TYPE_CHECKING:
    from rich.text import Text

    from jakinib.evaluate import Evaluation, Verdict
    from jakinib.evaluate.agreement import Agreement
    from jakinib.evaluate.criteria import Interval

COLUMNS = ["item", "constraint", "value", "90 % interval", "target", "verdict", "source"]
STYLES = {"PASS": "green", "FAIL": "bold red", "PASS, reported": "cyan", "FAIL, reported": "yellow"}


def short(interval: Interval) -> str:
    """An interval as text; Laplace is marked L, and a note says why there is none."""
    if interval.low is None or interval.high is None:
        return "-"
    mark = " L" if interval.method == "Laplace" else ""
    return f"{interval.low:.3g} to {interval.high:.3g}{mark}"


def agreed(line: Agreement) -> list[str]:
    """One line of the table of fold errors."""
    inside = "-" if line.coverage is None else f"{100 * line.coverage:.0f} %"
    return [
        f"{line.quantity}, {line.set}", str(line.rows), f"{line.gmfe:.2f}", f"{line.worst:.2f}",
        f"{100 * line.within_2:.0f} %", inside + (" L" if line.method == "Laplace" else ""),
    ]  # fmt: skip


def shown(verdict: Verdict) -> list[str | Text]:
    """One line of the table of criteria, without its item."""
    unit = f" {verdict.criterion.unit}" if verdict.criterion.unit else ""
    return [
        verdict.criterion.statement,
        "-" if verdict.value is None else f"{verdict.value:.4g}{unit}",
        short(verdict.interval),
        verdict.criterion.target,
        styled(verdict.label, STYLES[verdict.label]),
        "\n".join(verdict.sources),
    ]


def notes(outcome: Evaluation) -> list[str]:
    """What the reader of the tables has to know: each reason once."""
    out = []
    verdicts = outcome.verdicts
    out += [f"{v.criterion.statement}: {v.error}" for v in verdicts if v.error]
    out += [f"FAIL: {v.criterion.statement}. {v.criterion.explanation}" for v in verdicts if not v.passed]
    out += [f"-: no interval; {why}" for why in outcome.reasons]
    if any(v.interval.method == "Laplace" for v in verdicts):
        out.append("L: Laplace approximation; the ensemble behind it has not converged.")
    return out


@app.command()
def evaluate(
    ctx: typer.Context,
    report: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("report"),
    draws: Annotated[int, typer.Option(min=0, max=200, help="Parameter sets behind the intervals.")] = 40,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 2,
    model: Annotated[
        Path | None, typer.Option(help="Somebody else's model (SBML, Antimony, OMEX); needs --mapping.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="What its symbols mean in the terms of the criteria (YAML).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute every published constraint, print PASS or FAIL and write the report."""
    if model or mapping:
        from jakinib.cli.foreign import evaluate_model

        refuse(ctx, ("report", "draws", "workers"), "does not apply to the model of --model")
        return evaluate_model(model, mapping, as_json)
    from jakinib.evaluate import evaluate as run
    from jakinib.report.html import FILES, write

    targets(*(report / name for name in FILES))
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
            rows, item = [], 0
            for verdict in outcome.verdicts:
                again, item = verdict.criterion.item == item, verdict.criterion.item
                rows.append(["" if again else str(item), *shown(verdict)])
            emit(table("", COLUMNS, rows))
            emit(table("", ["set", "rows", "GMFE", "worst fold", "within 2-fold", "in 90 % interval"],
                       [agreed(line) for line in outcome.agreement]))  # fmt: skip
            for note in notes(outcome):
                emit(note)
            hard = [v for v in outcome.verdicts if v.criterion.hard]
            others = [v for v in outcome.verdicts if not v.criterion.hard]
            emit(
                f"{sum(v.passed for v in hard)} of {len(hard)} hard criteria pass; "
                f"of {len(others)} that report, {sum(not v.passed for v in others)} fail. Report: {page}"
            )
    if not outcome.passed:
        raise typer.Exit(1)
