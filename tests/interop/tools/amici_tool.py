"""Simulate task.json with AMICI; write table.json. Runs where AMICI and a C++ compiler are installed."""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
with tempfile.TemporaryDirectory() as folder:
    import amici
    from amici.sim.sundials import run_simulation

    importer = amici.SbmlImporter(task["sbml"]["l3v2"], from_file=False)
    model = importer.sbml2amici(
        "stimulated", folder, compute_conservation_laws=False, generate_sensitivity_code=False
    )
    model.set_timepoints(task["times"])
    solver = model.create_solver()
    solver.set_relative_tolerance(1e-10)
    solver.set_absolute_tolerance(1e-20)
    solver.set_max_steps(1_000_000)
    run = run_simulation(model, solver)
    if run.status != 0:
        raise SystemExit(f"integration ended with status {run.status}")
    names = list(model.get_state_ids())
    values = np.column_stack([run.x[:, names.index(name)] for name in task["species"]])
Path(sys.argv[2]).write_text(json.dumps(values.tolist()), encoding="utf-8")
