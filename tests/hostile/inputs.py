# ruff: noqa: E501
"""Malformed inputs, made systematically from sound ones: each place of a file times each way to spoil it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import yaml

from jakinib import paths
from jakinib.library import get_library

LONG = "a" * 1_000_000
NO_NUMBERS: tuple[Any, ...] = (True, "5", "abc", None, [1], {}, float("nan"), float("inf"), 1e300)
NO_UNITS: tuple[Any, ...] = (
    "9**9**9**9", "9⁹⁹⁹⁹⁹⁹", "m*" * 20_000 + "m", "(" * 300 + "nM" + ")" * 300, "nM**99", "banana", "", 5, "nM\x1b[31m",
)  # fmt: skip
NO_NAMES = (
    'x"; JX: => pSTAT5; 1e9; y is "z', "x\nimport", "\x1b]0;pwned\x07", "a\u202eb", "../../etc/passwd", "$(id)", "",
    LONG, "STATx", "time", "species",
)  # fmt: skip
Place = tuple[Any, ...]


def entry(kind: str, file: str) -> dict[str, Any]:
    """A sound entry of the package, under an id of its own."""
    text = (paths.models() / "library" / kind / file).read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    found.pop("aliases", None)  # those belong to the entry of the package
    return found


def sound() -> dict[str, dict[str, Any]]:
    """One entry of each kind that the library takes."""
    drug = entry("inhibitors", "baricitinib.yaml") | {"id": "mine"}
    cytokine = entry("cytokines", "IL-2.yaml") | {"id": "IL-99", "symbol": "IL99"}
    cytokine["parameters"] = {k.replace("IL2", "IL99"): v for k, v in cytokine["parameters"].items()}
    cell = get_library().cell("CD4 T").model_dump(exclude_none=True) | {"id": "my cell", "aliases": ["ours"]}
    people = entry("populations", "ra_adult.yaml") | {"id": "mine"}
    return {"inhibitors": drug, "cytokines": cytokine, "cells": cell, "populations": people}


def places(node: Any, at: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Where numbers with their origin stand."""
    if isinstance(node, dict):
        if "value" in node:
            yield at, node
            return
        for key, child in node.items():
            yield from places(child, (*at, key))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from places(child, (*at, number))


def changed(data: dict[str, Any], at: Place, value: Any) -> dict[str, Any]:
    """A copy with one place changed."""
    out = copy.deepcopy(data)
    node: Any = out
    for key in at[:-1]:
        node = node[key]
    node[at[-1]] = value
    return out


# What no field of this name can be, in its unit.
IMPOSSIBLE: dict[str, tuple[float, ...]] = {
    "molecular_weight": (0, -1, 1e9), "fu": (0, -0.1, 1.01), "bioavailability": (0, 2), "JAK1": (-1, 1e12),
    "CLr": (-1,), "V1": (0, -5), "lag": (-1,), "D1": (0, 1e-10), "F": (0, -1), "Kd_IL99": (0, -1), "w_IL99": (7, -0.1),
    "medium": (0, -1), "cytosol": (0, -1, 1e12), "IL2RA": (-1, 1e12), "STAT5": (0, -1), "weight": (0, -74, 1e5),
    "eGFR": (0, -1, 1e6), "cv": (-1, 1e6), "correlation": (1.5, -2), "renal_uptake": (-1,), "assay_dose": (0, -1),
}  # fmt: skip
WHOLE: dict[str, tuple[tuple[Place, Any], ...]] = {
    "inhibitors": (
        (("potency",), {}), (("potency",), None), (("binding",), {"JAK1": "../x.ant"}), (("conditions",), 3),
        (("binding",), {"JAK1": "/etc/passwd"}), (("identifiers",), {"ChEBI": 'x"; ATP = 1; y is "z'}),
        (("parameters",), {"x": 1}), (("metabolite",), "mine"), (("colour",), "blue"), (("name",), LONG),
        *((("id",), name) for name in (*NO_NAMES, "ATP", "JAK1", "IL6", "cytosol", "Tofacitinib", "R_IL6", "STAT5")),
    ),
    "cytokines": (
        (("stats",), []), (("stats",), ["STAT5", "STAT5"]), (("stats",), "STAT5"), (("stats",), ['STAT5"; x']),
        (("stats",), ["SOCS3"]), (("stats",), ["JAK1"]), (("alpha_chain",), "IL2RB"), (("alpha_chain",), "ATP"),
        (("slot_a",), {}), (("slot_b",), {}), (("feedback",), [{"protein": "IL6R", "driven_by": "STAT5"}]),
        (("feedback",), [{"protein": "CISH", "driven_by": "STAT6"}]), (("feedback",), [{"protein": "CISH"}]),
        (("identifiers",), {"UniProt": 'P1"; ATP = 1; y is "z'}), (("identifiers",), {"UniProt": LONG}),
        *((("symbol",), name) for name in (*NO_NAMES, "IL6", "il6", "ATP", "STAT3", "JAK1", "baricitinib", "a_b")),
        *((("first_chain",), name) for name in (*NO_NAMES, "STAT5", "pSTAT5", "JAK2", "medium", "R_IL6", "il2rb")),
    ),
    "cells": (
        (("volumes",), {}), (("volumes",), None), (("chains",), []), (("like",), "no such cell"), (("like",), 5),
        (("aliases",), ["CD4 T"]), (("aliases",), ["a", "a"]), (("aliases",), ["a\x1b[2J"]), (("id",), "cd4 t"),
        (("identifiers",), {"CellOntology": 'x"; ATP = 1; y is "z'}), *((("id",), name) for name in NO_NAMES[:8]),
    ),
    "populations": (
        (("correlations",), [{"between": ["a", "b"], "correlation": 1}]), (("variability",), {'x"y': {}}),
        (("ensemble",), "../../x"), (("variability",), []), *((("id",), name) for name in NO_NAMES[:8]),
    ),
}  # fmt: skip


