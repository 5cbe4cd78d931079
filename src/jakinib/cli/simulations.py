"""Commands that simulate: simulate, assay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jakinib.cli.app import (
    WIDTH,
    Cell,
    Condition,
    Cytokine,
    Dose,
    Inhibitor,
    Json,
    Matrix,
    Milieu,
    Population,
    Readout,
    app,
    draw,
    output,
    refuse,
    table,
    targets,
)
from jakinib.cli.scenarios import EGFR, Dosed, File, Files, Settings, Weight, arms_of, asked, back
from jakinib.errors import InputError
from jakinib.paths import write_atomic

if TYPE_CHECKING:
    from jakinib.scenario import Scenario


Arms = Annotated[
    list[str] | None,
    typer.Option(help="Doses, for example '4 mg qd x 7'; once for each arm; default: 4 mg once."),
]


@app.command()
def simulate(
    ctx: typer.Context,
    scenario: Files = None,
    regimen: Arms = None,
    regimen_file: Annotated[
        Path | None, typer.Option(help="Doses from a file: YAML, or a NONMEM event table (.csv, .tsv).")
    ] = None,
    inhibitor: Dosed = "",
    population: Population = "healthy_adult",
    weight: Weight = "",
    egfr: EGFR = "",
    fed: Annotated[bool, typer.Option("--fed", help="With a meal; as --with fed.")] = False,
    condition: Condition = None,
    cytokine: Cytokine = "IL-6",
    readout: Readout = "",
    cell: Cell = "",
    dose: Dose = "",
    milieu: Milieu = "",
    settings: Settings = None,
    hours: Annotated[
        str | None,
        typer.Option(help="How long, '48' or '2 days'; default: to the end of the last interval."),
    ] = None,
    no_band: Annotated[bool, typer.Option("--no-band", help="Leave out the 90 % bands; quicker.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the time course (.tsv, .csv).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the time course (.png, .svg, .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """Dose to plasma concentration and inhibition of a cytokine read-out in blood drawn over time.

    Regimens: '8 mg once then 4 mg qd x 6', '4 mg qd x 14 missing 5, 6', '4 mg qd ss' (steady state),
    '0.1 mg/kg iv infusion over 30 min q12h x 4', 'baricitinib 4 mg qd x 7 + tofacitinib 5 mg bid x 14'.
    """
    from jakinib.files import separator_of
    from jakinib.scenario.verbs import simulate as run

    targets(out, plot)
    separator = separator_of(out) if out else ""
    if regimen and regimen_file:
        raise InputError("--regimen and --regimen-file: both give doses; give one of them")
    arms = arms_of(ctx, scenario, regimen, **_around(fed, condition), **_doses_of(regimen_file))
    arms = [one if one.regimen else one.but(regimen="4 mg") for one in arms]
    if len(arms) > 1:
        return _side_by_side(run(arms, hours=hours, bands=not no_band), arms, out, plot, as_json)
    results, seen = _followed(question := arms[0], regimen_file, hours, not no_band)
    if plot and len(results) > 1:
        raise InputError(f"--plot: {regimen_file} holds {len(results)} patients; draw a table of one")
    if plot:
        draw(next(iter(results.values())).figure(), plot)
    if out:
        write_atomic(out, _courses(results, separator))
    with output(as_json) as emit:
        if as_json:
            emit(_record(results) | {"observations": seen, "scenario": question.record()})
            return
        for name, one in results.items():
            _print(emit, one, f"ID {name}: " if len(results) > 1 else "")
        if seen:
            emit(table("Observations", list(seen[0]), [[_cell(v) for v in row.values()] for row in seen]))
        back(question)


def _record(results: dict[str, Any]) -> dict[str, Any]:
    """One course as plain data, or those of several patients with their ID."""
    records = [{"ID": name} | one.record() if name else one.record() for name, one in results.items()]
    return records[0] if len(records) == 1 else {"patients": records}


def _side_by_side(
    found: Any, arms: list[Scenario], out: Path | None, plot: Path | None, as_json: bool
) -> None:
    """Several arms: their courses in one table and on one plot."""
    if out:
        found.save(out)
    if plot:
        draw(found.plot(), plot)
    with output(as_json) as emit:
        if as_json:
            emit(found.record())
            return
        for label, one in zip(found.labels, found, strict=True):
            emit(label)
            _print(emit, one, "")
        back(arms)


def _around(fed: bool, condition: list[str] | None) -> dict[str, Any]:
    """The meal of --fed beside what --with names."""
    return {"with": tuple(dict.fromkeys(("fed", *(condition or ()))))} if fed else {}


def _doses_of(file: Path | None) -> dict[str, Any]:
    """The doses of a file; those of the first patient where an event table holds several."""
    from jakinib.regimen import Regimen
    from jakinib.regimen.events import TABLES, read_patients

    if file is None:
        return {}
    several = file.suffix.lower() in TABLES
    return {"regimen": read_patients(file)[0].regimen if several else Regimen.read(file)}


def _followed(
    question: Scenario, file: Path | None, hours: str | None, bands: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The course of one patient, or of each of an event table by ID, and its observations."""
    from jakinib.assay.table import follow
    from jakinib.regimen.events import TABLES
    from jakinib.scenario.verbs import drawn, only, simulate, with_bands

    if not file or file.suffix.lower() not in TABLES:
        return {"": simulate(question, hours=hours, bands=bands)}, []
    who = question.patient
    like = drawn(question, "simulate")[only("simulate", question.cytokines, "cytokine")]
    followed = list(
        follow(
            file, weight=who.weight, eGFR=who.eGFR, hours=hours, inhibitor=question.inhibitors[0],
            population=who.population, conditions=who.with_, like=like,
            own={drug: question.own(drug) for drug in question.inhibitors},
        )
    )  # fmt: skip
    seen = [row for one in followed for row in one.observations]
    held = question.held
    courses = {one.patient.id: replace(one.course, notes=(*one.course.notes, *held)) for one in followed}
    if bands:
        own = {one.patient.id: _asked_of(one.patient, question) for one in followed}
        courses = {name: with_bands(one, own[name]) for name, one in courses.items()}
    return courses, seen


