"""Antimony text to checked SBML."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from jakinib import cache
from jakinib.build.composer import Source
from jakinib.errors import ModelError

ANTIMONY_LOCK = threading.Lock()  # Antimony keeps global state
FIRST_RELEASE = "2026-11-23T00:00:00Z"  # fixed, so that a rebuild gives the same bytes
_MODEL_TERMS = (
    ("BQB_HAS_TAXON", "https://identifiers.org/taxonomy:9606"),
    ("BQB_IS_VERSION_OF", "https://identifiers.org/GO:0007259"),  # JAK-STAT signalling
)
_MARK = "Built by jakinib; source SHA-256: "  # notes are all that Antimony, too, keeps of a description
_HEADER = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def antimony_error(antimony: Any) -> str:
    """What Antimony says of the text it did not read; it may cut a character of it in two."""
    try:
        return " ".join(str(antimony.getLastError()).split())
    except UnicodeDecodeError:
        return "a character outside a string or comment that no symbol can have; remove it"


def translate(text: str, identifier: str) -> str:
    """SBML of an Antimony text; raises ModelError with Antimony's own message."""
    import antimony

    with ANTIMONY_LOCK:
        antimony.clearPreviousLoads()
        antimony.freeAll()
        if antimony.loadAntimonyString(text) < 0:
            raise ModelError(f"{identifier}: {antimony_error(antimony)}")
        sbml = str(antimony.getSBMLString(identifier))
        antimony.clearPreviousLoads()
        antimony.freeAll()
    return sbml


def translated(source: Source) -> str:
    """``to_sbml``, from the cache where it is there."""
    plans = sorted({quantity.source for quantity in source.provenance.values()})  # the notes name them
    return cache.kept("sbml", f"{source.id}\n{source.digest}\n{plans}", lambda: to_sbml(source))


def to_sbml(source: Source) -> str:
    """SBML L3V2 of a composed model with model-level metadata; the same input gives the same bytes."""
    import libsbml

    document = libsbml.readSBMLFromString(_HEADER.sub("", translate(source.text, source.id)))
    model = document.getModel()
    model.setName(_title(source))
    for holder in _with_math(model):
        _declare_literals(holder.getMath(), libsbml)
    _describe(model, source, libsbml)
    return str(libsbml.writeSBMLToString(document))


def _with_math(model: Any) -> Iterator[Any]:
    yield from (model.getRule(i) for i in range(model.getNumRules()))
    yield from (model.getReaction(i).getKineticLaw() for i in range(model.getNumReactions()))
    for i in range(model.getNumEvents()):
        event = model.getEvent(i)
        yield event.getTrigger()
        yield from (event.getEventAssignment(j) for j in range(event.getNumEventAssignments()))


def _declare_literals(node: Any, libsbml: Any) -> None:
    """Give every bare number the unit dimensionless, so that units can be checked without gaps."""
    if node.isNumber() and not node.isSetUnits():
        node.setUnits("dimensionless")
    for i in range(node.getNumChildren()):
        _declare_literals(node.getChild(i), libsbml)


def _describe(model: Any, source: Source, libsbml: Any) -> None:
    """Creator, dates, taxon, process, sources of numbers, notes, and the digest of the source."""
    if not model.isSetMetaId():
        model.setMetaId(model.getId())
    creator = libsbml.ModelCreator()
    creator.setFamilyName("contributors")
    creator.setGivenName("jakinib")
    creator.setOrganisation("jakinib contributors; contact: the issues of the jakinib repository")
    history = libsbml.ModelHistory()
    history.addCreator(creator)
    history.setCreatedDate(libsbml.Date(FIRST_RELEASE))
    history.setModifiedDate(libsbml.Date(FIRST_RELEASE))
    for qualifier, uri in _MODEL_TERMS:
        term = libsbml.CVTerm(libsbml.BIOLOGICAL_QUALIFIER)
        term.setBiologicalQualifierType(getattr(libsbml, qualifier))
        term.addResource(uri)
        model.addCVTerm(term)
    for doi in source.dois:
        term = libsbml.CVTerm(libsbml.MODEL_QUALIFIER)
        term.setModelQualifierType(libsbml.BQM_IS_DERIVED_FROM)  # they give numbers, not this model
        term.addResource(f"https://identifiers.org/doi:{doi}")
        model.addCVTerm(term)
    if (rules := source.starts.to_xml()) and model.appendAnnotation(
        rules
    ) != libsbml.LIBSBML_OPERATION_SUCCESS:
        raise ModelError(f"{model.getId()}: libSBML refused the rules of initial values")
    if model.setModelHistory(history) != libsbml.LIBSBML_OPERATION_SUCCESS:
        raise ModelError(f"{model.getId()}: libSBML refused the model history")
    if model.appendNotes(_notes(source)) != libsbml.LIBSBML_OPERATION_SUCCESS:
        raise ModelError(f"{model.getId()}: libSBML refused the notes")


def built_here(model: Any) -> bool:
    """Did this package build a libSBML model, as its notes say? Then the sizes of its numbers are known."""
    return _MARK in " ".join((model.getNotesString() or "").split())


def _notes(source: Source) -> str:
    """What this instance holds, where its numbers are from and what it is not for."""
    spec = source.spec
    parts = (
        ("cytokines", spec.cytokines),
        ("cell", (spec.cell,)),
        ("kinase", (spec.kinase,)),
        ("inhibitors", spec.inhibitors),
        ("population", (spec.population,)),
    )
    instance = "; ".join(f"{label} {', '.join(names)}" for label, names in parts if any(names))
    kinds = Counter(quantity.kind for quantity in source.provenance.values())
    used = {quantity.source for quantity in source.provenance.values()}
    plans = ", ".join(plan for plan in spec.calibrated if plan in used)
    paragraphs = (
        f"This instance: {instance}.",
        f"Of its {sum(kinds.values())} parameters with a value from outside, "
        + ", ".join(f"{kinds[kind]} are {kind}" for kind in sorted(kinds))
        + (f" (by the plans {plans})" if plans else "")
        + ". Source, place and reason of each: models/library and docs/models of the jakinib repository.",
        "Time in hours, concentration in nM, amount in nmol, volume in litres. For research: it must not "
        "guide the treatment of a patient; docs/context_of_use.md says what it may be used for.",
        "Licence: CC-BY-4.0, https://creativecommons.org/licenses/by/4.0/ . By the jakinib contributors; "
        "questions and faults go to the issues of the jakinib repository.",
        f"{_MARK}{source.digest}",
    )
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return f'<body xmlns="http://www.w3.org/1999/xhtml">{body}</body>'


def _title(source: Source) -> str:
    spec = source.spec
    parts = (
        spec.name.replace("_", " "),
        *spec.cytokines,
        spec.cell,
        spec.kinase,
        *spec.inhibitors,
        spec.population,
    )
    return "jakinib: " + ", ".join(part for part in parts if part)


def check(sbml: str, units: bool = True) -> list[str]:
    """Messages of libSBML's full consistency check, errors and warnings alike; empty means clean."""
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, units)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, True)
    document.checkConsistency()
    log = [document.getError(i) for i in range(document.getNumErrors())]
    return [f"line {e.getLine()}: {e.getSeverityAsString()}: {' '.join(e.getMessage().split())}" for e in log]
