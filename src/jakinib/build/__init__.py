"""Turn the Antimony templates and the library into SBML."""

from jakinib.build.compose import compose
from jakinib.build.composer import Source
from jakinib.build.sbml import check, to_sbml
from jakinib.build.spec import ModelSpec, built

__all__ = ["ModelSpec", "Source", "built", "check", "compose", "to_sbml"]
