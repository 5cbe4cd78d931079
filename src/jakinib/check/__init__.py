"""Check library entries, data, plans and models without running them; write templates for new ones."""

from jakinib.check.base import Check, Finding
from jakinib.check.run import CHECKS, Report, check
from jakinib.check.scaffold import KINDS, Asked, new

__all__ = ["CHECKS", "KINDS", "Asked", "Check", "Finding", "Report", "check", "new"]
