"""Simulate task.json with sbmltoodejax (JAX); write table.json. Runs where sbmltoodejax is installed."""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

from sbmltoodejax.modulegeneration import GenerateModel  # noqa: E402
from sbmltoodejax.parse import ParseSBMLFile  # noqa: E402

task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
step = task["times"][1] - task["times"][0]
with tempfile.TemporaryDirectory() as folder:
    source, code = Path(folder) / "model.xml", Path(folder) / "generated.py"
    source.write_text(task["sbml"]["l2v4"], encoding="utf-8")
    GenerateModel(ParseSBMLFile(str(source)), str(code), deltaT=step)
    spec = importlib.util.spec_from_file_location("generated", code)
    generated = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generated)
rollout = generated.ModelRollout(deltaT=step, atol=1e-20, rtol=1e-9)
amounts, _, _ = rollout(n_steps=len(task["times"]))
order = rollout.modelstepfunc.y_indexes
columns = []
for name in task["species"]:
    volume = 1.0 if name in task["amounts"] else task["volumes"][name]
    columns.append(np.asarray(amounts[order[name]]) / volume)
Path(sys.argv[2]).write_text(json.dumps(np.column_stack(columns).tolist()), encoding="utf-8")
