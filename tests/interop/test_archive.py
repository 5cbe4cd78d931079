"""The COMBINE archive gives our numbers in tellurium and in COPASI."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import basico
import COPASI
import numpy as np
import pandas as pd
import pytest

from jakinib.export.omex import archive
from jakinib.export.studies import Study, studies

# In a process of its own: with tellurium in it, libSBML's type codes are no longer numbers.
TELLURIUM = """
import pathlib
import sys
import libsedml
import tellurium
for file in pathlib.Path(sys.argv[4]).glob("*.sedml"):
    log = libsedml.readSedMLFromFile(str(file)).getErrorLog()
    assert log.getNumFailsWithSeverity(libsedml.LIBSEDML_SEV_ERROR) == 0, log.toString()
tellurium.executeCombineArchive(sys.argv[1], workingDir=sys.argv[2], createOutputs=True, saveOutputs=True,
                                outputDir=sys.argv[3])
"""


@pytest.fixture(scope="module")
def made() -> list[Study]:
    return studies("baricitinib", "IL-6", "4 mg", "healthy_adult")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("omex")
    file = archive(folder / "jakinib.omex")
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        packed.extractall(folder / "content")
    return folder


def expected(unpacked: Path, study: Study) -> pd.DataFrame:
    return pd.read_csv(unpacked / "content" / "expected" / f"{study.id}.csv")


def test_every_file_of_the_archive_is_in_its_manifest(unpacked: Path) -> None:
    manifest = (unpacked / "content" / "manifest.xml").read_text(encoding="utf-8")
    for path in (unpacked / "content").rglob("*"):
        if path.is_file():
            assert f'location="./{path.relative_to(unpacked / "content").as_posix()}"' in manifest


def test_the_same_input_gives_the_same_bytes(unpacked: Path, tmp_path: Path) -> None:
    again = archive(tmp_path / "again.omex")
    assert again.read_bytes() == (unpacked / "jakinib.omex").read_bytes()


@pytest.mark.slow
def test_tellurium_runs_the_archive_and_gives_our_numbers(unpacked: Path, made: list[Study]) -> None:
    work, out = unpacked / "work", unpacked / "out"
    work.mkdir()
    out.mkdir()
    folders = [str(path) for path in (unpacked / "jakinib.omex", work, out, unpacked / "content")]
    command = [sys.executable, "-W", "ignore", "-c", TELLURIUM, *folders]
    done = subprocess.run(command, capture_output=True, env={"MPLBACKEND": "Agg", "HOME": str(unpacked)})
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    for study in made:
        ours, theirs = expected(unpacked, study), pd.read_csv(out / f"{study.id}_report.csv")
        for name in study.observables:
            assert ours[name].max() > 0
            np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-6, atol=1e-6 * ours[name].max())


@pytest.fixture
def datamodel() -> Iterator[COPASI.CDataModel]:
    model = COPASI.CRootContainer.addDatamodel()
    yield model
    COPASI.CRootContainer.removeDatamodel(model)


@pytest.mark.parametrize("name", ["time_course_IL6", "day_baricitinib_IL6"])
def test_copasi_reads_the_sedml_and_gives_our_numbers(
    unpacked: Path, made: list[Study], datamodel: COPASI.CDataModel, name: str
) -> None:
    (study,) = [study for study in made if study.id == name]
    assert datamodel.importSEDML(str(unpacked / "content" / f"{name}.sedml"))
    table = basico.run_time_course(
        model=datamodel, values=study.times.tolist(), use_sbml_id=True, r_tol=1e-10, a_tol=1e-20,
        max_steps=1_000_000, reduced_model=False,
    )  # fmt: skip
    ours = expected(unpacked, study)
    for observable in study.observables:
        theirs = table[f"Values[{observable}]" if f"Values[{observable}]" in table else observable]
        scale = ours[observable].max()
        np.testing.assert_allclose(theirs, ours[observable], rtol=1e-6, atol=1e-6 * scale)


def test_copasi_takes_the_concentrations_of_the_enzyme_assay_as_a_scan(
    unpacked: Path, datamodel: COPASI.CDataModel
) -> None:
    assert datamodel.importSEDML(str(unpacked / "content" / "enzyme_baricitinib_JAK1.sedml"))
    scheduled = [task.getObjectName() for task in datamodel.getTaskList() if task.isScheduled()]
    assert "Scan" in scheduled


def test_the_expected_enzyme_numbers_hold_the_published_ic50(made: list[Study]) -> None:
    table = made[0].run()
    end = table[table["time"] == table["time"].max()].set_index("baricitinib")["phosphopeptide"]
    inhibition = 1 - end / end[0.0]
    below, above = inhibition[inhibition < 0.5].index.max(), inhibition[inhibition > 0.5].index.min()
    assert below < 5.9 < above  # nM, Fridman 2010