def entries() -> Iterator[tuple[str, str, Any]]:
    """(name of the case, kind, content) of malformed library entries."""
    for kind, data in sound().items():
        for number, (at, quantity) in enumerate(places(data)):
            name = ".".join(map(str, at))
            key = next((str(part) for part in reversed(at) if str(part) in IMPOSSIBLE), "")
            for value in IMPOSSIBLE.get(key, ()):
                if (key == at[-1] and "delays" not in at) or key == "renal_uptake":
                    yield f"{kind}: {name}.value = {value}", kind, changed(data, (*at, "value"), value)
            wrong = NO_NUMBERS[number % len(NO_NUMBERS)]
            yield f"{kind}: {name}.value = {wrong}", kind, changed(data, (*at, "value"), wrong)
            if number % 4 == 0:
                unit = NO_UNITS[number // 4 % len(NO_UNITS)]
                yield f"{kind}: {name}.unit = {str(unit)[:12]}", kind, changed(data, (*at, "unit"), unit)
                low = {**quantity, "low": quantity["value"] + 1, "high": quantity["value"] + 2}
                yield f"{kind}: {name}.low", kind, changed(data, at, low)
            if number % 4 == 1:
                bare = {k: v for k, v in quantity.items() if k != "source"} | {"kind": "measured"}
                yield f"{kind}: {name} without source", kind, changed(data, at, bare)
                guess = {**quantity, "kind": "assumed", "rationale": ""}
                yield f"{kind}: {name} assumed", kind, changed(data, at, guess)
        for at, value in WHOLE[kind]:
            yield f"{kind}: {at[0]} = {str(value)[:30]}", kind, changed(data, at, value)


YAML = {
    "empty": "", "text": "abc", "list": "- 1\n", "number": "5", "duplicate key": "id: a\nid: b\n", "open": "a: [1, 2",
    "tab": "a:\n\tb: 1\n", "deep": "[" * 5_000, "deep mapping": "{a: " * 5_000, "python": "a: !!python/name:os.system\n",
    "object": "a: !!python/object/apply:os.system ['id']\n", "null byte": "a: \0\n", "escape": 'id: "\\e[31m"\n',
    "bidi": "id: a\u202eb\n", "many": "[" + "1," * 3_000_000 + "]", "digits": f"a: {'9' * 10_000}\n",
    "two documents": "a: 1\n---\nb: 2\n", "endless": "a: &a [*a]\n", "key is a list": "? [a]\n: 1\n",
    "bomb": "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)),
    "no anchor": "a: *b\n", "tag": "!!binary abc", "long key": f"{LONG}: 1\n", "not closed": 'a: "b\n',
}  # fmt: skip

REGIMENS = [
    "", " ", "4", "mg", "-4 mg", "nan mg", "inf mg", "1e999 mg", "1e9 mg", "4 mg qd x 0", "4 mg qd x -1",
    "4 mg qd x 100000", "4 mg qd x 99999 + 4 mg qd x 99999", " + ".join(["4 mg qd x 99999"] * 200), "4 mg " + "x" * 20_000,
    "4 mg q0h x 2", "4 mg q1e-9h ss", "4 banana", "4 mg/", "4 mg once once", "4 mg qd x 7 missing 8",
    "4 mg qd x 7 missing 0", "4 mg iv", "4 mg iv infusion", "4 mg iv infusion over 0 h", "4 mg over 1 h",
    "4 mg at -1 h", "4 mg at 1e30 h", "4 mg then 4 mg", "4 mg qd for 1e9 days", "baricitinib 4 mg + 4 mg", "4 mg\x1b[31m",
    "4 mg \u202e", "4 mg; 5 mg", "(" * 1000, "4 mg qd x 2 then", "aspirin 100 mg", "x\"; 4 mg", "4 9**9**9**9", "9" * 5_000 + " mg",
    "4 mg qd x " + "9" * 5_000, "4 mg q1e308h x 3", "4mg qd x 1.5", "STAT5 4 mg", "4 mg qd x 7 missing " + "1," * 4_000,
]  # fmt: skip
EVENTS = [
    "", "TIME\n", "TIME,AMT\n", "TIME,AMT\n0\n", "TIME,AMT\n0,4,5\n", "AMT\n4\n", "TIME,AMT,AMT\n0,4,4\n", "TIME,DOSE\n0,4\n",
    "TIME,AMT\nx,4\n", "TIME,AMT\nnan,4\n", "TIME,AMT\n0,inf\n", "TIME,AMT\n0,1e999\n", "TIME,AMT\n0,-4\n", "TIME,AMT\n0,0\n",
    "TIME,AMT\n1,4\n0,4\n", "TIME,AMT,EVID\n0,4,3\n", "TIME,AMT,EVID\n0,4,9\n", "TIME,AMT,ADDL\n0,4,5\n",
    "TIME,AMT,ADDL,II\n0,4,20000000,24\n", "TIME,AMT,ADDL,II\n" + "0,4,99998,24\n" * 3, "TIME,AMT,ADDL,II\n0,4,1.5,24\n",
    "TIME,AMT,ADDL,II\n0,4,true,24\n", "TIME,AMT,SS\n0,4,1\n", "TIME,AMT,SS,II\n5,4,1,24\n", "TIME,AMT,RATE\n0,4,-3\n",
    "TIME,AMT,CMT\n0,4,3\n", "TIME,AMT,CMT,ROUTE\n0,4,2,oral\n", "TIME,AMT,UNIT\n0,4,banana\n", "TIME,AMT,UNIT\n0,4,9**9**9\n",
    "TIME,AMT,INHIBITOR\n0,4,../x\n", "TIME,AMT,INHIBITOR\n0,4,\x1b[31m\n", "TIME,AMT\n-5,4\n",
    f"TIME,AMT\n0,{'4' * 30_000}\n", "\0", "TIME,AMT\n" + "0,4\n" * 300_000, "TIME;AMT\n0;4;5\n", "\x1b[2J,AMT\n0,4\n",
    "TIME,AMT\n0x10,4\n", "TIME,AMT\n1_0,4\n", "TIME,AMT,TINF,RATE\n0,4,2,7\n", "TIME,AMT,TINF\n0,4,-1\n",
]  # fmt: skip
COMMANDS: list[list[str]] = [
    *(["simulate", f"--weight={x}"] for x in ("0", "-1", "nan", "inf", "abc", "")),
    *(["simulate", f"--egfr={x}"] for x in ("0", "-1", "nan", "inf", "abc")),
    *(["simulate", f"--hours={x}"] for x in ("0", "-1", "nan", "inf", "1e9", "abc")),
    *(["simulate", f"--population={x}"] for x in ("", "martians", "\x1b[31mred", LONG[:5000], "../x")),
    *(["simulate", f"--inhibitor={x}"] for x in ("ATP", "a\nb", "\u202eevil", "abrocitinib")),
    *(["simulate", f"--cytokine={x}"] for x in ("IL-0", "[red]x[/]", "")),
    *(["assay", f"--cytokine-dose={x}"] for x in ("10", "10 banana", "-1 nM", "1 9**9**9**9", "1 " + "m*" * 20_000, "nan nM", "1e999 nM",
                                         "1 nM\x1b[31m", "9" * 5000 + " nM", "1 a" + " " * 50_000 + "b")),
    *(["assay", f"--stimulation={x}"] for x in ("0 min", "-5 min", "15", "15 nM", "inf min", "1 9**9**9")),
    *(["assay", "--kinase=JAK1", f"--atp={x}"] for x in ("-1 mM", "1", "1 kg", "nan mM")),
    *(["assay", f"--{o}=\x1b]0;x\x07"] for o in ("inhibitor", "cytokine", "readout", "cell", "matrix", "kinase")),
    *(["population", "ra_adult", f"-n{n}"] for n in ("0", "-1", "1000000000", "x", "1e3")),
    *(["population", "ra_adult", "-n", "5", f"--{o}"] for o in ("seed=-1", "seed=x", "workers=-1", "workers=100000",
        "regimen=4 mg qd x 99999", "cytokine-dose=1 banana", "with=no")),
    *(["fit", x] for x in ("", "nope", "../x", "missing.yaml", "\x1b[31m", LONG[:3000])),
    *(["fit", "enzyme", f"--{o}"] for o in ("starts=0", "starts=-1", "starts=999999999", "workers=0", "workers=99999")),
    *(["ensemble", "enzyme", f"--{o}"] for o in ("evaluations=1", "draws=0", "draws=9999", "evaluations=99999999999")),
    *(["export", x] for x in ("nope", "no.xml", "no.ant", "no.omex", "\x1b[31m.xml", LONG[:3000] + ".xml", ".")),
    ["export", "oral_pk", "--formats=banana"], ["export", "oral_pk", "--regimen=4"],
    *(["evaluate", f"--draws={x}"] for x in ("-1", "201", "x")), ["evaluate", "--model=no.xml"], ["evaluate", "--mapping=no.yaml"],
    *(["new", kind, name] for kind in ("inhibitor", "cytokine", "cell") for name in ("../x", "", "a\x1b[31m", LONG[:100], "é")),
    *(["new", kind, "x"] for kind in ("", "banana", "\x1b[31m")),
    *(["check", x] for x in ("no", "/dev/zero", "\x1b[31m", "\0", LONG[:5000])),
    ["simulatte"], ["\x1b[31m"], ["list", "extra"], ["simulate", "--nonsense"], ["compare"], ["compare", "--regimen="], ["population", "--regimen="], ["sensitivity", "--draws=1"],
    ["compare", "--regimen=4 mg qd", "--cytokine=IL-0"], ["archive", "--regimen=4"],
]  # fmt: skip

SBML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" '
    'version="1"><model id="m">{}</model></sbml>'
)
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'


