"""Cross-validation of a fitted plan: run in parallel, stored beside its estimates, resumed after a kill."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from jakinib import paths
from jakinib.arguments import checked
from jakinib.build.estimates import result_file
from jakinib.errors import InputError
from jakinib.files.journal import Journal, read_record
from jakinib.fit import results
from jakinib.fit.folds import Band, Fold, Held, Leave, Predicted, folds, predict, predict_elsewhere
from jakinib.fit.plan import Plan
from jakinib.fit.run import Prepared, prepare
from jakinib.parallel import Workers, in_order


@checked
@dataclass(frozen=True)
class CrossValidation:
    """Every fold of a plan. ``held`` lists the rows, each predicted by a fit that did not see it."""

    plan: str
    leave: Leave
    folds: tuple[Predicted, ...]

    @property
    def held(self) -> tuple[Held, ...]:
        return tuple(one for fold in self.folds for one in fold.held)

    @property
    def density(self) -> float:
        """Log predictive density, summed over folds; comparable between plans with the same rows."""
        return sum(fold.density for fold in self.folds)

    def some(self, rows: Sequence[str]) -> tuple[Held, ...]:
        """The predictions of some rows; raises InputError for a row that was not left out."""
        found = {one.row: one for one in self.held}
        if missing := [row for row in rows if row not in found]:
            raise InputError(
                f"{missing[0]} was not left out in the cross-validation of {self.plan} by {self.leave}"
            )
        return tuple(found[row] for row in rows)


def gmfe(held: Sequence[Held]) -> float:
    """Geometric mean fold error; raises InputError for no row."""
    if not held:
        raise InputError("no row was left out that this concerns")
    return float(np.exp(np.mean([math.log(one.fold_error) for one in held])))


def worst(held: Sequence[Held]) -> float:
    """Largest fold error."""
    return max(one.fold_error for one in held)


def share_inside(held: Sequence[Held], band: Band = "new") -> float:
    """Percent of the published numbers inside their 90 % band; rows without that band do not count."""
    counted = [one for one in held if band != "ratio" or one.ratio is not None]
    if not counted:
        raise InputError(f"no row has a band of the kind '{band}'")
    return 100 * sum(one.inside(band) for one in counted) / len(counted)


@checked
def crossvalidate(
    plan: str | Path | Prepared,
    leave: Leave = "drug",
    *,
    workers: Workers = 1,
    folder: Path | None = None,
    done: Callable[[Predicted], None] = lambda fold: None,
) -> CrossValidation:
    """Refit a plan without each group of rows in turn and predict them; writes the folds and their table.

    leave: what makes a group: ``drug``, ``laboratory``, ``pathway`` or ``row``. Spreads are estimated anew in
    every fold. folder: where to write, default that of the plan. An interrupted run goes on with the folds it
    had not finished. Raises InputError when the plan was never fitted, its inputs changed since or it has
    nothing to leave out.

    >>> import jakinib as jk
    >>> found = jk.crossvalidate("pathways", "drug", workers=2)  # doctest: +SKIP
    >>> round(found.density)  # doctest: +SKIP
    """
    ready = plan if isinstance(plan, Prepared) else prepare(plan)
    problem, declared = ready.problem, ready.problem.plan
    target = folder or results.folder(declared)
    table, record, partial = (target / name for name in _names(leave))
    paths.check_writable(table, record, partial)
    jobs = folds(declared, ready.data, leave)
    if len(jobs) < 2:
        raise InputError(f"plan {declared.id}: has {len(jobs)} {leave} to leave out; two at least are needed")
    inputs = results.state(results.read(declared))
    with Journal(partial, {"inputs": inputs, "leave": leave, "versions": results.versions()}) as journal:
        theta = results.best_theta(problem, ready.data)
        start = dict(zip(problem.names, np.exp(theta).tolist(), strict=True))
        kept = {name: _fold(json.loads(journal[name])) for name in journal}
        for one in kept.values():
            done(one)
        rest = [fold for fold in jobs if fold.name not in kept]

        def keep(_: int, one: Predicted) -> None:
            journal.add(one.fold.name, json.dumps(asdict(one)).encode())
            kept[one.fold.name] = one
            done(one)

        spreads = dict(problem.spreads)
        if workers > 1 and len(rest) > 1:
            where = str(ready.path)
            in_order(predict_elsewhere, [(where, fold, start, spreads) for fold in rest], workers, keep)
        else:
            in_order(lambda fold: predict(declared, ready.data, fold, start, spreads), rest, 1, keep)
        found = CrossValidation(declared.id, leave, tuple(kept[fold.name] for fold in jobs))
        _write(found, inputs, table, record)
        journal.remove()
    return found


def stored(plan: Plan, leave: Leave) -> CrossValidation:
    """The stored folds of a plan; raises InputError, saying what to run, when there are none or are stale."""
    run = f"run: jakinib crossvalidate {plan.id} --leave {leave}"
    path = result_file(plan.id, _names(leave)[1])
    if not path.exists():
        raise InputError(f"plan {plan.id} has no stored cross-validation by {leave}; {run}")
    record = read_record(path, "a cross-validation", run)
    now = results.state(results.read(plan))
    then = record.get("inputs")
    changed = [name for name in now if not isinstance(then, dict) or then.get(name) != now[name]]
    if changed:
        raise InputError(
            f"the cross-validation of plan {plan.id} by {leave} is stale: {', '.join(changed)} changed; {run}"
        )
    try:
        return CrossValidation(plan.id, leave, tuple(_fold(fold) for fold in record["folds"]))
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: is damaged ({error}); {run}") from None


def _names(leave: str) -> tuple[str, str, str]:
    name = f"crossvalidation_{leave}"
    return f"{name}.tsv", f"{name}.json", f"{name}.partial.json"


def _fold(record: dict[str, Any]) -> Predicted:
    held = []
    for one in record["held"]:
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in one.items()}
        held.append(Held(**values))
    fold = Fold(record["fold"]["name"], tuple(record["fold"]["rows"]))
    return Predicted(fold, record["spreads"], record["density"], tuple(held))


def _write(found: CrossValidation, inputs: dict[str, str], table: Path, record: Path) -> None:
    names = [field.name for field in fields(Held)]
    lines = ["\t".join([*names, "fold_error", "inside_same", "inside_new"])]
    for one in found.held:
        cells = [_cell(getattr(one, name)) for name in names]
        lines.append(
            "\t".join([*cells, *map(_cell, (one.fold_error, one.inside("same"), one.inside("new")))])
        )
    paths.write_atomic(table, "\n".join(lines) + "\n")
    content = {"plan": found.plan, "leave": found.leave, "inputs": inputs, "versions": results.versions(),
               "folds": [_rounded(asdict(fold)) for fold in found.folds]}  # fmt: skip
    paths.write_atomic(record, json.dumps(content, indent=1) + "\n")


def _rounded(value: Any) -> Any:
    """Six digits: what a repeat on another machine gives again."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, (list, tuple)) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " to ".join(f"{one:.4g}" for one in value)
    return (
        f"{value:.4g}"
        if isinstance(value, float)
        else str(value).lower()
        if isinstance(value, bool)
        else value
    )
