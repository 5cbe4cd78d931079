"""Model files for other tools, written from the source text only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jakinib import paths
from jakinib.arguments import checked
from jakinib.assay.studied import COVARIATES
from jakinib.errors import InputError, UnknownIdError
from jakinib.export.dosing import add_doses
from jakinib.export.formats import FORMATS, to_level
from jakinib.fit.plan import known_plans
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Covariate, changing, shown
from jakinib.simulate import Model
from jakinib.simulate.models import sbml_of

PETAB = "petab"  # the format of a plan; all others are of a model


@checked
def export(
    model: Model | str,
    folder: str | Path,
    formats: Sequence[str] = ("sbml-l3v2", "sbml-l3v1", "sbml-l2v4", "antimony"),
    regimen: Regimen | str | None = None,
    population: str = "healthy_adult",
    *,
    weight: Any = None,
    eGFR: Any = None,
) -> list[Path]:
    """Write a model to ``folder`` and return the files, one a format, in the order asked for.

    formats "petab" alone writes a plan, given by name or file, as ``export_plan`` says.
    model: a loaded model or the name of one. regimen: doses that are written into the file as events;
    their lag and duration, and a model given by name, are those of ``population``. weight, eGFR: of the
    patient dosed, as ``jakinib.Patient`` takes them; where they change, as events.
    Files are named <model id>[_<regimen>[_<patient>]]_<format>.xml, .ant or .mjs. "js" is an ES module that
    exports the model and ``integrate``; it holds events at given times, and no others.

    Every SBML file passes libSBML's consistency check without error. L3V2 and L3V1 of the package's models
    also pass without warning, units and modelling practice included. L2V4 has no units on literal numbers:
    there libSBML warns (99505) that expressions with literals "cannot be fully checked".

    Raises UnknownIdError for an unknown format, ExportError for a model that a format cannot hold (nothing is
    written then) or a regimen on a model without dosing, WriteError for a folder that cannot be written to.

    >>> import jakinib as jk
    >>> [file.name for file in jk.export("kinase_assay_JAK1", "exported", ["antimony"])]
    ['kinase_assay_antimony.ant']
    """
    formats = (formats,) if isinstance(formats, str) else formats
    if PETAB in formats:
        if weight is not None or eGFR is not None:
            raise InputError(
                f"{PETAB} writes a plan, whose patients its rows name; leave weight and eGFR out"
            )
        return _plan(model, folder, formats, regimen)
    if isinstance(model, str) and model in known_plans():
        raise InputError(f"'{model}' is a plan; plans have one format: {PETAB}")
    for name in formats:
        if name not in FORMATS:
            raise UnknownIdError("export format", name, [*FORMATS, PETAB])
    regimen = None if regimen is None else Regimen.parse(regimen)
    stated = {"weight": weight, "eGFR": eGFR}
    covariates = {n: changing(v, COVARIATES[n], n) for n, v in stated.items() if v is not None}
    if covariates and regimen is None:
        raise InputError(f"export: {' and '.join(covariates)} without doses; give the regimen they are of")
    source = sbml_of(model, population=population) if isinstance(model, str) else model.sbml
    sbml, stem = _prepare(source, regimen, population, covariates)
    texts: dict[Path, str] = {}
    for name in formats:
        suffix, convert = FORMATS[name]
        texts[Path(folder) / f"{stem}_{name}{suffix}"] = sbml if name == "sbml-l3v2" else convert(sbml)
    paths.check_writable(*texts)
    for file, text in texts.items():
        paths.write_atomic(file, text)
    return list(texts)


def _plan(
    plan: Model | str, folder: str | Path, formats: Sequence[str], regimen: Regimen | str | None
) -> list[Path]:
    from jakinib.export.petab import export_plan

    if not isinstance(plan, str):
        raise InputError(f"{PETAB} is a format of plans, not of models; name a plan such as clinical_pk")
    if len(formats) > 1 or regimen is not None:
        raise InputError(f"{PETAB} writes a plan: leave other formats and the regimen out")
    return export_plan(plan, folder)


def _prepare(
    sbml: str, regimen: Regimen | None, population: str, covariates: Mapping[str, Covariate]
) -> tuple[str, str]:
    """Checked L3V2 with doses and without function definitions, and the stem of its file names."""
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    if (document.getLevel(), document.getVersion()) != (3, 2):
        document = libsbml.readSBMLFromString(to_level(sbml, 3, 2))
    stem = document.getModel().getId() or "model"
    if document.getModel().getNumFunctionDefinitions():
        document.expandFunctionDefinitions()
    if regimen is not None:
        add_doses(document.getModel(), regimen, population, covariates)
        stem = "_".join([stem, _slug(regimen), *(_plain(f"{n} {shown(v)}") for n, v in covariates.items())])
    return to_level(str(libsbml.writeSBMLToString(document)), 3, 2), stem


def _slug(regimen: Regimen) -> str:
    """ "4 mg qd x 7" as 4-mg-qd-x-7; doses listed by hand by their number and a digest."""
    if not regimen.text:
        return f"{len(regimen.doses)}-doses-{hashlib.sha256(repr(regimen.doses).encode()).hexdigest()[:8]}"
    return _plain(re.sub("[µμ]", "u", regimen.text))


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")
