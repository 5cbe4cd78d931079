"""Published numbers as experiments: one class a kind, which every room on the right asks.

A row of fits/data names its kind by the column quantity. A kind says what is done to which model, what is
read, how far that is from the published number, what a person would look at, and what it is in PEtab.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.population.
"""

from jakinib.experiments import competition, exposure, exvivo, points, relation, shifted, turnover  # register
from jakinib.experiments.base import (
    Choices,
    Chosen,
    Experiment,
    Percentage,
    Trace,
    experiment,
    kind_of,
    kinds,
    one_sided,
    register,
    registered,
)
from jakinib.experiments.cell import CellIC50, Inhibited, Potency, Searched, search_side_by_side
from jakinib.experiments.course import SATURATING, CytokineEC50, Stimulated
from jakinib.experiments.enzyme import EnzymePotency
from jakinib.experiments.exvivo import AfterDose
from jakinib.experiments.models import Models
from jakinib.experiments.petab import NotExpressedError, Writer
from jakinib.experiments.pk import PKMetric

__all__ = [
    "SATURATING", "AfterDose", "CellIC50", "Choices", "Chosen", "CytokineEC50", "EnzymePotency", "Experiment",
    "Inhibited", "Models", "NotExpressedError", "PKMetric", "Percentage", "Potency", "Searched", "Stimulated",
    "Trace", "Writer", "competition", "experiment", "exposure", "exvivo", "kind_of", "kinds", "one_sided",
    "points", "register", "registered", "relation", "search_side_by_side", "shifted", "turnover",
]  # fmt: skip
