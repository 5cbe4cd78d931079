"""A calibration plan as PEtab v1 problems whose residuals are those of the plan."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jakinib import paths
from jakinib.assay.disposition import Disposition
from jakinib.build import ModelSpec
from jakinib.build.estimates import Estimate, estimates_path
from jakinib.build.starts import Starts
from jakinib.errors import ExportError
from jakinib.experiments import CellIC50, Experiment, NotExpressedError, PKMetric
from jakinib.experiments.petab import DAYS, INTERVAL, Cell, Place
from jakinib.export.petab_model import PetabModel
from jakinib.export.petab_part import Part, petab_id, problem_file, tsv
from jakinib.fit.plan import read_plan
from jakinib.fit.problem import Problem
from jakinib.fit.results import read
from jakinib.library import get_library
from jakinib.library.files import read_table
from jakinib.library.measurements import get_data
from jakinib.units import factor

REMAINDER = "not_expressed.tsv"


def export_plan(plan: str | Path, folder: str | Path) -> list[Path]:
    """Write a plan's calibration to ``folder`` as PEtab v1 and return the files, the problem file first.

    plan: name or file. <plan>.yaml names one or more problems with their common parameters.tsv; each problem
    stands also alone in its folder, with its own parameter table. The sum of the objectives of the folders is
    the objective of the plan: a prior stands in the first folder that uses its parameter, and in the common
    table. not_expressed.tsv lists what PEtab cannot hold (row, kind, reason); README.md says how to read it.

    Raises InputError or PlanError for a plan that cannot be read, ExportError for a plan of which nothing can
    be expressed or a folder that cannot be written to. Nothing is written then.
    """
    data = get_data()
    declared, spreads = read_plan(plan, data), {}
    if estimates_path(declared.id).exists():
        spreads = dict(read(declared).provenance.get("spreads", {}))
        estimated = {name: math.exp(value) for name, value in spreads.items() if name in declared.errors}
        declared = declared.model_copy(update={"errors": {**declared.errors, **estimated}})
    problem = Problem(declared, data)
    problem.spreads |= spreads
    name = problem.plan.id
    files: dict[str, str] = {}
    left: list[tuple[str, str, str]] = []
    parts = list(_parts(problem, left))
    used: list[str] = []
    for part in parts:
        mine = part.parameters()
        table = _parameter_table(problem, mine, priors=mine - set(used))
        used += sorted(mine - set(used))
        files |= {f"{part.name}/{file}": text for file, text in part.tables(table).items()}
    if not parts:
        raise ExportError(f"plan {name}: none of its calibration rows can be written as PEtab: {left[0][2]}")
    for parameter in problem.plan.parameters:
        if petab_id(parameter.id) not in used:
            left.append((parameter.id, "parameter", "no expressed row depends on it"))
    main = {
        f"{name}.yaml": problem_file("parameters.tsv", [f"{part.name}/" for part in parts]),
        "parameters.tsv": _parameter_table(problem, set(used), priors=set(used)),
        REMAINDER: tsv(["row", "kind", "reason"], left),
        "README.md": _readme(problem, parts, left),
    }
    written = []
    for file, text in {**main, **files}.items():
        path = Path(folder) / file
        paths.write_atomic(path, text)
        written.append(path)
    return written


def _parts(problem: Problem, left: list[tuple[str, str, str]]) -> Iterator[Part]:
    """The problems of a plan: one a model structure, with its rows; what has no form goes to ``left``."""
    groups: dict[str, list[tuple[int, Experiment]]] = {}
    models: dict[ModelSpec | None, PetabModel] = {}
    for number, target in enumerate(problem.targets):
        if reason := _never(target):
            left.append((target.row.id, target.row.quantity, reason))
            continue
        spec = _spec(problem, target)
        if spec not in models:
            models[spec] = _model(problem, spec)
        groups.setdefault(models[spec].structure(), []).append((number, target))
    names: list[str] = []
    told: set[str] = set()
    for members in groups.values():
        part = _part(problem, [target for _, target in members], models)
        if names.count(part.name):
            part.name += f"_{len(names)}"
        places: dict[int, Place] = {}
        for number, target in members:
            try:
                places[number] = target.petab(part)
            except NotExpressedError as error:
                left.append((target.row.id, target.row.quantity, str(error)))
        _reserves(problem, part, places)
        if places:
            _priors_of_odds(problem, part, next(iter(places.values())), told)
        if part.measurements:
            names.append(part.name)
            yield part


def _never(target: Experiment) -> str:
    """Why PEtab cannot hold a row whatever its model; empty when it may."""
    if target.not_in_petab:
        return target.not_in_petab
    if target.row.qualifier in ("<", ">"):
        return f"a bound ({target.row.qualifier}), which counts only when violated; PEtab v1 has no censoring"
    return ""


def _spec(problem: Problem, target: Experiment) -> ModelSpec | None:
    """The model whose copy the PEtab problem holds; None for a closed form."""
    return next((problem.context.resolved(spec) for spec in target.fitted_specs), None)


def _part(
    problem: Problem, targets: Sequence[Experiment], models: Mapping[ModelSpec | None, PetabModel]
) -> Part:
    """The empty problem of targets whose models have one structure."""
    first = _spec(problem, targets[0])
    values: dict[str, dict[str, float]] = {}
    for target in targets:
        values[target.scope] = models[_spec(problem, target)].values()
    model = models[first]
    settable = set(model.values())
    for scope in values:
        values[scope] |= {symbol: value for symbol, value in problem.given.items() if symbol in settable}
    drugs = {target.drug.id for target in targets if isinstance(target, PKMetric)}
    for drug in sorted(drugs):
        for scope in values:
            disposition = Disposition.of(drug, scope)
            values[scope] |= {f"D1_{drug}": disposition.duration, f"lag_{drug}": disposition.lag}
        model.add_timing(
            drug, values[targets[0].scope][f"D1_{drug}"], values[targets[0].scope][f"lag_{drug}"]
        )
        settable |= {f"D1_{drug}", f"lag_{drug}"}
        if any(target.daily_doses for target in targets):
            model.add_daily_doses(drug, DAYS, INTERVAL)
    entries = [] if first is None else [get_library().cytokine(name) for name in first.cytokines]
    cytokines = [entry.symbol for entry in entries]
    species = [f"L_{symbol}" for symbol in cytokines]
    paired = any(target.paired for target in targets)
    if paired:
        assert first is not None
        model.add_reference([f"I_{drug}" for drug in first.inhibitors])
        species += [f"{name}_reference" for name in species]
    if any(target.onset for target in targets):
        model.add_onset(species)
        for entry in entries:
            model.add_hill(entry)
    free = {scope: _free(problem, scope, settable, model.starts) for scope in values}
    return Part(_name(problem, targets, cytokines, sorted(drugs)), model, values, free, paired)


def _name(problem: Problem, targets: Sequence[Experiment], cytokines: list[str], drugs: list[str]) -> str:
    scopes = list(dict.fromkeys(petab_id(target.scope) for target in targets if target.scope))
    return "_".join([*cytokines, *scopes]) if cytokines else "_".join(drugs) or problem.plan.id


def _free(problem: Problem, scope: str, settable: set[str], starts: Starts) -> dict[str, str]:
    """Symbols of a model that free parameters give, as the fit sets them, with the parameter's PEtab id."""
    out: dict[str, str] = {}
    for parameter in problem.plan.parameters:
        for name in (parameter.id, *parameter.also):
            symbol, _, only = name.partition("@")
            if (only and only != scope) or symbol not in settable:
                continue
            out[symbol] = petab_id(parameter.id)
            for rule in starts.moved([symbol]):
                if rule.among:
                    raise ExportError(
                        f"{name}: {rule.species} starts from several parameters; PEtab cannot say so"
                    )
                out[rule.species] = petab_id(parameter.id)
    return out


