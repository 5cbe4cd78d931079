"""The one way in for somebody else's SBML: nothing reaches libSBML before expat has seen it is plain XML."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.parsers import expat

from jakinib.build.bounds import refuse_large
from jakinib.errors import InputError
from jakinib.library.files import read_text, short

DEEPEST = 500  # levels of XML; libSBML and the engine recurse over formulas


def sbml_text(path: Path) -> str:
    """Text of an SBML file that is safe to parse; raises InputError as ``guard`` does."""
    text = read_text(path)
    guard(text, short(path))
    return text


def guard(text: str, where: str) -> None:
    """Refuse XML with a document type (entities, external ones too), with parts in other files, or malformed.

    libSBML expands internal entities without limit, and the engine opens files that the package 'comp' names.
    """
    parser = expat.ParserCreate("UTF-8", "}")
    depth = 0

    def refuse(problem: str) -> InputError:
        return InputError(f"{where}:{parser.CurrentLineNumber}: {problem}")

    def doctype(*_: object) -> None:
        raise refuse("the XML declares a document type, which can hide entities; SBML has none: remove it")

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise refuse(f"nested more than {DEEPEST} levels deep; simplify the formula there")
        if name.rpartition("}")[2] == "externalModelDefinition":
            raise refuse("takes a submodel from another file; flatten the model into one file")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise InputError(
            f"{where}:{error.lineno}: not well-formed XML: {expat.ErrorString(error.code)}; correct it there"
        ) from None
    refuse_large(text, where)


def document(text: str, where: str) -> Any:
    """The libSBML document of a guarded text; refuses invalid SBML and formulas that name missing ids.

    Raises InputError with file, line and libSBML's message. Keep the document referenced while in use.
    """
    import libsbml

    guard(text, where)
    found = libsbml.readSBMLFromString(text)
    for category in ("UNITS_CONSISTENCY", "MODELING_PRACTICE", "SBO_CONSISTENCY"):
        found.setConsistencyChecks(getattr(libsbml, f"LIBSBML_CAT_{category}"), False)
    if not found.getNumErrors(libsbml.LIBSBML_SEV_ERROR) and not found.getNumErrors(
        libsbml.LIBSBML_SEV_FATAL
    ):
        found.checkConsistency()
    for i in range(found.getNumErrors()):
        if (error := found.getError(i)).getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            message = " ".join(error.getMessage().split())
            short_message = error.getShortMessage().strip()
            raise InputError(
                f"{where}:{error.getLine()}: not valid SBML: {short_message}: {message}; "
                "check the file with libSBML"
            )
    if found.getModel() is None:
        raise InputError(f"{where}: holds no SBML model")
    return found


def flat(found: Any, text: str, where: str) -> str:
    """SBML text without submodels: those of the package 'comp' are written out, under ids such as sub__S."""
    import libsbml

    if found.getPlugin("comp") is None:
        return text
    properties = libsbml.ConversionProperties()
    properties.addOption("flatten comp", True)
    properties.addOption("abortIfUnflattenable", "none")
    properties.addOption("performValidation", False)
    if found.convert(properties) != libsbml.LIBSBML_OPERATION_SUCCESS:
        log = [" ".join(found.getError(i).getMessage().split()) for i in range(found.getNumErrors())]
        reason = (log or ["no reason given"])[-1]
        raise InputError(f"{where}: libSBML cannot write out the submodels of the package 'comp': {reason}")
    return str(libsbml.writeSBMLToString(found))
