"""A COMBINE archive: the standard simulations as models, SED-ML, our numbers and who made them."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from jakinib import __version__, paths
from jakinib.errors import ExportError
from jakinib.export.sedml import to_sedml
from jakinib.export.studies import Study, studies
from jakinib.regimen import Regimen

_SBML = "http://identifiers.org/combine.specifications/sbml.level-3.version-2"
_SEDML = "http://identifiers.org/combine.specifications/sed-ml.level-1.version-3"
_CSV = "http://purl.org/NET/mediatypes/text/csv"
_TEXT = "http://purl.org/NET/mediatypes/text/markdown"


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
    Needs the extra ``combine``. Raises ExportError when the file cannot be written.
    """
    file = Path(file)
    try:
        import libcombine
        import libsedml  # noqa: F401
    except ImportError as error:
        raise ExportError("COMBINE archives need: pip install 'jakinib[combine]'") from error

    made = studies(inhibitor, cytokine, regimen, population)
    packed = libcombine.CombineArchive()
    with tempfile.TemporaryDirectory() as folder:
        for place, (text, form) in _contents(made).items():
            source = Path(folder) / place
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(text, encoding="utf-8")
            packed.addFile(str(source), place, form, form == _SEDML)
        packed.addMetadata(".", _description(made))
        written = Path(folder) / "written.omex"
        if not packed.writeToFile(str(written)):
            raise ExportError(f"{file}: libCombine could not write the archive")
        packed.cleanUp()
        try:
            paths.write_atomic(file, written.read_bytes())
        except OSError as error:
            raise ExportError(f"{file}: {error.strerror}; name a folder that can be written to") from error
    return file


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


def _description(made: list[Study]) -> object:
    import libcombine

    description = libcombine.OmexDescription()
    description.setAbout(".")
    titles = "; ".join(study.title for study in made)
    description.setDescription(f"JAK inhibitor simulations of jakinib {__version__}: {titles}")
    now = libcombine.Date()
    now.setDateAsString(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    description.setCreated(now)
    creator = libcombine.VCard()
    creator.setFamilyName("The jakinib authors")
    creator.setOrganization("jakinib")
    description.addCreator(creator)
    return description
