"""Compose one flat Antimony model from templates, library entries and calibrated estimates."""

from __future__ import annotations

from jakinib.build.composer import Composer, Source
from jakinib.build.pharmacology import kinase_assay, oral_pk
from jakinib.build.signalling import cytokine_signalling
from jakinib.build.spec import ModelSpec
from jakinib.library import Library, get_library

_BUILDERS = {
    "kinase_assay": (kinase_assay,),
    "oral_pk": (oral_pk,),
    "cytokine_signalling": (cytokine_signalling,),
    "blood_pkpd": (oral_pk, cytokine_signalling),
}


def compose(spec: ModelSpec, identifier: str = "", library: Library | None = None) -> Source:
    """Compose ``spec``; raises UnknownIdError for unknown names and ModelError for missing values."""
    library = library or get_library()
    resolved = spec.resolved(library)
    model = Composer(resolved, library)
    for build in _BUILDERS[resolved.name]:
        build(model)
    return model.source(identifier or resolved.name)
