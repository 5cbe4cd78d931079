"""The evaluation in the order in which ICH M15 and ASME V&V 40 ask for it, each number with its file and key.

What a person must judge is an empty field with a name. No date is made up: those of the plan and of the
results are those of the commits that recorded them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jakinib import paths
from jakinib.build.estimates import Estimate, estimates_path, plan_file
from jakinib.errors import InputError
from jakinib.evaluate import Verdict
from jakinib.evaluate.basis import headline
from jakinib.evaluate.credibility import CredibilityItem, read_checklist
from jakinib.evaluate.run import READ
from jakinib.evaluate.stamp import results_of
from jakinib.files.text import short
from jakinib.fit.crossvalidation import CrossValidation, gmfe, share_inside, worst
from jakinib.library.files import read_table
from jakinib.paths import write_atomic
from jakinib.report import engines, printed, traced
from jakinib.report.asked import FACTORS, FIELDS
from jakinib.report.crossvalidated import every
from jakinib.report.dated import CRITERIA, recorded
from jakinib.report.stated import Stated
from jakinib.report.templates import template
from jakinib.report.traced import Record, Stored, Traced, shown

NAME = "dossier"
_COUNTS = ("criteria", "passed", "hard", "hard_passed")
RECORD = f"{NAME}.json"  # what the dossier computes of its own, and of what


@dataclass(frozen=True)
class Dossier:
    """The dossier as files. page: HTML; record: JSON of what it computes; pdf: where it was asked for."""

    page: str
    record: str
    pdf: bytes | None = None


def files(folder: Path, pdf: bool = False) -> list[Path]:
    """What ``write`` writes into a folder."""
    return [folder / RECORD, folder / f"{NAME}.html", *([folder / f"{NAME}.pdf"] if pdf else [])]


def write(dossier: Dossier, folder: Path) -> Path:
    """Write the files of a dossier beside the evaluation it is of; returns the path of the page."""
    record, page, *prints = files(folder, dossier.pdf is not None)
    write_atomic(record, dossier.record)
    for file in prints:
        write_atomic(file, dossier.pdf or b"")
    write_atomic(page, dossier.page)
    return page


def dossier(
    results: Path, *, pdf: bool = False, progress: Callable[[str], None] = lambda step: None
) -> Dossier:
    """The dossier of the evaluation in a folder (``verdicts.json``); writes nothing.

    The engines are compared anew, and every verdict, count and share is computed from the stored results.
    Raises InputError for an evaluation that is lacking, damaged or stale, and where a PDF is asked for and
    no Chromium is there.

    >>> from jakinib.report.dossier import dossier, write
    >>> write(dossier("report", pdf=True), "report")  # doctest: +SKIP
    """
    browser = printed.chromium() if pdf else ""
    folder = Path(results)
    stored = traced.read(folder)
    progress("comparing engines")
    computed = Record(RECORD, _computed(stored, progress))
    progress("reading the record of dates")
    page = template(f"{NAME}.html.j2").render(**_content(stored, computed))
    text = json.dumps(computed.content, indent=2, allow_nan=False) + "\n"
    progress("printing")
    return Dossier(page, text, printed.pdf(page, browser) if pdf else None)


# What is computed here -----------------------------------------------------------------------------------


def _computed(stored: Stored, progress: Callable[[str], None]) -> dict[str, Any]:
    """Engines, cross-validations and digests, as plain data."""
    models, reason = engines.compared(lambda model: progress(f"comparing engines: {model}"))
    plans = stored.evaluation.evidence.plans
    found, lacking = every(plans)
    used = [stored.file, *(file for plan in READ for file in (plan_file(plan), *results_of(plan)))]
    used += [paths.root() / name for name in (CRITERIA, "docs/context_of_use.md", "docs/credibility.yaml")]
    used += sorted((paths.models() / "sbml").glob("*.xml"))
    verdicts = stored.evaluation.verdicts
    return {
        "criteria": {"all": len(verdicts), "failed": sum(not verdict.passed for verdict in verdicts)},
        "plans": [
            {"id": plan.id, "calibration": len(plan.calibration), "validation": len(plan.validation)}
            for plan in plans
        ],
        "verification": {
            "engines": "lanes against libRoadRunner",
            "reason": reason,
            "bound": engines.BOUND,
            "tolerances_of_libroadrunner": {"relative": engines.RTOL, "absolute_nM": engines.ATOL_NM},
            "largest": max((one.difference for one in models), default=None),
            "models": [one.record() for one in models],
        },
        "crossvalidation": [_summary(one) for one in found],
        "crossvalidation_lacking": lacking,
        "recorded": recorded([verdict.criterion for verdict in verdicts]),
        "hashes": [
            {"file": _named(file, stored), "sha256": traced.digest(file)} for file in dict.fromkeys(used)
        ],
    }


def _named(file: Path, stored: Stored) -> str:
    return traced.FILE if file == stored.file else short(file)


def _summary(found: CrossValidation) -> dict[str, Any]:
    """A cross-validation in numbers: rows, fold errors, shares inside each 90 % band."""
    held = found.held
    ratios = [one for one in held if one.ratio is not None]
    return {
        "leave": found.leave,
        "from": f"fits/results/{found.plan}/crossvalidation_{found.leave}.json",
        "folds": len(found.folds),
        "rows": len(held),
        "gmfe": gmfe(held),
        "worst": worst(held),
        "inside_same": share_inside(held, "same") / 100,
        "inside_new": share_inside(held, "new") / 100,
        "ratios": len(ratios),
        "inside_ratio": share_inside(held, "ratio") / 100 if ratios else None,
        "held": [
            {
                "row": one.row,
                "potency": one.label,
                "laboratory": one.laboratory,
                "status": one.status,
                "unit": one.unit,
                "published": one.published,
                "predicted": one.predicted,
                "new_low": one.new[0],
                "new_high": one.new[1],
                "fold": one.fold_error,
                "inside_new": one.inside("new"),
            }
            for one in held
        ],
    }


# What the page shows -------------------------------------------------------------------------------------


def _content(stored: Stored, computed: Record) -> dict[str, Any]:
    """What the template shows, by the names that it uses."""
    evaluation, record = stored.evaluation, stored.record
    stated = Stated()
    checklist = read_checklist()
    heads, uses = stated.table("Risk")
    tallies = [
        (line.basis, [record.at(f"tallies[basis={line.basis}].{name}") for name in _COUNTS])
        for line in evaluation.tallies
    ]
    return {
        "headline": headline(evaluation.tallies),
        "stated": stated,
        "fields": FIELDS,
        "count": sum(map(len, FIELDS.values())) + len(FACTORS),
        "uses": [dict(zip(heads, use, strict=True)) for use in uses],
        "tallies": tallies,
        "predicted": dict(tallies).get("predicted"),
        "counts": {name: computed.at(f"criteria.{name}") for name in ("all", "failed")},
        "criteria": [_criterion(verdict, record) for verdict in evaluation.verdicts],
        "failed": [v.criterion for v in evaluation.verdicts if not v.passed],
        "agreement": list(_agreement(record)),
        "crossvalidation": list(_crossvalidation(computed)),
        "held": [
            (line["leave"], list(_held(line, computed))) for line in computed.content["crossvalidation"]
        ],
        "lacking": computed.content["crossvalidation_lacking"],
        "verification": list(_verification(computed)),
        "verified": {name: computed.at(f"verification.{name}", "power") for name in ("bound", "largest")},
        "unverified": computed.content["verification"]["reason"],
        "copasi": list(_other("COPASI")),
        "plans": [(plan, list(_estimates(plan.id))) for plan in evaluation.evidence.plans],
        "rows_of": {
            plan.id: {of: computed.at(f"plans[id={plan.id}].{of}") for of in ("calibration", "validation")}
            for plan in evaluation.evidence.plans
        },
        "structures": [record.at(f"provenance.structures.{name}", "percent")
                       for name in evaluation.provenance["structures"]],
        "factors": [(name, [_item(one, checklist) for one in of], where) for name, of, where in FACTORS],
        "missing": [item for item in checklist if item.status != "met"],
        "recorded": computed.content["recorded"],
        "dates": {name: computed.at(f"recorded.{name}") for name in ("bounds", "before_first", "before_now")},
        "hashes": [computed.at(f"hashes[file={one['file']}].sha256") for one in computed.content["hashes"]],
        "hashed": [one["file"] for one in computed.content["hashes"]],
        "versions": evaluation.provenance["versions"],
        "inputs": evaluation.provenance["inputs"],
    }  # fmt: skip


def _criterion(verdict: Verdict, record: Record) -> dict[str, Any]:
    """A criterion with its numbers."""
    criterion = verdict.criterion
    at = f"verdicts[id={criterion.id}]"
    bounds = (criterion.low, criterion.high)
    return {
        "verdict": verdict,
        "value": record.at(f"{at}.value", bounds=bounds),
        "target": record.at(f"{at}.target"),
        "interval": [record.at(f"{at}.interval_{end}") for end in ("low", "high")],
        "method": record.at(f"{at}.interval_method"),
        "basis": record.at(f"{at}.basis"),
    }


def _agreement(record: Record) -> Iterator[tuple[Traced, ...]]:
    """Predicted against published values of each quantity and set: n, fold errors, shares."""
    for line in record.content["agreement"]:
        at = f"agreement[quantity={line['quantity']},set={line['set']}]"
        forms = {"within_2": "percent", "coverage": "percent"}
        names = ("quantity", "set", "rows", "gmfe", "worst", "within_2", "coverage")
        yield tuple(record.at(f"{at}.{name}", forms.get(name, "")) for name in names)


def _crossvalidation(computed: Record) -> Iterator[tuple[Traced, ...]]:
    for line in computed.content["crossvalidation"]:
        names = (
            "leave",
            "folds",
            "rows",
            "gmfe",
            "worst",
            "inside_same",
            "inside_new",
            "ratios",
            "inside_ratio",
        )
        yield tuple(
            computed.at(
                f"crossvalidation[leave={line['leave']}].{name}", "percent" if "inside" in name else ""
            )
            for name in names
        )


def _held(line: dict[str, Any], computed: Record) -> Iterator[tuple[Traced, ...]]:
    """Each potency of a cross-validation, as a fit without its group predicts it."""
    names = (
        "row",
        "potency",
        "laboratory",
        "status",
        "published",
        "predicted",
        "new_low",
        "new_high",
        "unit",
        "fold",
    )
    for one in line["held"]:
        at = f"crossvalidation[leave={line['leave']}].held[row={one['row']}]"
        yield tuple(computed.at(f"{at}.{name}") for name in (*names, "inside_new"))


def _verification(computed: Record) -> Iterator[tuple[Traced, ...]]:
    for line in computed.content["verification"]["models"]:
        at = f"verification.models[model={line['model']}]"
        names = ("model", "species", "times", "difference", "of")
        yield tuple(computed.at(f"{at}.{name}", "power" if name == "difference" else "") for name in names)


def _other(tool: str) -> Iterator[tuple[str, Traced]]:
    """What is recorded of another engine."""
    found = engines.recorded(tool)
    for model, text in found.items():
        yield model, Traced(text, text, engines.RECORD, f"{tool}: {model}")


def _estimates(plan: str) -> Iterator[tuple[Traced, ...]]:
    """Estimates of a plan with their intervals."""
    path = estimates_path(plan)
    for row in read_table(path, Estimate):
        yield tuple(
            Traced(found, shown(found), short(path), f"[id={row.id}].{name}")
            for name in ("id", "value", "low", "high", "unit", "verdict")
            for found in [getattr(row, name)]
        )


def _item(identifier: str, checklist: list[CredibilityItem]) -> CredibilityItem:
    found = next((item for item in checklist if item.id == identifier), None)
    if found is None:
        raise InputError(f"docs/credibility.yaml: has no item {identifier}; add it")
    return found
