"""The documentation site: make docs."""

from pathlib import Path

import jakinib
from jakinib.explore import explore
from jakinib.report.databook import write_credibility, write_data_book

HERE = Path(__file__).parent

project = "jakinib"
author = "jakinib contributors"
copyright = "jakinib contributors; text and figures CC BY 4.0, code MIT"
version = release = jakinib.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "jupyter_execute"]
html_theme = "pydata_sphinx_theme"
html_title = "jakinib"
html_static_path = ["_static"]
html_css_files = ["site.css"]
WIDE = ("index", "explore", "gallery", "reference/data_book", "science", "context_of_use", "sbml_checks")
html_sidebars: dict[str, list[str]] = {page: [] for page in WIDE}
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False, "show_toc_level": 2}
html_context = {"default_mode": "light"}

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
nitpicky = False

# Written from the tables of the repository, so that no number is typed twice.
write_data_book(HERE / "reference" / "data_book.md")
write_credibility(HERE / "reference" / "credibility.md")
explore(HERE / "_static" / "explore.html")
