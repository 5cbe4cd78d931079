"""Which tool reads which model, and how far its numbers are from ours; writes docs/reference/interop.md.

Tools that are not installed here are looked for in the interpreters of JAKINIB_INTEROP (a list of paths).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import libsbml
import numpy as np
import roadrunner
from interop_models import DOSED, distance, ours, stimulated, times

from jakinib.export.formats import to_level
from jakinib.paths import write_atomic
from jakinib.simulate import Model

ROOT = Path(__file__).parents[2]
PAGE, README = ROOT / "docs" / "reference" / "interop.md", ROOT / "README.md"
MARKS = "<!-- interop -->\n", "<!-- /interop -->\n"
TOOLS = Path(__file__).parent / "tools"
MODELS = ("kinase_assay_JAK1", "cytokine_signalling_IL6", "cytokine_signalling_IL2", "oral_pk", "blood_pkpd",
          "cytokine_signalling")  # fmt: skip
AGREES = 1e-6
# Importers that no interpreter of Python 3.11 or later can be given from PyPI alone.
NOT_RUN = {
    "MASSpy 0.1.7": "not run: needs cobra before 0.24, which needs a libSBML without wheels for Python 3.11",
    "PySB": "not run: its SBML importer needs the sbmlTranslator of BioNetGen, which is not on PyPI",
}
TIMEOUT = 900  # s for one tool on one model, compilation included


@dataclass(frozen=True)
class Outcome:
    """Distance to our trajectory, or why there is none."""

    error: float | None = None
    reason: str = ""

    @property
    def text(self) -> str:
        return f"{self.error:.0e}" if self.error is not None else self.reason


def task(name: str) -> dict[str, object]:
    """Everything a tool needs to repeat our run of a model."""
    sbml = stimulated(name)
    model = Model(sbml)
    document = libsbml.readSBMLFromString(sbml)
    listed = document.getModel().getListOfSpecies()
    return {
        "sbml": {"l3v2": sbml, "l3v1": to_level(sbml, 3, 1), "l2v4": to_level(sbml, 2, 4)},
        "times": times(name).tolist(),
        "species": list(model.species),
        "amounts": [s.getId() for s in listed if s.getHasOnlySubstanceUnits()],
        "volumes": {s.getId(): model.initial(s.getCompartment()) for s in listed},
        "events": name in DOSED,
    }


def outside(tool: str, interpreter: str, name: str) -> Outcome:
    """Run tests/interop/tools/<tool>_tool.py in another interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        given, written = Path(folder) / "task.json", Path(folder) / "table.json"
        given.write_text(json.dumps(task(name)), encoding="utf-8")
        command = [interpreter, "-W", "ignore", str(TOOLS / f"{tool}_tool.py"), str(given), str(written)]
        # The tools beside an interpreter come first: AMICI must find the swig it was built with.
        path = os.pathsep.join((str(Path(interpreter).parent), os.environ["PATH"]))
        env = {**os.environ, "PATH": path}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT, cwd=folder, env=env
            )
        except subprocess.TimeoutExpired:
            return Outcome(reason=f"no result within {TIMEOUT} s")
        if done.returncode or not written.exists():
            said = [line for line in done.stderr.splitlines() if line.strip()]
            return Outcome(reason=said[-1][:120] if said else f"exit code {done.returncode}")
        table = np.array(json.loads(written.read_text(encoding="utf-8")))
    return Outcome(distance(ours(name), table))


def by_roadrunner(name: str) -> Outcome:
    """libRoadRunner given the file as it is, without our engine layer."""
    runner = roadrunner.RoadRunner(stimulated(name))
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-20
    amounts = set(task(name)["amounts"])  # type: ignore[call-overload]
    species = Model(stimulated(name)).species
    runner.timeCourseSelections = ["time", *(s if s in amounts else f"[{s}]" for s in species)]
    return Outcome(distance(ours(name), np.asarray(runner.simulate(times=times(name).tolist()))[:, 1:]))


