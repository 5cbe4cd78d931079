"""What a laboratory measures in one patient: doses to plasma, enzyme and cell IC50, inhibition ex vivo.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.lanes.
"""

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
