"""Virtual populations: who the patients are, what a regimen does in each, and how they differ.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.assay.
"""

from jakinib.errors import IncompleteRunError
from jakinib.population.outcomes import summary
from jakinib.population.run import population, run_to_file

__all__ = ["IncompleteRunError", "population", "run_to_file", "summary"]
