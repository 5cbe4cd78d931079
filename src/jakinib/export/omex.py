"""A COMBINE archive: the standard simulations as models, SED-ML, our numbers and who made them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from jakinib import __version__, paths
from jakinib.arguments import checked
from jakinib.export.sedml import template, to_sedml
from jakinib.export.studies import Study, studies
from jakinib.regimen import Regimen

_SBML = "http://identifiers.org/combine.specifications/sbml.level-3.version-2"
_SEDML = "http://identifiers.org/combine.specifications/sed-ml.level-1.version-3"
_CSV = "http://purl.org/NET/mediatypes/text/csv"
_TEXT = "http://purl.org/NET/mediatypes/text/markdown"


@checked
def archive(
    file: str | Path,
    inhibitor: str = "baricitinib",
    cytokine: str = "IL-6",
    regimen: Regimen | str = "4 mg",
    population: str = "healthy_adult",
) -> Path:
    """Write the standard simulations of an inhibitor and a cytokine as one COMBINE archive (.omex).

    Enzyme assay of each JAK, time course of the cytokine, and a day under the regimen. For each study:
    its model (SBML L3V2), its SED-ML, and our numbers as CSV, which another tool must reproduce.
    The same input gives the same bytes. Raises WriteError when the file cannot be written.

    >>> import jakinib as jk
    >>> jk.archive("studies.omex").name
    'studies.omex'
    """
    file = Path(file)
    made = studies(inhibitor, cytokine, regimen, population)
    contents = _contents(made)
    titles = "; ".join(study.title for study in made)
    about = {
        "manifest.xml": template("manifest.xml.j2").render(
            files={place: form for place, (_, form) in contents.items()}, master=_SEDML
        ),
        "metadata.rdf": template("metadata.rdf.j2").render(
            description=f"JAK inhibitor simulations of jakinib {__version__}: {titles}",
            created=_created(made[0].sbml),
        ),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archived:
        for place, text in (about | {place: text for place, (text, _) in contents.items()}).items():
            archived.writestr(zipfile.ZipInfo(place), text, zipfile.ZIP_DEFLATED)
    paths.write_atomic(file, packed.getvalue())
    return file


def _created(sbml: str) -> str:
    """When the models were made, as their annotation says."""
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    return str(document.getModel().getModelHistory().getCreatedDate().getDateAsString())


def _contents(made: list[Study]) -> dict[str, tuple[str, str]]:
    """Text and format of every file, by its place in the archive."""
    files = {"README.md": (_readme(made), _TEXT)}
    for study in made:
        files[f"models/{study.id}.xml"] = (study.sbml, _SBML)
        files[f"{study.id}.sedml"] = (to_sedml(study, f"models/{study.id}.xml"), _SEDML)
        files[f"expected/{study.id}.csv"] = (study.run().to_csv(index=False), _CSV)
    return files


def _readme(made: list[Study]) -> str:
    rows = "\n".join(f"| {study.id} | {study.title} | {', '.join(study.observables)} |" for study in made)
    return (
        f"# Standard simulations of jakinib {__version__}\n\n"
        "Each study is a SED-ML file, the model it runs (models/) and the numbers it must give (expected/).\n"
        "Time in hours, concentrations in nM.\n\n"
        f"| study | what | read |\n|---|---|---|\n{rows}\n"
    )
