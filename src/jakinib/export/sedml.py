"""A study as SED-ML: model, settings, uniform time course, optional scan, one report and its plots.

The text comes from a template: libSEDML carries its own libSBML, and both in one process break each other.
"""

from __future__ import annotations

import functools
from typing import Any

from jakinib.errors import ExportError
from jakinib.export.studies import Study
from jakinib.simulate.engine import RTOL

ABSOLUTE_TOLERANCE = 1e-20  # amounts in a cell are about 1e-13 nmol


def template(name: str) -> Any:
    """A template of this folder, XML escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("jakinib.export", ".")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(name)


def to_sedml(study: Study, model_file: str) -> str:
    """SED-ML Level 1 Version 3 text of a study on ``model_file``, a path as seen from the SED-ML file."""
    import libsbml

    source = libsbml.readSBMLFromString(study.sbml)
    text: str = template("study.sedml.j2").render(
        study=study,
        model_file=model_file,
        path=functools.partial(_path, source),
        attribute=lambda symbol: (
            "initialConcentration" if _element(source, symbol)[1] == "species" else "value"
        ),
        relative_tolerance=RTOL,
        absolute_tolerance=ABSOLUTE_TOLERANCE,
        panels=_panels(study.observables),
    )
    return text + "\n"


def _element(source: Any, symbol: str) -> tuple[str, str]:
    """(name of the list, name of the element) that holds a symbol."""
    model = source.getModel()
    if model.getSpecies(symbol) is not None:
        return "listOfSpecies", "species"
    if model.getParameter(symbol) is not None:
        return "listOfParameters", "parameter"
    raise ExportError(f"{model.getId()}: SED-ML can point to species and parameters, not to '{symbol}'")


def _path(source: Any, symbol: str) -> str:
    place, kind = _element(source, symbol)
    return f"/sbml:sbml/sbml:model/sbml:{place}/sbml:{kind}[@id='{symbol}']"


def _panels(observables: tuple[str, ...]) -> list[list[str]]:
    """Percentages share a plot; every other quantity has its own."""
    percent = [name for name in observables if name.endswith("_percent")]
    others = [[name] for name in observables if name not in percent]
    return [*others, percent] if percent else others