def _model(problem: Problem, spec: ModelSpec | None) -> PetabModel:
    """The model of a spec; without one that of a plan in closed form: potencies and Michaelis constants."""
    if spec is not None:
        return PetabModel(problem.context.compiled(spec).sbml)
    closed = [target for target in problem.targets if not target.fitted_specs]
    symbols = {symbol for target in closed for symbol in target.symbols(problem.context)}
    values = problem.values(problem.start)
    constants = {name: (values[name], "nM") for name in sorted(symbols & set(values))}
    return PetabModel.of_numbers(problem.plan.id, {"ATP": (0.0, "nM"), **constants})


def _reserves(problem: Problem, part: Part, places: Mapping[int, Place]) -> None:
    prior = problem.plan.reserve_prior
    for number, target in enumerate(problem.targets):
        if prior is not None and number in places and any(target is one for one in problem.reserves):
            assert isinstance(target, CellIC50)
            target.petab_reserve(part, places[number], prior.median, prior.sigma(problem.spreads))


def _priors_of_odds(problem: Problem, part: Part, at: Place, told: set[str]) -> None:
    """Priors on the odds of a share, each once, as a measurement; ``told`` says which are written."""
    mine = part.parameters()
    for index, prior in problem.priors:
        name = petab_id(problem.names[index])
        if not prior.odds or name in told or name not in mine:
            continue
        told.add(name)
        text = f"prior: odds of {problem.names[index]}"
        observable = part.observable(f"prior_odds_{name}", text, f"{name} / (1 - {name})", (name,))
        odds = prior.median / (1 - prior.median)
        part.measure("odds_prior", observable, at[0], at[1], odds, prior.sigma(problem.spreads))


