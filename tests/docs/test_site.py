"""The documentation site: complete, and built from source without a warning."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import jakinib

DOCS = Path(__file__).parents[2] / "docs"


def test_every_public_symbol_is_in_the_python_reference() -> None:
    page = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"auto(?:function|class|exception):: (\w+)", page))
    assert listed == set(jakinib.__all__) - {"__version__"}


def test_every_public_symbol_says_what_it_is() -> None:
    for name in jakinib.__all__:
        if name != "__version__":
            assert (getattr(jakinib, name).__doc__ or "").strip(), name


def test_every_tutorial_is_in_the_list_of_tutorials() -> None:
    index = (DOCS / "tutorials" / "index.md").read_text(encoding="utf-8")
    for page in (DOCS / "tutorials").glob("*.md"):
        assert page.stem == "index" or f"\n{page.stem}\n" in index


@pytest.mark.slow
def test_the_site_builds_and_every_tutorial_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    folders = ["-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "site")]
    done = subprocess.run([*command, *folders], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    for page in (DOCS / "tutorials").glob("*.md"):
        assert (tmp_path / "site" / "tutorials" / f"{page.stem}.html").exists()
    for page in (tmp_path / "site" / "models").glob("cytokine_signalling_*.html"):
        diagram = (DOCS / "models" / page.stem).with_suffix(".svg")
        assert page.stat().st_size + diagram.stat().st_size < 300_000, page.stem
    assert "5.90 nM" in (tmp_path / "site" / "tutorials" / "first_steps.html").read_text(encoding="utf-8")


def test_the_readme_shows_the_table_of_other_tools() -> None:
    page = (DOCS / "reference" / "interop.md").read_text(encoding="utf-8")
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- interop -->\n")[2].partition("<!-- /interop -->")[0]
    assert shown
    assert shown == page[page.index("| tool |") :]
