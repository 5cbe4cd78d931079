"""Systems pharmacology of JAK inhibitors: cytokine, JAK, STAT, dose; simulated, fitted, validated."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jakinib.assay import CellAssay as CellAssay
    from jakinib.assay import Curve as Curve
    from jakinib.assay import KinaseAssay as KinaseAssay
    from jakinib.assay import ex_vivo_inhibition as ex_vivo_inhibition
    from jakinib.assay import plasma as plasma
    from jakinib.assay.patient import Patient as Patient
    from jakinib.errors import ExportError as ExportError
    from jakinib.errors import InputError as InputError
    from jakinib.errors import JakinibError as JakinibError
    from jakinib.errors import ModelError as ModelError
    from jakinib.errors import PlanError as PlanError
    from jakinib.errors import SimulationError as SimulationError
    from jakinib.errors import UnitError as UnitError
    from jakinib.errors import UnknownIdError as UnknownIdError
    from jakinib.evaluate import evaluate as evaluate
    from jakinib.export import archive as archive
    from jakinib.export import export as export
    from jakinib.fit import fit as fit
    from jakinib.fit.crossvalidation import crossvalidate as crossvalidate
    from jakinib.fit.petab import petab as petab
    from jakinib.library import get_library as get_library
    from jakinib.library import register as register
    from jakinib.population import summary as summary
    from jakinib.regimen import Dose as Dose
    from jakinib.regimen import Regimen as Regimen
    from jakinib.scenario import Scenario as Scenario
    from jakinib.scenario.comparing import compare as compare
    from jakinib.scenario.finding import find as find
    from jakinib.scenario.overlaying import overlay as overlay
    from jakinib.scenario.scanning import scan as scan
    from jakinib.scenario.verbs import assay as assay
    from jakinib.scenario.verbs import population as population
    from jakinib.scenario.verbs import sensitivity as sensitivity
    from jakinib.scenario.verbs import simulate as simulate
    from jakinib.simulate import Model as Model
    from jakinib.simulate import Protocol as Protocol
    from jakinib.simulate import Result as Result
    from jakinib.simulate import Step as Step
    from jakinib.simulate import load as load

__version__ = "0.1.0"

# Public name -> module; imported on first use, so that `import jakinib` stays quick.
_PUBLIC = {
    "Scenario": "jakinib.scenario",
    "find": "jakinib.scenario.finding",
    "scan": "jakinib.scenario.scanning",
    "overlay": "jakinib.scenario.overlaying",
    "load": "jakinib.simulate",
    "simulate": "jakinib.scenario.verbs",
    "Model": "jakinib.simulate",
    "Protocol": "jakinib.simulate",
    "Step": "jakinib.simulate",
    "Result": "jakinib.simulate",
    "Regimen": "jakinib.regimen",
    "Dose": "jakinib.regimen",
    "assay": "jakinib.scenario.verbs",
    "CellAssay": "jakinib.assay",
    "KinaseAssay": "jakinib.assay",
    "Curve": "jakinib.assay",
    "plasma": "jakinib.assay",
    "ex_vivo_inhibition": "jakinib.assay",
    "compare": "jakinib.scenario.comparing",
    "population": "jakinib.scenario.verbs",
    "summary": "jakinib.population",
    "Patient": "jakinib.assay.patient",
    "fit": "jakinib.fit",
    "crossvalidate": "jakinib.fit.crossvalidation",
    "petab": "jakinib.fit.petab",
    "evaluate": "jakinib.evaluate",
    "sensitivity": "jakinib.scenario.verbs",
    "archive": "jakinib.export",
    "export": "jakinib.export",
    "register": "jakinib.library",
    "get_library": "jakinib.library",
    "JakinibError": "jakinib.errors",
    "InputError": "jakinib.errors",
    "UnknownIdError": "jakinib.errors",
    "UnitError": "jakinib.errors",
    "ModelError": "jakinib.errors",
    "SimulationError": "jakinib.errors",
    "ExportError": "jakinib.errors",
    "PlanError": "jakinib.errors",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'jakinib' has no attribute '{name}'")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps jakinib.assay and its like functions, although folders of the same names are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _PUBLIC and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
