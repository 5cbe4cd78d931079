"""Compose one flat Antimony model from templates, library entries and calibrated estimates."""

from __future__ import annotations

from jakinib.build.composer import Composer, Outline, Source
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
    model = _build(Composer(spec.resolved(library), library))
    return model.source(identifier or model.spec.name)


def outline(spec: ModelSpec, library: Library) -> Composer:
    """What ``spec`` is made of whatever its numbers are: what it declares is known before they are right."""
    return _build(Outline(spec.resolved(library), library))


def _build(model: Composer) -> Composer:
    for build in _BUILDERS[model.spec.name]:
        build(model)
    return model
