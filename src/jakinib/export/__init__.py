"""Models written for other tools: SBML in three levels, Antimony, JavaScript, OMEX archives, PEtab problems.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.scenario.
"""

from jakinib.export.formats import FORMATS
from jakinib.export.omex import archive
from jakinib.export.write import export

__all__ = ["FORMATS", "archive", "export"]
