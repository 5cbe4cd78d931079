"""A study as SED-ML: model, settings, uniform time course, optional scan, one report and its plots."""

from __future__ import annotations

from typing import Any

from jakinib.errors import ExportError
from jakinib.export.studies import Study
from jakinib.simulate.engine import RTOL

_SBML = "http://www.sbml.org/sbml/level3/version2/core"
_CVODE, _RELATIVE, _ABSOLUTE = "KISAO:0000019", "KISAO:0000209", "KISAO:0000211"
_ABSOLUTE_TOLERANCE = 1e-20  # amounts in a cell are about 1e-13 nmol


def to_sedml(study: Study, model_file: str) -> str:
    """SED-ML Level 1 Version 3 text of a study on ``model_file``, a path as seen from the SED-ML file."""
    import libsbml
    import libsedml

    source = libsbml.readSBMLFromString(study.sbml)
    document = libsedml.SedDocument(1, 3)
    document.getNamespaces().add(_SBML, "sbml")
    model = document.createModel()
    model.setId("model")
    model.setName(study.title)
    model.setLanguage("urn:sedml:language:sbml.level-3.version-2")
    model.setSource(model_file)
    for symbol, value in study.settings.items():
        change = model.createChangeAttribute()
        change.setTarget(f"{_path(source, symbol)}/@{_attribute(source, symbol)}")
        change.setNewValue(repr(float(value)))

    simulation = document.createUniformTimeCourse()
    simulation.setId("simulation")
    simulation.setInitialTime(0.0)
    simulation.setOutputStartTime(0.0)
    simulation.setOutputEndTime(study.end)
    simulation.setNumberOfPoints(study.points)
    algorithm = simulation.createAlgorithm()
    algorithm.setKisaoID(_CVODE)
    for term, tolerance in ((_RELATIVE, RTOL), (_ABSOLUTE, _ABSOLUTE_TOLERANCE)):
        parameter = algorithm.createAlgorithmParameter()
        parameter.setKisaoID(term)
        parameter.setValue(repr(tolerance))

    task = document.createTask()
    task.setId("task")
    task.setModelReference("model")
    task.setSimulationReference("simulation")
    read = "task"
    if study.scan:
        read = "scan"
        _scan(document, *study.scan, path=_path(source, study.scan[0]))
    generators = [_generator(document, "time", read)]
    generators += [_generator(document, name, read, _path(source, name)) for name in study.observables]
    _outputs(document, study, generators)

    text = str(libsedml.writeSedMLToString(document))
    errors = libsedml.readSedMLFromString(text).getErrorLog()
    if errors.getNumFailsWithSeverity(libsedml.LIBSEDML_SEV_ERROR):
        raise ExportError(f"{study.id} as SED-ML: {' '.join(errors.toString().split())}")
    return text


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


def _attribute(source: Any, symbol: str) -> str:
    return "initialConcentration" if _element(source, symbol)[1] == "species" else "value"


def _scan(document: Any, symbol: str, values: tuple[float, ...], path: str) -> None:
    """The task once for each value, each time from a fresh model."""
    import libsedml

    repeated = document.createRepeatedTask()
    repeated.setId("scan")
    repeated.setRangeId("values")
    repeated.setResetModel(True)
    chosen = repeated.createVectorRange()
    chosen.setId("values")
    for value in values:
        chosen.addValue(value)
    change = repeated.createTaskChange()
    change.setModelReference("model")
    change.setTarget(path)
    change.setRange("values")
    change.setMath(libsedml.parseL3Formula("values"))
    subtask = repeated.createSubTask()
    subtask.setOrder(1)
    subtask.setTask("task")


def _generator(document: Any, name: str, task: str, path: str = "") -> str:
    """A data generator that reads one symbol, or time where there is no path."""
    import libsedml

    generator = document.createDataGenerator()
    generator.setId(f"data_{name}")
    generator.setName(name)
    variable = generator.createVariable()
    variable.setId(f"read_{name}")
    variable.setTaskReference(task)
    if path:
        variable.setTarget(path)
    else:
        variable.setSymbol("urn:sedml:symbol:time")
    generator.setMath(libsedml.parseL3Formula(f"read_{name}"))
    return f"data_{name}"


def _outputs(document: Any, study: Study, generators: list[str]) -> None:
    report = document.createReport()
    report.setId("report")
    report.setName(study.title)
    for generator in generators:
        data = report.createDataSet()
        data.setId(f"column_{generator}")
        data.setLabel(generator.removeprefix("data_"))
        data.setDataReference(generator)
    for number, together in enumerate(_panels(generators[1:]), start=1):
        plot = document.createPlot2D()
        plot.setId(f"plot_{number}")
        plot.setName(study.title)
        for generator in together:
            curve = plot.createCurve()
            curve.setId(f"curve_{generator}")
            curve.setLogX(False)
            curve.setLogY(False)
            curve.setXDataReference("data_time")
            curve.setYDataReference(generator)


def _panels(generators: list[str]) -> list[list[str]]:
    """Percentages share a plot; every other quantity has its own."""
    percent = [name for name in generators if name.endswith("_percent")]
    others = [[name] for name in generators if name not in percent]
    return [*others, percent] if percent else others