def _asked_of(patient: Any, question: Scenario) -> Scenario:
    """The question about one patient of an event table, whose covariates are the table's unless given."""
    who = question.patient
    own = {"weight": (who.weight, patient.weight), "eGFR": (who.eGFR, patient.eGFR)}
    stated = {name: table for name, (given, table) in own.items() if given is None and table is not None}
    return question.but(regimen=patient.regimen, **stated)


def _courses(results: dict[str, Any], separator: str) -> str:
    """The series of one patient, or of several with their ID in the first column."""
    if len(results) == 1:
        return str(next(iter(results.values())).tsv(separator))
    lines: list[str] = []
    for name, one in results.items():
        title, *rows = one.tsv(separator).splitlines()
        lines += [] if lines else [f"ID{separator}{title}"]
        lines += [f"{name}{separator}{row}" for row in rows]
    return "\n".join(lines) + "\n"


def _print(emit: Any, one: Any, whose: str) -> None:
    """The dosing intervals, a table an inhibitor, and the days; below each row the ends of its 90 %."""
    from jakinib.assay.course import BAND

    ends, without = one.banded()
    drugs = list(dict.fromkeys(row.get("inhibitor", "") for row in one.intervals))
    intervals = list(zip(one.intervals, ends.intervals or [{}] * len(one.intervals), strict=True))
    tables = [(f"{whose}{one.title}", intervals)]
    if len(drugs) > 1:
        emit(f"{whose}{one.title}")
        tables = [(drug, [pair for pair in intervals if pair[0]["inhibitor"] == drug]) for drug in drugs]
    days = list(zip(one.days, ends.days or [{}] * len(one.days), strict=True))
    for title, rows in (*tables, ("By day", days)):
        names = [name for name in rows[0][0] if name != "inhibitor"]
        heads = [name.replace("inhibition", "inhib.") for name in names]  # nine columns stand side by side
        lines = []
        for row, own in rows:
            lines.append([_cell(row[name]) for name in names])
            for number, end in enumerate(("5 %", "95 %") if own else ()):
                lines.append(
                    [f"  {end}", *(_cell(own[name][number] if name in own else None) for name in names[1:])]
                )
        emit(table(title, heads, lines, WIDTH))
    if ends.series:
        emit(f"5 %, 95 %: ends of the 90 % interval; {BAND}")
    for note in (*one.notes, *without):
        emit(f"note: {note}")


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else f"{value:.4g}"


