"""What a laboratory measures: enzyme IC50, cell IC50, and ex vivo inhibition after a dose."""

from jakinib.assay.cell import CellAssay, assay
from jakinib.assay.curve import Curve
from jakinib.assay.disposition import Disposition
from jakinib.assay.kinase import KinaseAssay
from jakinib.assay.pk import ExVivo, PlasmaProfile, ex_vivo_inhibition, plasma

__all__ = [
    "CellAssay",
    "Curve",
    "Disposition",
    "ExVivo",
    "KinaseAssay",
    "PlasmaProfile",
    "assay",
    "ex_vivo_inhibition",
    "plasma",
]
