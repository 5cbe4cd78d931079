"""Build the committed SBML files and tell whether they are current."""

from __future__ import annotations

from jakinib import paths
from jakinib.build.compose import compose
from jakinib.build.sbml import check, to_sbml
from jakinib.build.spec import built
from jakinib.errors import ModelError


def build_all(write: bool) -> tuple[list[str], list[str]]:
    """Build every model of built(); returns (names whose file differs, libSBML messages).

    Nothing is written when libSBML has anything to say, or when ``write`` is false.
    Raises ModelError when a model does not compose.
    """
    texts = {name: to_sbml(compose(spec, name)) for name, spec in built().items()}
    messages = [f"{name}: {message}" for name, sbml in texts.items() for message in check(sbml)]
    folder = paths.models() / "sbml"
    changed = []
    for name, sbml in texts.items():
        path = folder / f"{name}.xml"
        if not path.exists() or path.read_text(encoding="utf-8") != sbml:
            changed.append(name)
    extra = sorted(path.stem for path in folder.glob("*.xml") if path.stem not in built())
    if extra:
        raise ModelError(
            f"models/sbml/{extra[0]}.xml is not built from anything; delete it or add it to built()"
        )
    if write and not messages:
        for name in changed:
            paths.write_atomic(folder / f"{name}.xml", texts[name])
    return changed, messages
