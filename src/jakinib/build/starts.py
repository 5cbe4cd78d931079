"""How initial values follow from parameters, and which symbols only building can set.

An SBML file of ours holds numbers where a start follows from a parameter: a resting chain, a STAT at rest
between cytosol and nucleus. The rules stand in an annotation of the model, so that a value given to the
parameter moves the start as building with that value would, wherever the file is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import quoteattr

from jakinib.errors import InputError

NAMESPACE = "urn:jakinib:starts"


@dataclass(frozen=True)
class Start:
    """The start of a species: ``pool`` x ``of``, divided by the sum of ``among`` where there are any."""

    species: str
    of: str
    among: tuple[str, ...] = ()
    pool: float = 1.0

    @property
    def reads(self) -> tuple[str, ...]:
        """Parameters it follows from."""
        return (self.of, *self.among)

    def value(self, values: Mapping[str, float]) -> float:
        """The start with these values of the parameters."""
        whole = sum(values[name] for name in self.among) if self.among else 1.0
        return self.pool * values[self.of] / whole


@dataclass(frozen=True)
class Starts:
    """The rules of one model. fixed: what to do instead, by symbol that a built model cannot take."""

    rules: tuple[Start, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)

    def moved(self, symbols: Iterable[str]) -> tuple[Start, ...]:
        """Rules whose start moves with one of ``symbols`` and is not among them."""
        given = set(symbols)
        return tuple(rule for rule in self.rules if rule.species not in given and given & set(rule.reads))

    def refuse(self, symbols: Iterable[str], where: str) -> None:
        """Raises InputError for a symbol that only building can set."""
        for symbol in symbols:
            if symbol in self.fixed:
                raise InputError(f"{where}: {symbol} cannot be set in a built model: {self.fixed[symbol]}")

    def applied(
        self, settings: Mapping[str, float], values: Mapping[str, float], where: str
    ) -> dict[str, float]:
        """Settings with the starts that follow from them, other parameters having ``values``.

        Raises InputError for a symbol that only building can set.
        """
        self.refuse(settings, where)
        given = {**values, **{name: float(value) for name, value in settings.items()}}
        return {**settings, **{rule.species: rule.value(given) for rule in self.moved(settings)}}

    def to_xml(self) -> str:
        """The annotation of a model; empty without rules."""
        if not self.rules and not self.fixed:
            return ""
        rules = "".join(
            f"<start species={quoteattr(rule.species)} of={quoteattr(rule.of)}"
            + (f" among={quoteattr(' '.join(rule.among))}" if rule.among else "")
            + (f' pool="{rule.pool:.10g}"' if rule.pool != 1 else "")
            + "/>"
            for rule in self.rules
        )
        fixed = "".join(
            f"<fixed symbol={quoteattr(k)} instead={quoteattr(v)}/>" for k, v in self.fixed.items()
        )
        return f'<starts xmlns="{NAMESPACE}">{rules}{fixed}</starts>'


def starts_in(model: Any) -> Starts:
    """The rules that the annotation of a libSBML model states."""
    annotation = model.getAnnotation() if model is not None and model.isSetAnnotation() else None
    rules, fixed = [], {}
    for block in _children(annotation):
        if block.getURI() != NAMESPACE:
            continue
        for node in _children(block):
            text = {node.getAttrName(i): node.getAttrValue(i) for i in range(node.getAttributesLength())}
            if node.getName() == "start":
                among = tuple(text.get("among", "").split())
                rules.append(Start(text["species"], text["of"], among, float(text.get("pool", "1"))))
            elif node.getName() == "fixed":
                fixed[text["symbol"]] = text["instead"]
    return Starts(tuple(rules), fixed)


def _children(node: Any) -> list[Any]:
    return [] if node is None else [node.getChild(i) for i in range(node.getNumChildren())]
