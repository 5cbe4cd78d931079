"""Write commented templates for new entries, data sets and plans."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from jakinib import paths
from jakinib.errors import InputError, UnknownIdError
from jakinib.library.files import short

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


def new(kind: str, name: str, folder: str | Path = ".") -> list[Path]:
    """Write the template of ``kind`` for ``name`` under a library folder; returns the files.

    Raises UnknownIdError for an unknown kind, InputError for a name that cannot be used, a file that exists
    (it is never overwritten) or a folder that cannot be written to.
    """
    if kind not in KINDS:
        raise UnknownIdError("kind of entry", kind, KINDS)
    pattern, words, texts = KINDS[kind]
    if not re.fullmatch(pattern, name, re.ASCII) or len(name) > LONGEST or name != name.strip():
        raise InputError(f"'{name}' is no name of a {kind}; use {words}, at most {LONGEST} characters")
    values = {"name": name, "symbol": re.sub(r"[^A-Za-z0-9]", "", name), "file": name.replace(" ", "_")}
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