@app.command()
def assay(
    ctx: typer.Context,
    scenario: File = None,
    inhibitor: Inhibitor = "baricitinib",
    cytokine: Cytokine = "IL-6",
    readout: Readout = "",
    cell: Cell = "",
    matrix: Matrix = "whole blood",
    dose: Dose = "",
    milieu: Milieu = "",
    settings: Settings = None,
    preincubation: Annotated[str, typer.Option(help="Time with inhibitor before cytokine.")] = "60 min",
    stimulation: Annotated[str, typer.Option(help="Time with cytokine before reading.")] = "15 min",
    kinase: Annotated[str, typer.Option(help="Enzyme assay of this JAK instead of a cell assay.")] = "",
    atp: Annotated[str, typer.Option(help="ATP of the enzyme assay.")] = "1 mM",
    laboratory: Annotated[
        str, typer.Option(help="What this laboratory would find, for example EUbOPEN2024.")
    ] = "",
    no_band: Annotated[bool, typer.Option("--no-band", help="Leave out the 90 % bands; quicker.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the curve (.png, .svg, .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """IC50 and Hill slope of a simulated cell or enzyme assay, and the band of what would be measured.

    --cytokine 'IL-6, IL-2' are two assays, 'IL-6 + IFN-gamma' one of a cell that meets both at once.
    """
    from jakinib.assay import Curve, KinaseAssay
    from jakinib.scenario.assays import Assays
    from jakinib.scenario.verbs import assay as run
    from jakinib.units import parse_quantity

    targets(plot)
    question = None
    if kinase:
        of_cells = ("scenario", "cytokine", "readout", "cell", "matrix", "dose", "milieu", "preincubation",
                    "stimulation", "laboratory", "no_band", "settings")  # fmt: skip
        refuse(ctx, of_cells, "does not apply to the enzyme assay of --kinase")
        curve: Curve = KinaseAssay(inhibitor, kinase, parse_quantity(atp, "nM", where="--atp")).curve()
    else:
        refuse(ctx, ["atp"], "applies to the enzyme assay of --kinase only")
        question = asked(ctx, scenario)
        curve = run(question, bands=not no_band)
        if isinstance(curve, Assays):
            _several(curve, plot, as_json)
            return
    _one(curve, question, not (no_band or kinase), plot, as_json)


def _one(curve: Any, question: Scenario | None, banded: bool, plot: Path | None, as_json: bool) -> None:
    """A curve, its bands, and what was asked where it is of cells."""
    bands, without = ({}, []) if not banded else _bands(curve)
    notes = [*curve.notes, *without]
    record = {
        "assay": curve.label, "ic50_nM": curve.ic50, "hill": curve.hill,
        "milieu": question.assay.milieu or None if question else None, "bands_nM": bands, "notes": notes,
    } | ({"scenario": question.record()} if question else {})  # fmt: skip
    if plot:
        draw(curve.figure(), plot)
    with output(as_json) as emit:
        if as_json:
            emit(record)
        else:
            row = [curve.label, f"{curve.ic50:.4g}", f"{curve.hill:.3g}"]
            emit(table("", ["assay", "IC50 (nM)", "Hill"], [row]))
            for name, (low, high) in bands.items():
                emit(f"90 % band of the IC50, {name}: {low:.3g} to {high:.3g} nM")
            for note in notes:
                emit(f"note: {note}")
            if question:
                back(question)


def _several(found: Any, plot: Path | None, as_json: bool) -> None:
    """The table of several assays, and their panels."""
    if plot:
        draw(found.plot(), plot)
    with output(as_json) as emit:
        if as_json:
            emit(found.record())
            return
        rows = found.record()["rows"]
        titles = {"cytokine": "", "readout": "read-out", "cell": "cell", "ic50": "IC50 (nM)", "hill": "Hill"}
        lines = [[_cell(row[key]) for key in titles] for row in rows]
        banded = [row for row in rows if "band" in row]
        for line, row in zip(lines, banded, strict=False):
            line.append(f"{row['ic50_low']:.3g}-{row['ic50_high']:.3g}")
        bands = " or ".join(dict.fromkeys(row["band"] for row in banded))
        head = [*titles.values(), *(["90 % band (nM)"] if bands else [])]
        emit(table(f"90 % band: {bands}" if bands else "", head, lines))
        for note in found.notes:
            emit(f"note: {note}")
        back(found.scenario)


def _bands(curve: Any) -> tuple[dict[str, tuple[float, float]], list[str]]:
    """The bands of a potency, or a note that says why there are none."""
    try:
        return dict(curve.bands), []
    except InputError as error:
        return {}, [f"no band: {error}"]
