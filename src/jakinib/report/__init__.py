"""The evaluation as a page, the figures, and the book of the models.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.export.
"""

from jakinib.report.html import write

__all__ = ["write"]