def _parameter_table(problem: Problem, wanted: set[str], priors: set[str]) -> str:
    """Free parameters in model units on the natural log scale; a prior is normal on that scale."""
    columns = ["parameterId", "parameterName", "parameterScale", "lowerBound", "upperBound", "nominalValue",
               "estimate", "objectivePriorType", "objectivePriorParameters"]  # fmt: skip
    fitted = _fitted(problem.plan.id)
    prior_of = {problem.names[i]: prior for i, prior in problem.priors}
    rows: list[list[Cell]] = []
    for parameter, ratio in zip(problem.plan.parameters, problem.to_model.tolist(), strict=True):
        if (identifier := petab_id(parameter.id)) not in wanted:
            continue
        nominal = parameter.start
        if (found := fitted.get(parameter.id)) is not None:
            value = found.value * factor(found.unit, parameter.unit)
            nominal = value if parameter.low <= value <= parameter.high else nominal
        kind = texts = ""
        prior = prior_of.get(parameter.id)
        if prior is not None and not prior.odds and identifier in priors:
            kind = "parameterScaleNormal"
            texts = f"{math.log(prior.median * ratio)!r};{prior.sigma(problem.spreads)!r}"
        numbers = [float(f"{x * ratio:.12g}") for x in (parameter.low, parameter.high, nominal)]
        rows.append([identifier, parameter.id, "log", *numbers, "1", kind, texts])
    if not any(row[-1] for row in rows):
        return tsv(columns[:-2], [row[:-2] for row in rows])
    return tsv(columns, rows)


def _fitted(plan: str) -> dict[str, Estimate]:
    path = estimates_path(plan)
    return {row.id: row for row in read_table(path, Estimate)} if path.exists() else {}


def _readme(problem: Problem, parts: Sequence[Part], left: Sequence[tuple[str, str, str]]) -> str:
    plan = problem.plan
    rows = sum(len(part.measurements) for part in parts)
    text = [
        f"`{plan.id}.yaml` names {len(parts)} problem(s) that share `parameters.tsv`; {rows} measurements.",
        "Tools that read one model at a time take `<folder>/<folder>.yaml`: the objective of the plan is the",
        "sum over the folders, and each prior stands in one of them.",
        "",
        "* Time in hours, concentration in nM, parameters in model units on the natural log scale. Nominal",
        "  values are the estimates of the plan, where it was fitted, else its starts.",
        "* Every residual is that of the plan, (ln model - ln measured) / noise; `datasetId`: the data row.",
        "* `IC50_...`, `odds_...`: the model holds its states twice. The copy ending in `_reference` has",
        "  no inhibitor (IC50) or saturating cytokine (EC50). Both run at the published concentration: at",
        "  the IC50 or EC50 of the model signal / (reference - signal) is 1; `hill_...` makes it an IC50.",
        "* Pre-incubation: time starts with the inhibitor, an event adds the cytokine at `onset`.",
        "* `prior_reserve_...` is no measurement but the prior of the plan on the signal reserve, and",
        "  `prior_odds_...` its prior on the odds of a share.",
        "* `laboratory_...` and the like are factors that rows of one laboratory share. Standard deviations",
        "  are those that the plan estimated, and held here.",
        f"* `{REMAINDER}`: {len(left)} rows and parameters of the plan that PEtab v1 cannot hold.",
        "* Where feedback lifts a signal above its reference there is no logarithm and evaluation fails;",
        "  the plan holds the share of signal between 1e-9 and 1 - 1e-9 instead.",
        "* Validation rows of the plan are left out.",
    ]
    title = f"# PEtab v1: calibration of the plan {plan.id}"
    return "\n".join([title, "", plan.question.strip(), "", *text]) + "\n"
