"""Write commented templates for new entries, data sets and plans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from jakinib import paths
from jakinib.errors import InputError, UnknownIdError
from jakinib.library import get_library
from jakinib.library.files import explain, short
from jakinib.library.ranges import EntryName
from jakinib.units import parse_quantity, split_quantity

# Kind: (what a name looks like, in words, template and the file it becomes under the library folder)
KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "inhibitor": (
        r"[A-Za-z][A-Za-z0-9_]*", "letters, digits and _, beginning with a letter",
        {"inhibitor.yaml": "inhibitors/{name}.yaml"},
    ),
    "cytokine": (
        r"[A-Za-z][A-Za-z0-9-]*", "letters, digits and -, beginning with a letter",
        {"cytokine.yaml": "cytokines/{name}.yaml"},
    ),
    "cell": (
        r"[A-Za-z][A-Za-z0-9 _+-]*", "letters, digits, spaces, _, + and -, beginning with a letter",
        {"cell.yaml": "cells/{file}.yaml"},
    ),
    "population": (
        r"[A-Za-z][A-Za-z0-9_]*", "letters, digits and _, beginning with a letter",
        {"population.yaml": "populations/{name}.yaml"},
    ),
    "milieu": (
        r"[A-Za-z][A-Za-z0-9_]*", "letters, digits and _, beginning with a letter",
        {"milieu.yaml": "milieus/{name}.yaml"},
    ),
    "readout": (
        r"[A-Za-z][A-Za-z0-9 _+-]*", "letters, digits, spaces, _, + and -, beginning with a letter",
        {"readout.yaml": "readouts/{file}.yaml"},
    ),
    "dataset": (
        r"[A-Za-z][A-Za-z0-9]*", "letters and digits, such as AuthorYear",
        {"source.yaml": "data/{name}/source.yaml", "measurements.tsv": "data/{name}/measurements.tsv"},
    ),
    "plan": (
        r"[A-Za-z][A-Za-z0-9_]*", "letters, digits and _, beginning with a letter",
        {"plan.yaml": "plans/{name}.yaml"},
    ),
}  # fmt: skip
LONGEST = 64
TIMES = {"preincubation": "60 minute", "stimulation": "15 minute"}  # usual in phospho-flow


@dataclass(frozen=True)
class Asked:
    """What is known of a new data set, as text; empty where the template is to ask for it.

    laboratory: who measured; "several" where rows of more than one are pooled. preincubation, stimulation: of
    its cell assays, as "60 min". cytokine_doses: as "IL-6 50 ng/mL".
    """

    laboratory: str = ""
    preincubation: str = ""
    stimulation: str = ""
    cytokine_doses: tuple[str, ...] = ()

    def filled(self, source: str) -> dict[str, str]:
        """What stands in the template; raises InputError for what cannot be read."""
        if self.laboratory:
            try:
                TypeAdapter(EntryName).validate_python(self.laboratory)
            except ValidationError as error:
                raise InputError(f"laboratory: {explain(error.errors()[0])[1]}") from None
        stated = f"kind: measured, status: verified, source: {source}, location: methods"
        assumed = f"kind: assumed, status: recalled, source: {source}, rationale: FILL"
        out = {"laboratory": self.laboratory or "FILL"}
        for name, usual in TIMES.items():
            given = getattr(self, name)
            if given:
                parse_quantity(given, "minute", where=name)
            value, unit = split_quantity(given or usual)
            out[name] = f"{{value: {value}, unit: {unit}, {stated if given else assumed}}}"
        lines = []
        for dose in self.cytokine_doses:
            name, _, amount = dose.strip().partition(" ")
            cytokine = get_library().cytokine(name)
            mass = cytokine.molecular_weight.to("g/mol")
            parse_quantity(amount, "nM", mass=mass, where=f"dose of {cytokine.id}")
            value, unit = split_quantity(amount)
            lines.append(f"    {cytokine.id}: {{value: {value}, unit: {unit}, {stated}}}")
        lines = lines or [f"    IL-6: {{value: FILL, unit: ng/mL, {assumed}}}"]
        return out | {"doses": "\n".join(lines)}


def new(kind: str, name: str, folder: str | Path = ".", asked: Asked = Asked()) -> list[Path]:
    """Write the template of ``kind`` for ``name`` under a library folder; returns the files.

    asked: what is known of a data set already; other kinds take nothing.
    Raises UnknownIdError for an unknown kind, InputError for a name that cannot be used, a file that exists
    (it is never overwritten) or a folder that cannot be written to.
    """
    if kind not in KINDS:
        raise UnknownIdError("kind of entry", kind, KINDS)
    pattern, words, texts = KINDS[kind]
    if not re.fullmatch(pattern, name, re.ASCII) or len(name) > LONGEST or name != name.strip():
        raise InputError(f"'{name}' is no name of a {kind}; use {words}, at most {LONGEST} characters")
    values = asked.filled(name) if kind == "dataset" else {}
    values |= {"name": name, "symbol": re.sub(r"[^A-Za-z0-9]", "", name), "file": name.replace(" ", "_")}
    contents = {
        Path(folder) / target.format(**values): (files("jakinib.check") / "templates" / template)
        .read_text(encoding="utf-8")
        .format(**values)
        for template, target in texts.items()
    }
    paths.check_writable(*contents)
    for path in contents:
        if path.exists():
            raise InputError(
                f"{short(path)} exists already; choose another name or folder, or edit that file"
            )
    for path, text in contents.items():
        paths.write_atomic(path, text)
    return list(contents)
