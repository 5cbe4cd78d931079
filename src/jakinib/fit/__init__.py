"""Plans, objective, optimiser, profiles, draws and recovery; PEtab problems of other people.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.experiments.
"""

from jakinib.experiments import Experiment as Target
from jakinib.experiments import register as register_target
from jakinib.fit.petab import PetabProblem, read_petab
from jakinib.fit.plan import Plan, read_plan
from jakinib.fit.results import Fit
from jakinib.fit.run import fit, prepare
from jakinib.library.measurements import DataSet, Measurement, get_data

__all__ = [
    "DataSet",
    "Fit",
    "Measurement",
    "PetabProblem",
    "Plan",
    "Target",
    "fit",
    "get_data",
    "prepare",
    "read_petab",
    "read_plan",
    "register_target",
]
