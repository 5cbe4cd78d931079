"""Write models for other tools: SBML in three levels, Antimony, with the doses inside if wished."""

from jakinib.export.formats import FORMATS
from jakinib.export.omex import archive
from jakinib.export.write import export

__all__ = ["FORMATS", "archive", "export"]