def _nested(index: int) -> str:
    call = f"<apply><ci> f{index - 1} </ci><ci> x </ci></apply>"
    body = f"<apply><plus/>{call}{call}</apply>" if index else "<ci> x </ci>"
    formula = MATH.format(f"<lambda><bvar><ci> x </ci></bvar>{body}</lambda>")
    return f'<functionDefinition id="f{index}">{formula}</functionDefinition>'


SPECIES = '<species id="s{}" compartment="c" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>'
MODELS: dict[str, str] = {
    "empty.xml": "", "text.xml": "hello", "open.xml": "<sbml>", "html.xml": "<html/>", "no model.xml": SBML.replace("<model id=\"m\">{}</model>", ""),
    "doctype.xml": '<!DOCTYPE a [<!ENTITY b "c">]><sbml/>', "external.xml": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><sbml/>',
    "deep.xml": "<a>" * 100_000, "id.xml": SBML.replace('id="m"', 'id="../m"').format(""),
    "species.xml": SBML.format("<listOfSpecies>" + "".join(SPECIES.format(i) for i in range(100_000)) + "</listOfSpecies>"),
    "functions.xml": SBML.format("<listOfFunctionDefinitions>" + "".join(map(_nested, range(40))) + "</listOfFunctionDefinitions>"),
    "missing id.xml": SBML.format('<listOfParameters><parameter id="p" constant="false"/></listOfParameters><listOfRules><assignmentRule '
        f'variable="p">{MATH.format("<ci> q </ci>")}</assignmentRule></listOfRules>'),
    "twice.xml": SBML.format('<listOfParameters><parameter id="p" constant="true"/><parameter id="p" constant="true"/></listOfParameters>'),
    "null.xml": "\0", "control.xml": SBML.format("<notes>\x1b[31m</notes>"), "bytes.xml": "\udcff\udcfe",
    "empty.ant": "", "text.ant": "hello world", "open.ant": "model m\n x = ",
    "import.ant": 'import "/etc/passwd"\nmodel m\n x=1\nend\n', "import up.ant": 'import "../x.ant"\nmodel m\n x=1\nend\n',
    "import two.ant": 'import /* a */ "/etc/passwd"\nmodel m\n x=1\nend\n', "import itself.ant": 'import "import itself.ant"\n',
    "import device.ant": 'import "/dev/zero"\n', "import xml.ant": 'import "x.xml"\nmodel m\n x=1\nend\n',
    "rules.ant": "model m\n a0 = 1\n" + "".join(f" a{i} := a{i - 1} + a{i - 1}\n" for i in range(1, 40)) + "end\n",
    "functions.ant": "function f0(x)\n x\nend\n" + "".join(f"function f{i}(x)\n f{i - 1}(x) + f{i - 1}(x)\nend\n" for i in range(1, 40)) + "model m\n p := f39(1)\nend\n",
    "modules.ant": "model m0\n x = 1\nend\n" + "".join(f"model m{i}\n" + "".join(f" A{k}: m{i - 1}();\n" for k in range(10)) + "end\n" for i in range(1, 9)),
    "species.ant": "model m\n" + "".join(f"s{i}=1;s{i}->;k\n" for i in range(100_000)) + "end\n",
    "brackets.ant": "model m\n x := " + "(" * 5_000 + "1" + ")" * 5_000 + "\nend\n", "escape.ant": "model \x1b[31m\nend\n",
    "zip.omex": "not a zip", "empty.omex": "",
}  # fmt: skip
