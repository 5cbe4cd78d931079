"""Hold the models against published numbers: plans, data, objective, optimiser, results."""

from jakinib.fit.data import DataSet, Measurement, get_data
from jakinib.fit.petab import PetabProblem, read_petab
from jakinib.fit.plan import Plan, read_plan
from jakinib.fit.results import Fit
from jakinib.fit.run import fit, prepare
from jakinib.fit.targets import Target, register_target

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
