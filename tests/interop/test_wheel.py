"""The wheel carries the models and the evidence, and works away from the repository, offline."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    env |= more
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by way of the source distribution, so both are complete."""
    dist = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, ROOT, cwd=dist)
    (path,) = dist.glob("*.whl")
    return path


def test_wheel_carries_models_and_fits(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    for folder, pattern in [
        ("models/sbml", "*.xml"),
        ("models/antimony", "*.ant"),
        ("models/library", "**/*.*"),
        ("fits/data", "**/*.*"),
        ("fits/plans", "*.yaml"),
        ("docs", "credibility.yaml"),
        ("docs", "context_of_use.md"),
        ("docs/reference", "interop.md"),
    ]:
        paths = (ROOT / folder).glob(pattern)
        expected = {f"jakinib/_data/{path.relative_to(ROOT).as_posix()}" for path in paths if path.is_file()}
        assert expected, f"{folder} holds no {pattern}"
        assert expected <= packed


def test_wheel_carries_the_integrator_of_javascript_modules(wheel: Path) -> None:
    assert "jakinib/export/javascript/rodas5p.js" in zipfile.ZipFile(wheel).namelist()


def test_wheel_carries_the_lane_engine_where_a_compiler_is_there(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {f"jakinib/lanes/{name}" for name in ("lanes.c", "kernel.h", "vectors.h")} <= packed
    compiled = shutil.which(os.environ.get("CC", "cc").split()[0]) is not None
    assert ("jakinib/lanes/_lanes.so" in packed) == compiled
    assert wheel.name.endswith("none-any.whl") != compiled


@pytest.mark.parametrize("compiler", ["/bin/false", "/there/is/none"])
def test_a_wheel_is_built_where_no_compiler_works(compiler: str, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT)
    run(*command, cwd=tmp_path, CC=compiler)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("py3-none-any.whl")
    assert "jakinib/lanes/_lanes.so" not in zipfile.ZipFile(wheel).namelist()


def test_wheel_works_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path)
    python = venv / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)

    # The dependencies come from this environment, behind the wheel; its own .pth files, such as that of an
    # editable jakinib, are not read there.
    (site_packages,) = venv.glob("lib/python*/site-packages")
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_packages / "dependencies.pth").write_text("\n".join(dependencies), encoding="utf-8")

    assert "blood_pkpd" in run(venv / "bin" / "jakinib", "list", cwd=tmp_path)
    load = "import jakinib as jk; jk.load('blood_pkpd'); print(jk.__file__)"
    assert Path(run(python, "-c", load, cwd=tmp_path).strip()).is_relative_to(venv)

    # Results go to the current folder and are used when the user says so; the package stays as it was.
    shipped = {path: path.stat().st_mtime_ns for path in site_packages.rglob("_data/**/*")}
    said = run(venv / "bin" / "jakinib", "fit", "clinical_pk", "--starts", "1", cwd=tmp_path)
    assert "written to jakinib-results/clinical_pk" in said
    assert (tmp_path / "jakinib-results" / "clinical_pk" / "estimates.tsv").exists()
    found = "from jakinib.build.estimates import estimates_path; print(estimates_path('clinical_pk'))"
    assert Path(run(python, "-c", found, cwd=tmp_path).strip()).is_relative_to(site_packages)
    assert subprocess.run([venv / "bin" / "jakinib", "build"], capture_output=True).returncode == 2
    assert {path: path.stat().st_mtime_ns for path in site_packages.rglob("_data/**/*")} == shipped
