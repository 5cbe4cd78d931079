"""Inhibitors that bring their own binding: slow, covalent or allosteric, as an Antimony template of the user.

The template replaces ``models/antimony/inhibitor.ant`` for one JAK. It must give ``load_DRUGx_JAKx``
(dimensionless, 0 without inhibitor), which competes with the loads of other inhibitors, and may give
``intact_DRUGx_JAKx``, the share of the kinase that it has not taken out for good:

    A_JAKx = intact_DRUGx_JAKx / (1 + sum of loads)
"""

from __future__ import annotations

import re
from pathlib import Path

from jakinib.build.composer import Composer
from jakinib.build.starts import Start
from jakinib.build.template import declared_species, declared_units, fill, ruled, user_template
from jakinib.errors import ModelError
from jakinib.library.files import short
from jakinib.library.schema import JAK, Inhibitor


def own_binding(model: Composer, inhibitors: list[Inhibitor], jak: JAK) -> list[str]:
    """Add the templates that inhibitors bring for ``jak``; returns which one takes it out for good, if any.

    Raises ModelError when a template breaks its contract, leaves a value open or two take the JAK out.
    """
    holding = [i.id for i in inhibitors if jak in i.binding and _add(model, i, jak)]
    if len(holding) > 1:
        raise ModelError(
            f"{' and '.join(holding)} each take {jak} out for good, and nothing says how they compete; "
            "simulate one at a time"
        )
    return holding


_START = re.compile(r"^\s*(\w+) = (\w+);[^\n]*\n", re.MULTILINE)


def _without_starts(body: str, path: Path) -> tuple[str, dict[str, str]]:
    """A template without its lines ``SPECIES = PARAMETER;``, and the parameter by species."""
    species, units = declared_species(body), declared_units(body)
    follows = {}
    for symbol, parameter in _START.findall(body):
        if symbol in species and parameter not in units:
            raise ModelError(f"{short(path)}: {symbol} = {parameter}: {parameter} is no parameter of it")
        if symbol in species:
            follows[symbol] = parameter
    return _START.sub(lambda hit: "" if hit[1] in follows else hit[0], body), follows


def _add(model: Composer, inhibitor: Inhibitor, jak: JAK) -> bool:
    """Add one template; does it take kinase out for good?"""
    path = model.library.files["inhibitors", inhibitor.id].parent / inhibitor.binding[jak]
    body = fill(user_template(path), short(path), {"DRUGx": inhibitor.id, "JAKx": jak})
    symbols, rules = declared_units(body), ruled(body)
    load, intact = f"load_{inhibitor.id}_{jak}", f"intact_{inhibitor.id}_{jak}"
    if symbols.get(load) != "dimensionless" or load not in rules:
        raise ModelError(
            f"{short(path)}: gives no load_DRUGx_JAKx; add 'load_DRUGx_JAKx has dimensionless;' and its rule"
        )
    if intact in symbols and (symbols[intact] != "dimensionless" or intact not in rules):
        raise ModelError(f"{short(path)}: intact_DRUGx_JAKx needs 'has dimensionless' and a rule")
    species = declared_species(body)
    body, follows = _without_starts(body, path)
    model.add_theirs(short(path), body)
    for symbol in species:
        start = inhibitor.parameters.get(follows.get(symbol, symbol))
        model.initial[symbol] = 0.0 if start is None else model.to(start, "nM")
        if symbol in follows:
            model.starts.append(Start(symbol, follows[symbol]))
        model.protein(symbol, jak, relation="part")
    for symbol, quantity in inhibitor.parameters.items():
        if symbol in symbols:
            model.values[symbol] = quantity
        elif symbol not in species and jak in symbol:
            where = model.library.where("inhibitors", inhibitor.id, "parameters", symbol)
            raise ModelError(f"{where}: parameters.{symbol} stands in no line of {path.name}; correct it")
    return intact in symbols
