"""Commands that compare with published numbers: evaluate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from jakinib.cli.app import WIDTH, Json, app, console, output, refuse, styled, table, targets
from jakinib.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from jakinib.evaluate import Evaluation, Verdict
    from jakinib.evaluate.agreement import Agreement
    from jakinib.evaluate.criteria import Interval

COLUMNS = ["criterion", "value", "90 % interval", "target"]
STYLES = {"FAIL": "bold red", "PASS": "green"}


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


def shown(verdict: Verdict) -> list[str]:
    """One line of the table of criteria; a star marks one that does not decide."""
    unit = f" {verdict.criterion.unit}" if verdict.criterion.unit else ""
    return [
        verdict.criterion.statement + ("" if verdict.criterion.hard else " *"),
        "-" if verdict.value is None else f"{verdict.value:.4g}{unit}",
        short(verdict.interval),
        verdict.criterion.target,
    ]


def verdict_page(outcome: Evaluation) -> Iterator[str | Table]:
    """What is printed, in order: the count of predictions, failures and why, what passes, fold errors."""
    from jakinib.evaluate.basis import headline
    from jakinib.report.readings import readings

    yield headline(outcome.tallies)
    rows = [[t.basis, *map(str, (t.criteria, t.passed, t.hard, t.hard_passed))] for t in outcome.tallies]
    yield table("", ["evidence", "criteria", "pass", "decide", "pass"], rows, WIDTH)
    yield "Input was put into the model: agreement verifies the simulation and is no evidence."
    yield "* reports and does not decide."
    for name, style in STYLES.items():
        for tally in outcome.tallies:
            mine = [v for v in outcome.verdicts if outcome.bases[v.criterion.id] == tally.basis]
            lines = [shown(v) for v in mine if v.verdict == name]
            if lines:
                yield table(styled(f"{name}, {tally.basis}: {len(lines)}", style), COLUMNS, lines, WIDTH)
        for v in outcome.verdicts if name == "FAIL" else ():
            if not v.passed:
                yield f"FAIL: {v.criterion.statement}. {v.error or v.criterion.explanation}"
    although = readings(outcome)
    for v in outcome.verdicts:
        if v.criterion.id in although:
            yield f"PASS: {v.criterion.statement}. {although[v.criterion.id]}"
    columns = ["set", "rows", "GMFE", "worst fold", "within 2-fold", "in 90 % interval"]
    yield table("", columns, [agreed(line) for line in outcome.agreement], WIDTH)
    yield from notes(outcome)


def notes(outcome: Evaluation) -> list[str]:
    """What the reader of the tables has to know: each reason once."""
    out = [f"-: no interval; {why}" for why in outcome.reasons]
    if any(v.interval.method == "Laplace" for v in outcome.verdicts):
        out.append("L: Laplace approximation; the ensemble behind it has not converged.")
    for v in outcome.surprises:
        known = v.criterion.expected.upper()
        out.append(f"NEWS: {v.criterion.id} was known to {known} and is now {v.verdict}.")
    return out


def beside(library: Path | None) -> None:
    """A library folder is read in this process and its workers, after those of JAKINIB_LIBRARY."""
    if library is None:
        return
    if not library.is_dir():
        raise InputError(
            f"--library {library}: there is no such folder; name one with data and criteria.yaml"
        )
    named = [*os.environ.get("JAKINIB_LIBRARY", "").split(os.pathsep), str(library)]
    os.environ["JAKINIB_LIBRARY"] = os.pathsep.join(dict.fromkeys(filter(None, named)))


Library = Annotated[
    Path | None, typer.Option(help="Library folder of yours, with data and criteria, beside JAKINIB_LIBRARY.")
]


@app.command()
def evaluate(
    ctx: typer.Context,
    report: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("report"),
    draws: Annotated[int, typer.Option(min=0, max=200, help="Parameter sets behind the intervals.")] = 40,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 2,
    library: Library = None,
    model: Annotated[
        Path | None, typer.Option(help="Somebody else's model (SBML, Antimony, OMEX); needs --mapping.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="What its symbols mean in the terms of the criteria (YAML).")
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Repeat the cross-validations too; takes minutes.")
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="End with exit code 0 also when criteria fail.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compute every published constraint, print PASS or FAIL and write the report."""
    beside(library)
    if model or mapping:
        from jakinib.cli.foreign import evaluate_model

        of_own = ("report", "draws", "workers", "rerun", "exit_zero")
        refuse(ctx, of_own, "does not apply to the model of --model")
        return evaluate_model(model, mapping, as_json)
    from jakinib.evaluate import evaluate as run
    from jakinib.evaluate.basis import headline
    from jakinib.report.html import FILES, begun, write

    targets(*(report / name for name in FILES))
    with output(as_json) as emit:
        with console(stderr=True).status("evaluating") as status, begun(1 if rerun else workers) as fixed:
            outcome = run(
                lambda c: status.update(f"evaluating: {c.statement}"),
                draws=draws, workers=workers, rerun=rerun,
            )  # fmt: skip
            status.update("writing the report")
            page = write(outcome, report, fixed)
        if as_json:
            emit(
                {
                    "passed": outcome.passed,
                    "headline": headline(outcome.tallies),
                    "tallies": [line.record() for line in outcome.tallies],
                    "verdicts": outcome.records(),
                    "agreement": [line.record() for line in outcome.agreement],
                }
            )
        else:
            for item in verdict_page(outcome):
                emit(fill(item, WIDTH) if isinstance(item, str) else item)
            failed = sum(not v.passed for v in outcome.verdicts if v.criterion.hard)
            decided = f"{failed} that decide fail" if failed else "all that decide pass"
            emit(fill(f"{headline(outcome.tallies)} Over all criteria, {decided}.", WIDTH))
            emit(f"Report: {page}")
    if not outcome.passed and not exit_zero:
        raise typer.Exit(1)
