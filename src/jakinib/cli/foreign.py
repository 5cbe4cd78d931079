"""What ``jakinib evaluate --model --mapping`` does: the criteria on somebody else's SBML model."""

from __future__ import annotations

from pathlib import Path

import typer

from jakinib.cli.app import WIDTH, console, output, styled, table
from jakinib.errors import InputError

STYLES = {"PASS": "green", "FAIL": "bold red", "not evaluable": "dim"}


def evaluate_model(model: Path | None, mapping: Path | None, as_json: bool) -> None:
    """Print the verdicts; exit code 1 when one that decides fails, or none could be evaluated."""
    if model is None or mapping is None:
        raise InputError("--model and --mapping belong together; give both")
    from jakinib.evaluate.foreign import evaluate_foreign

    with output(as_json) as emit:
        with console(stderr=True).status("evaluating") as status:
            outcome = evaluate_foreign(
                model, mapping, progress=lambda c: status.update(f"evaluating: {c.statement}")
            )
        records = outcome.records()
        if as_json:
            emit({"model": outcome.model, "passed": outcome.passed, "verdicts": records})
        else:
            rows = []
            for r in records:
                value = "" if r["value"] is None else f"{r['value']:.4g}"
                verdict = styled(r["verdict"], STYLES[r["verdict"]])
                rows.append(
                    [str(r["item"]), r["statement"], value, r["target"], r["unit"], verdict, r["reason"]]
                )
            columns = ["item", "constraint", "value", "target", "unit", "verdict", "reason"]
            emit(table(outcome.model, columns, rows, WIDTH))
            hard = [v for v in outcome.verdicts if v.criterion.hard]
            emit(
                f"{sum(v.passed for v in hard)} of {len(hard)} hard criteria pass; "
                f"{len(outcome.not_evaluable)} criteria are not evaluable with this mapping."
            )
    if not outcome.passed:
        raise typer.Exit(1)
