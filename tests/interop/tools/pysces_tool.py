"""Simulate task.json with PySCeS; write table.json. Runs where PySCeS is installed."""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
with tempfile.TemporaryDirectory() as folder:
    os.environ["HOME"] = folder  # PySCeS keeps its models under the home folder
    import pysces

    (Path(folder) / "model.xml").write_text(task["sbml"]["l2v4"], encoding="utf-8")
    pysces.interface.convertSBML2PSC("model.xml", sbmldir=folder, pscdir=folder)
    model = pysces.model("model.xml.psc", dir=folder)
    if task["events"] and not model.__events__:
        raise SystemExit("leaves out the events of SBML Level 2")
    model.__settings__.update(lsoda_rtol=1e-9, lsoda_atol=1e-20, lsoda_mxstep=100_000)
    model.sim_time = np.array(task["times"])
    model.Simulate(userinit=1)
    values, labels = model.data_sim.getSpecies(lbls=True)
columns = [labels.index(name) for name in task["species"]]
volumes = [task["volumes"][name] if name in task["amounts"] else 1.0 for name in task["species"]]
Path(sys.argv[2]).write_text(json.dumps((values[:, columns] * volumes).tolist()), encoding="utf-8")
