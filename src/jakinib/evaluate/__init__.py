"""Hold the calibrated models against the published constraints."""

from jakinib.evaluate.criteria import Criterion, Verdict, read_criteria
from jakinib.evaluate.influence import Sensitivity, sensitivity
from jakinib.evaluate.run import Evaluation, evaluate

__all__ = ["Criterion", "Evaluation", "Sensitivity", "Verdict", "evaluate", "read_criteria", "sensitivity"]
