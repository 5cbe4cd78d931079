"""Simulate task.json with tellurium; write table.json."""

import json
import sys
from pathlib import Path

import tellurium

task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
loaded = tellurium.loadSBMLModel(task["sbml"]["l3v2"])
loaded.integrator.relative_tolerance = 1e-10
loaded.integrator.absolute_tolerance = 1e-20
read = [name if name in task["amounts"] else f"[{name}]" for name in task["species"]]
table = loaded.simulate(task["times"][0], task["times"][-1], len(task["times"]), read)
Path(sys.argv[2]).write_text(json.dumps([[float(x) for x in row] for row in table]), encoding="utf-8")
