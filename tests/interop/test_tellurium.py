"""Tellurium, as a user would call it, gives the numbers we give."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from interop_models import distance, ours, stimulated, times

from jakinib.simulate import Model

# In a process of its own: with tellurium in it, libSBML's type codes are no longer numbers.
SCRIPT = """
import json, sys
import tellurium
task = json.load(open(sys.argv[1]))
loaded = tellurium.loadSBMLModel(task["sbml"])
loaded.integrator.relative_tolerance = 1e-10
loaded.integrator.absolute_tolerance = 1e-20
table = loaded.simulate(task["start"], task["end"], task["points"], task["selections"])
json.dump([list(map(float, row)) for row in table], open(sys.argv[2], "w"))
"""


def test_tellurium_reproduces_the_dosed_blood_model(tmp_path: Path) -> None:
    at, sbml = times("blood_pkpd"), stimulated("blood_pkpd")
    species = Model(sbml).species
    selections = [s if s.endswith(("_central", "_peripheral")) else f"[{s}]" for s in species]
    task = {
        "sbml": sbml,
        "start": float(at[0]),
        "end": float(at[-1]),
        "points": len(at),
        "selections": selections,
    }
    (tmp_path / "task.json").write_text(json.dumps(task), encoding="utf-8")
    # The answer goes through a file: SUNDIALS may write to standard output at any time.
    files = [str(tmp_path / name) for name in ("task.json", "table.json")]
    subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT, *files], capture_output=True, check=True)
    table = np.array(json.loads((tmp_path / "table.json").read_text(encoding="utf-8")))
    assert distance(ours("blood_pkpd"), table) < 1e-6


@pytest.mark.parametrize("first", ["", "jk.load('oral_pk')"], ids=["at first", "after loading a model"])
def test_jakinib_works_in_a_process_that_has_imported_tellurium(first: str) -> None:
    script = (
        f"import jakinib as jk\n{first}\nimport tellurium\n"
        "from jakinib.build import compose, built, to_sbml\n"
        "from jakinib.paths import models\n"
        "name = 'cytokine_signalling_IL6'\n"
        "committed = (models() / 'sbml' / f'{name}.xml').read_text(encoding='utf-8')\n"
        "assert to_sbml(compose(built()[name], name)) == committed\n"
        "assert len(jk.load('cytokine_signalling')._integrated) == 107\n"
        "assert jk.assay('baricitinib', 'IL-6', 'pSTAT3').ic50 > 0\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    subprocess.run(command, capture_output=True, check=True)
