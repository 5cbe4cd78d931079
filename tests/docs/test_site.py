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


def test_the_first_page_answers_three_questions_with_numbers_that_a_command_writes() -> None:
    page = (DOCS / "index.md").read_text(encoding="utf-8")
    answers = page.split("::::{container} answer\n")[1:]
    assert [answer.splitlines()[0] for answer in answers] == [
        "**What can I ask?**",
        "**How sure is it?**",
        "**How do I start?**",
    ]
    sure = re.sub(r"<!--=.*?<!--/-->", "", answers[1])
    assert re.findall(r"\d+", sure) == ["90"]  # the level of the bands, by definition


def test_every_picture_of_the_gallery_has_its_call_and_is_told_in_words() -> None:
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    for section in page.split("\n## ")[1:-1]:
        drawn = re.findall(
            r"```\{code-cell\}\n---\nmystnb:\n  image:\n    alt: ([^\n]+)\n---\n(.+?)\n```",
            section,
            re.DOTALL,
        )
        assert drawn, section
        assert len(drawn) == section.count("```{code-cell}")
        assert all(len(alt) > 60 for alt, _ in drawn)
    assert all(len(alt) > 40 for alt in re.findall(r"!\[(.*?)\]", page))


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
    gallery = (tmp_path / "site" / "gallery.html").read_text(encoding="utf-8")
    told = re.findall(r"^    alt: (.+)$", (DOCS / "gallery.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [alt for alt in told if f'alt="{alt}"' not in gallery] == []
    assert "5.90 nM" in (tmp_path / "site" / "tutorials" / "first_steps.html").read_text(encoding="utf-8")


def test_the_readme_shows_the_table_of_other_tools() -> None:
    page = (DOCS / "reference" / "interop.md").read_text(encoding="utf-8")
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- interop -->\n")[2].partition("<!-- /interop -->")[0]
    assert shown
    assert shown == page[page.index("| tool |") :]
