"""What each kind of target is in PEtab: observable, condition and measurement with the same residual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jakinib.assay.disposition import Disposition
from jakinib.export.petab_model import ONSET, REFERENCE
from jakinib.export.petab_part import Cell, Part
from jakinib.fit.targets import (
    SATURATING,
    CellIC50,
    CytokineEC50,
    EnzymePotency,
    FoldOverBasal,
    PercentPhosphorylated,
    PKMetric,
    ResidenceTime,
    Target,
)
from jakinib.fit.targets.course import Stimulated
from jakinib.library import get_library
from jakinib.units import parse_quantity

DAYS, INTERVAL = 10, 24.0  # steady state of a daily dose, as PKMetric takes it


class NotExpressedError(Exception):
    """A target or parameter that PEtab v1 cannot hold; the message is the reason."""


@dataclass(frozen=True)
class Form:
    """How one kind of target is written. paired: needs the second copy; onset: cytokine comes after a while;
    dosed: daily doses."""

    write: Callable[[Target, Part], tuple[str, float]]
    paired: bool = False
    onset: bool = False
    dosed: Callable[[Target], bool] = lambda target: False


def _cell_ic50(target: Target, part: Part) -> tuple[str, float]:
    assert isinstance(target, CellIC50)
    assay, row = target.assay, target.row
    dose = f"dose_{target.symbol}"
    changes: dict[str, Cell] = {
        f"I_{assay.inhibitor}": target.free,
        dose: assay.cytokine_dose,
        dose + REFERENCE: assay.cytokine_dose,
        f"L_{target.symbol}": 0.0,
        f"L_{target.symbol}{REFERENCE}": 0.0,
        ONSET: assay.preincubation,
    }
    text = (
        f"{assay.label}: {row.value:g} {row.unit} of inhibitor, {target.free:g} nM of it free; none in the "
        f"reference copy; {assay.cytokine_dose:g} nM {assay.cytokine} after {assay.preincubation:g} h"
    )
    condition = part.condition(f"{assay.inhibitor}_{row.id}", text, target.scope, changes)
    time = assay.preincubation + assay.stimulation
    signal, name = f"{row.readout}_percent", f"IC50_{row.readout}"
    odds = f"({signal} / ({signal}{REFERENCE} - {signal}))"
    observable = part.observable(
        name,
        f"IC50 of {row.readout}, nM, from the share of signal left at the published one (the parameter)",
        f"observableParameter1_{name} * {odds}^(1 / hill_{target.symbol})",
    )
    published = row.to("nM")
    part.measure(row.id, observable, condition, time, published, target.sigma, published)
    return condition, time


def _ec50(target: Target, part: Part) -> tuple[str, float]:
    assert isinstance(target, CytokineEC50)
    symbol, row = target.cytokine.symbol, target.row
    changes = _at_once(part, symbol, target.dose) | _at_once(part, symbol, SATURATING, REFERENCE)
    text = f"{row.cytokine}, {target.scope}: {target.dose:g} nM; {SATURATING:g} nM in the reference copy"
    condition = part.condition(f"{symbol}_{row.id}", text, target.scope, changes)
    signal = f"{row.readout}_percent"
    name = f"{row.readout} at the published EC50 over what it lacks to saturation; 1 is half"
    formula = f"{signal} / ({signal}{REFERENCE} - {signal})"
    observable = part.observable(f"odds_{row.readout}", name, formula)
    part.measure(row.id, observable, condition, target.time, 1.0, target.sigma)
    return condition, target.time


def _at_once(part: Part, symbol: str, dose: float, copy: str = "") -> dict[str, Cell]:
    """Cytokine from the start on; an event of the model must then leave it as it is."""
    changes: dict[str, Cell] = {f"L_{symbol}{copy}": dose}
    if part.model.model.getParameter(ONSET) is not None:
        changes |= {f"dose_{symbol}{copy}": dose, ONSET: 0.0}
    return changes


def _stimulated(target: Stimulated, part: Part, dose: float) -> str:
    """The condition of a cell under one dose of cytokine, without inhibitor."""
    symbol = target.cytokine.symbol
    changes = _at_once(part, symbol, dose)
    if part.paired:
        changes |= _at_once(part, symbol, dose, REFERENCE)
    text = f"{target.scope}, {dose:g} nM {target.row.cytokine}"
    return part.condition(f"{symbol}_{dose:.4g}_nM_{target.scope}", text, target.scope, changes)


def _fold(target: Target, part: Part) -> tuple[str, float]:
    assert isinstance(target, FoldOverBasal)
    row = target.row
    text = f"{row.readout} over basal; the scale is signal per percent over background"
    formula = f"1 + {target.scale} * {row.readout}_percent"
    observable = part.observable(f"fold_{row.readout}_{row.source}", text, formula)
    part.scales.add(target.scale)
    condition = _stimulated(target, part, target.dose)
    value = row.to("dimensionless")
    part.measure(row.id, observable, condition, target.time, value, target.sigma)
    return condition, target.time


def _percent(target: Target, part: Part) -> tuple[str, float]:
    assert isinstance(target, PercentPhosphorylated)
    row, signal = target.row, f"{target.row.readout}_percent"
    text = f"odds of {row.readout}: phosphorylated over not phosphorylated"
    observable = part.observable(f"share_{row.readout}", text, f"{signal} / (100 - {signal})")
    condition = _stimulated(target, part, target.dose)
    percent = row.to("percent")
    part.measure(row.id, observable, condition, target.time, percent / (100 - percent), target.sigma)
    return condition, target.time


def _residence(target: Target, part: Part) -> tuple[str, float]:
    assert isinstance(target, ResidenceTime)
    row = target.row
    text = f"mean time of {row.readout} in the nucleus, h"
    observable = part.observable(f"residence_{row.readout}", text, f"1 / kdeph_{row.readout}_nuc")
    condition = _stimulated(target, part, 0.0)
    part.measure(row.id, observable, condition, 0.0, row.to("hour"), target.sigma)
    return condition, 0.0


def _pk(target: Target, part: Part) -> tuple[str, float]:
    assert isinstance(target, PKMetric)
    drug, row = target.drug.id, target.row
    condition = part.condition(target.population, f"{target.population}, no dose", target.scope, {})
    if row.quantity == "cmax":
        if Disposition.of(drug, target.population).first_order:
            raise NotExpressedError("its first-order input has no form here; only zero-order input has")
        amount = parse_quantity(row.dose, "mg", where=row.id)
        mass = Disposition.of(drug, target.population).molecular_weight
        given: dict[str, Cell] = {f"dose_{drug}": amount * 1e6 / mass}
        text = f"{target.population}, {amount:g} mg once daily x {DAYS}"
        condition = part.condition(f"{target.population}_{amount:g}_mg_qd", text, target.scope, given)
        observable = part.observable(
            f"Cmax_{drug}", "Cmax of the last dose, ng/mL", f"{mass * 1e-3!r} * Cpeak_{drug}"
        )
        time = DAYS * INTERVAL
        part.measure(row.id, observable, condition, time, row.to("ng/mL"), target.sigma)
        return condition, time
    name, unit, formula = _metric(target)
    observable = part.observable(f"{name}_{drug}", f"{name} of {drug}, {unit}", formula)
    part.measure(row.id, observable, condition, 0.0, row.to(unit), target.sigma)
    return condition, 0.0


def _metric(target: PKMetric) -> tuple[str, str, str]:
    """Name, unit and closed form of a metric that needs no simulation."""
    drug = target.drug.id
    clr, clnr, v1, v2, q, duration, lag = (
        f"{key}_{drug}" for key in ("CLr", "CLnr", "V1", "V2", "Q", "D1", "lag")
    )
    match target.row.quantity, target.row.target:
        case "clearance", "CLr/F":
            return "CLr_F", "L/hour", clr
        case "clearance", "CLnr/F":
            return "CLnr_F", "L/hour", clnr
        case "clearance", "Q/F":
            return "Q_F", "L/hour", q
        case "clearance", "CL/F":
            return "CL_F", "L/hour", f"{clr} + {clnr}"
        case "volume", "V1/F":
            return "V1_F", "L", v1
        case "volume", "V2/F":
            return "V2_F", "L", v2
        case "volume", "V/F":
            return "V_F", "L", f"{v1} + {v2}"
        case "volume", "V":
            return "V", "L", f"{_bioavailability(target)!r} * ({v1} + {v2})"
        case "fraction", "fe(urine)":
            return "fe_urine", "dimensionless", f"{_bioavailability(target)!r} * {clr} / ({clr} + {clnr})"
        case "half_life", _:
            total = f"(({clr} + {clnr}) / {v1} + {q} / {v1} + {q} / {v2})"
            root = f"sqrt({total}^2 - 4 * ({clr} + {clnr}) / {v1} * {q} / {v2})"
            return "t_half", "hour", f"2 * ln(2) / ({total} - {root})"
        case "tmax", _:
            return "tmax", "hour", f"{lag} + {duration}"
        case "duration", _:
            return "input_duration", "hour", duration
        case "lag", _:
            return "input_lag", "hour", lag
        case "auc", _:
            raise NotExpressedError("its area is a trapezoid sum over times that move with the parameters")
    raise NotExpressedError(f"no PEtab form of {target.row.quantity} '{target.row.target}'")


def _bioavailability(target: PKMetric) -> float:
    if target.drug.bioavailability is None:
        raise NotExpressedError(f"inhibitor '{target.drug.id}' states no bioavailability")
    return target.drug.bioavailability.to("dimensionless")


def _enzyme(target: Target, part: Part) -> tuple[str, float]:
    assert isinstance(target, EnzymePotency)
    row = target.row
    if row.quantity == "kd":
        condition = part.condition("no_ATP", "binding, no ATP", target.scope, {"ATP": 0.0})
        name, formula = f"Kd_{row.inhibitor}_{target.jak}", target.ki
        text = "dissociation constant, nM"
    else:
        atp: Cell = parse_quantity(row.atp, "nM", where=row.id) if row.atp != "Km" else target.km
        level = target.km if row.atp == "Km" else row.atp
        condition = part.condition(f"ATP_{level}", f"ATP at {level}", target.scope, {"ATP": atp})
        name = f"IC50_{row.inhibitor}_{target.jak}"
        formula = f"{target.ki} * (1 + ATP / {target.km})"
        text = "IC50 at the ATP of the assay, nM"
    observable = part.observable(name, text, formula)
    part.measure(row.id, observable, condition, 0.0, row.to("nM"), target.sigma)
    return condition, 0.0


FORMS: Mapping[type[Target], Form] = {
    CellIC50: Form(_cell_ic50, paired=True, onset=True),
    CytokineEC50: Form(_ec50, paired=True),
    FoldOverBasal: Form(_fold),
    PercentPhosphorylated: Form(_percent),
    ResidenceTime: Form(_residence),
    PKMetric: Form(_pk, dosed=lambda target: target.row.quantity == "cmax"),
    EnzymePotency: Form(_enzyme),
}
_WHY = {
    "TimeOfMaximum": "a time read off a simulated course; PEtab observes at fixed times",
    "ReturnToBaseline": "a time read off a simulated course; PEtab observes at fixed times",
    "DisappearanceTime": "a time read off a simulated course; PEtab observes at fixed times",
    "Ratio": "compares two simulations, of two models as a rule",
    "Ordering": "an inequality, which counts only when violated; PEtab v1 has none",
}


def form_of(target: Target) -> Form:
    """The form of a target; raises NotExpressedError for a kind that has none and for a bound."""
    kind = type(target)
    if kind not in FORMS:
        raise NotExpressedError(_WHY.get(kind.__name__, f"no PEtab form of {kind.__name__}"))
    if target.row.qualifier in ("<", ">"):
        raise NotExpressedError(
            f"a bound ({target.row.qualifier}), which counts only when violated; PEtab v1 has no censoring"
        )
    return FORMS[kind]


def write_reserve(target: CellIC50, part: Part, at: tuple[str, float], median: float, sigma: float) -> None:
    """The prior on the reserve of a pathway, as a measurement of it in the copy without inhibitor."""
    symbol = f"reserve_{get_library().cytokine(target.assay.cytokine).symbol}_{target.assay.readout[1:]}"
    name = f"prior: STAT drive over STAT loss without inhibitor, {target.assay.readout}"
    observable = part.observable(f"prior_{symbol}", name, symbol + REFERENCE)
    part.measure("reserve_prior", observable, at[0], at[1], median, sigma)
