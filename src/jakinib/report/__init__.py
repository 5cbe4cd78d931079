"""The evaluation as a page and as figures."""

from jakinib.report.html import write

__all__ = ["write"]