def by_copasi(name: str) -> Outcome:
    from test_copasi import simulated_by_copasi

    sbml = stimulated(name)
    return Outcome(distance(ours(name), simulated_by_copasi(sbml, times(name), Model(sbml))))


def by_libsbml(name: str) -> Outcome:
    """Not a simulator: the number of errors and warnings of the full consistency check."""
    document = libsbml.readSBMLFromString(stimulated(name))
    document.checkConsistency()
    return Outcome(reason=f"{document.getNumErrors()} messages")


def interpreters() -> list[str]:
    return [p for p in os.environ.get("JAKINIB_INTEROP", "").split(os.pathsep) if p]


def find(tool: str) -> tuple[str, str] | None:
    """An interpreter that has the tool, and the tool's version."""
    script = f"import importlib.metadata as m; print(m.version('{tool}'))"
    for interpreter in interpreters():
        done = subprocess.run([interpreter, "-c", script], capture_output=True, text=True)
        if done.returncode == 0:
            return interpreter, done.stdout.strip()
    return None


def main() -> int:
    """Fill the matrix and write the page; 1 when a tool that reads a model disagrees."""
    rows: dict[str, list[Outcome]] = {}
    for label, run, package in (
        ("libRoadRunner", by_roadrunner, "libroadrunner"), ("COPASI", by_copasi, "python-copasi"),
        ("libSBML, full check", by_libsbml, "python-libsbml"),
    ):  # fmt: skip
        try:
            rows[f"{label} {version(package)}"] = [run(name) for name in MODELS]
        except PackageNotFoundError:
            rows[label] = [Outcome(reason="not installed")] * len(MODELS)
    for tool, label in (
        ("tellurium", "tellurium"), ("amici", "AMICI"), ("pysces", "PySCeS, from L2V4"),
        ("sbmltoodejax", "sbmltoodejax (JAX), from L2V4"),
    ):  # fmt: skip
        found = (sys.executable, version(tool)) if tool == "tellurium" else find(tool)
        if found is None:
            print(
                f"{tool}: not installed in any interpreter of JAKINIB_INTEROP; row left out", file=sys.stderr
            )
            continue
        rows[f"{label} {found[1]}"] = [outside(tool, found[0], name) for name in MODELS]
        print(label, [outcome.text for outcome in rows[f"{label} {found[1]}"]], flush=True)
    write_atomic(PAGE, page(rows))
    before, _, rest = README.read_text(encoding="utf-8").partition(MARKS[0])
    write_atomic(
        README, before + MARKS[0] + "\n".join(matrix(rows)) + "\n" + MARKS[1] + rest.partition(MARKS[1])[2]
    )
    numbers = [outcome.error for row in rows.values() for outcome in row if outcome.error is not None]
    return int(max(numbers) > AGREES)


def page(rows: dict[str, list[Outcome]]) -> str:
    lines = [
        "# Other tools",
        "",
        "Each model with a stimulus or a dose in the file, simulated by other tools: largest difference of",
        "any species from our trajectory, relative to the largest value of that species. Words instead of a",
        "number: why there is none. Written by `make interop`; libRoadRunner, tellurium and COPASI are also",
        "compared in every run of the tests.",
        "",
        *matrix(rows),
    ]
    return "\n".join(lines) + "\n"


def matrix(rows: dict[str, list[Outcome]]) -> list[str]:
    """Lines of the table."""
    lines = [
        f"| tool | {' | '.join(name.replace('_', ' ') for name in MODELS)} |",
        f"|---|{'---|' * len(MODELS)}",
    ]
    for tool, outcomes in rows.items():
        cells = (outcome.text.replace("|", "/").replace("_", r"\_") for outcome in outcomes)
        lines.append(f"| {tool} | {' | '.join(cells)} |")
    lines += [f"| {tool} | {reason} |{' |' * (len(MODELS) - 1)}" for tool, reason in NOT_RUN.items()]
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
