"""Criteria and their verdicts: the models, or somebody else's, against published numbers.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.fit.
"""

from jakinib.evaluate.criteria import Criterion, Verdict, read_criteria
from jakinib.evaluate.influence import Sensitivity, sensitivity
from jakinib.evaluate.run import Evaluation, evaluate

__all__ = ["Criterion", "Evaluation", "Sensitivity", "Verdict", "evaluate", "read_criteria", "sensitivity"]
