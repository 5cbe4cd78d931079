"""The Antimony templates and the library, turned into SBML; other people's SBML, read and guarded.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.regimen.
"""

from jakinib.build.compose import compose
from jakinib.build.composer import Source
from jakinib.build.sbml import check, to_sbml, translated
from jakinib.build.spec import ModelSpec, built

__all__ = ["ModelSpec", "Source", "built", "check", "compose", "to_sbml", "translated"]
