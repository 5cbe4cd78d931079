"""The page as one file: template, style, models and program written into each other.

The program is plain ES modules without a package of anybody else, so nothing has to be built by tools of
another language: their text is joined in order, each module's imports being the modules before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jakinib.explore.content import content
from jakinib.explore.opening import arms
from jakinib.explore.signalling import modules
from jakinib.export.javascript import integrator_text
from jakinib.library import get_library
from jakinib.paths import check_writable, write_atomic
from jakinib.scenario import Scenario

ENGINE = ("law", "plasma", "assay", "day", "worker")  # what computes, also in a worker
INTERFACE = (
    "store",
    "chart",
    "controls",
    "compute",
    "panels",
    "sliders",
    "trust",
    "bands",
    "downloads",
    "selftest",
    "main",
)
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:function|class|const|let) (\w+))", re.MULTILINE)
_FOLDER = Path(__file__).parent / "page"


def enclosed(name: str, text: str) -> str:
    """A module as one statement of a script, after those that it imports: a constant with what it exports.

    >>> print(enclosed("b", 'import { a } from "./a.js";\\nexport const twice = 2 * a;'))
    const $b = (() => {
    const { a } = $a;
    const twice = 2 * a;
    return { twice };
    })();
    """
    exported = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = $\2;", text))
    return f"const ${name} = (() => {{\n{body.rstrip()}\nreturn {{ {exported} }};\n}})();\n"


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _script(text: str) -> str:
    """Text inside a script element, which ``</`` and ``<!--`` would end or hide."""
    return text.replace("</", "<\\/").replace("<!--", "<\\!--")


def _data(record: Any) -> str:
    return _script(json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def page(scenarios: Sequence[Scenario] = (), advance: Callable[[], None] = lambda: None) -> str:
    """The HTML of the page, about 1 MB. scenarios: arms that it opens on. advance: called after each model.

    Raises InputError for a scenario that a page does not hold.

    >>> from jakinib.explore import page
    >>> "<script src" in page()
    False
    """
    opening = arms(scenarios)
    models = modules(get_library(), advance)
    made = ",\n".join(f"{json.dumps(name)}: () => ({text})" for name, text in models.items())
    engine = {
        "rodas5p": integrator_text(),
        "models": f"export const MODELS = {{{made}}};",
        **{name: _read(f"{name}.js") for name in ENGINE},
    }
    parts = {
        "style": _read("style.css"),
        "content": _data(content() | {"opening": opening}),
        "engine": _script("".join(enclosed(name, text) for name, text in engine.items())),
        "interface": _script("".join(enclosed(name, _read(f"{name}.js")) for name in INTERFACE)),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def explore(
    path: Path | str, scenarios: Sequence[Scenario] = (), advance: Callable[[], None] = lambda: None
) -> Path:
    """Write the page to ``path``, whole or not at all, and return the path.

    Raises WriteError where it cannot be written, InputError for a library that cannot be read.
    """
    path = Path(path)
    check_writable(path)
    write_atomic(path, page(scenarios, advance))
    return path
