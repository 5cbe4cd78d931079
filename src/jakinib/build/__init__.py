"""Turn the Antimony templates and the library into SBML."""

from jakinib.build.compose import Source, compose
from jakinib.build.sbml import check, to_sbml
from jakinib.build.spec import BUILT, ModelSpec

__all__ = ["BUILT", "ModelSpec", "Source", "check", "compose", "to_sbml"]
