"""How a published number is compared with the model: one small class a kind of number.

A type of one's own subclasses ``Target`` and is passed to ``register_target``; an installed package can offer
it under the entry point group ``jakinib.targets``.
"""

from jakinib.fit.targets.base import (
    FIT_RTOL,
    Context,
    Target,
    logit,
    one_sided,
    register_target,
    target_type,
    target_types,
)
from jakinib.fit.targets.cell import CellIC50, cell_assay
from jakinib.fit.targets.course import (
    SATURATING,
    CytokineEC50,
    FoldOverBasal,
    PercentPhosphorylated,
    ReturnToBaseline,
    TimeOfMaximum,
)
from jakinib.fit.targets.enzyme import EnzymePotency
from jakinib.fit.targets.pk import PKMetric, half_life
from jakinib.fit.targets.relation import Ordering, Ratio
from jakinib.fit.targets.turnover import DisappearanceTime, ResidenceTime

__all__ = [
    "FIT_RTOL",
    "SATURATING",
    "CellIC50",
    "Context",
    "CytokineEC50",
    "DisappearanceTime",
    "EnzymePotency",
    "FoldOverBasal",
    "Ordering",
    "PKMetric",
    "PercentPhosphorylated",
    "Ratio",
    "ResidenceTime",
    "ReturnToBaseline",
    "Target",
    "TimeOfMaximum",
    "cell_assay",
    "half_life",
    "logit",
    "one_sided",
    "register_target",
    "target_type",
    "target_types",
]
