"""Checks of SBML files and of Antimony templates."""

from __future__ import annotations

import re

from jakinib.build.read import document
from jakinib.build.sbml import check as libsbml_check
from jakinib.build.template import TOKENS, user_template
from jakinib.check.base import Check, Context
from jakinib.check.entries import Found
from jakinib.check.files import File, located
from jakinib.errors import InputError, JakinibError

MOST = 20  # libSBML messages shown of one file


class ValidSbml(Check):
    """The file is plain XML and valid SBML."""

    id, kinds, message = "sbml-invalid", ("sbml",), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        if file.problem:
            return
        try:
            document(file.text, "model")
        except InputError as error:
            line, _, problem = str(error).removeprefix("model:").partition(":")
            yield int(line) if line.isdigit() else 1, {"problem": problem.strip() or str(error)}


class CleanSbml(Check):
    """libSBML has nothing to warn of, units and modelling practice included."""

    id, level, kinds, message = "sbml-warning", "warning", ("sbml",), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        if file.problem:
            return
        try:
            document(file.text, "model")
        except InputError:
            return  # sbml-invalid says so
        found = libsbml_check(file.text)
        for text in found[:MOST]:
            line, _, problem = text.removeprefix("line ").partition(":")
            yield int(line), {"problem": problem.strip()}
        if len(found) > MOST:
            yield 1, {"problem": f"and {len(found) - MOST} further messages of libSBML"}


class Template(Check):
    """An Antimony template is one model, with units and tokens."""

    id, kinds, message = "antimony-template", ("antimony",), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        if file.problem or context.is_packaged(file.path):
            return
        try:
            body = user_template(file.path)
        except JakinibError as error:
            line, problem = located(str(error), file.path)
            yield line, {"problem": problem}
            return
        for token in sorted(set(re.findall(r"(?<![A-Za-z])[A-Z]{2,}x(?![A-Za-z0-9])", body)) - set(TOKENS)):
            number = next(n for n, text in enumerate(file.text.splitlines(), start=1) if token in text)
            yield number, {"problem": f"'{token}' is no token; known: {', '.join(TOKENS)}"}
