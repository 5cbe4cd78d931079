"""Library entries, data, plans and models checked without a run; templates for new ones.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.explore.
"""

from jakinib.check.base import Check, Finding
from jakinib.check.run import CHECKS, Report, check
from jakinib.check.scaffold import KINDS, Asked, new

__all__ = ["CHECKS", "KINDS", "Asked", "Check", "Finding", "Report", "check", "new"]
