"""Build the committed SBML files and tell whether they are current."""

from __future__ import annotations

from jakinib import paths
from jakinib.build.compose import compose
from jakinib.build.composer import Source
from jakinib.build.sbml import check, to_sbml
from jakinib.build.spec import built
from jakinib.errors import ModelError


def build_all(write: bool, force: bool = False) -> tuple[list[str], list[str]]:
    """Build every model of built(); returns (names whose file differs, libSBML messages).

    With ``write`` only models whose source changed are translated (all of them with ``force``); without it
    every byte is compared and nothing is written. Nothing is written either when libSBML has anything to say.
    Raises ModelError when a model does not compose.
    """
    sources = {name: compose(spec, name) for name, spec in built().items()}
    extra = sorted(path.stem for path in (paths.models() / "sbml").glob("*.xml") if path.stem not in sources)
    if extra:
        raise ModelError(f"models/sbml/{extra[0]}.xml is built from nothing in the library; delete it")
    due = [
        name for name, source in sources.items() if force or not write or not _carries_digest(name, source)
    ]
    texts = {name: to_sbml(sources[name]) for name in due}
    changed = [name for name, sbml in texts.items() if _committed(name) != sbml]
    messages = [f"{name}: {message}" for name in changed for message in check(texts[name])]
    if write and not messages:
        for name in changed:
            paths.write_atomic(paths.models() / "sbml" / f"{name}.xml", texts[name])
    return changed, messages


def _committed(name: str) -> str:
    path = paths.models() / "sbml" / f"{name}.xml"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _carries_digest(name: str, source: Source) -> bool:
    return source.digest in _committed(name)
