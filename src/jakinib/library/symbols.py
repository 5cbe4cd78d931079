"""Which name of an entry makes which symbols of the models, so that no two names make the same one.

The templates under models/antimony say it: ``Kd_CYTOx has nM`` makes Kd_IL6 of the cytokine IL6.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping

from jakinib import paths
from jakinib.errors import InputError

# Kind of the names that a token of a template stands for.
TOKENS = {
    "JAKx": "kinase",
    "DRUGx": "inhibitor",
    "CHAINx": "chain",
    "FIRSTx": "chain",
    "SECONDx": "chain",
    "ALPHAx": "chain",
    "CYTOx": "cytokine",
    "STATx": "STAT",
    "SOCSx": "feedback protein",
    "FACTORx": "STAT",
}
BUILT_IN = "the models themselves"
KINASES = ("JAK1", "JAK2", "JAK3", "TYK2")
# What Python adds to the templates.
_COMPOSED = (
    "I_DRUGx", "shift_DRUGx", "xa_CYTOx_JAKx", "xb_CYTOx_JAKx", "intact_DRUGx_JAKx", "D1_DRUGx", "lag_DRUGx",
    "F_DRUGx", "ISGF3", "target_ISGF3_mRNA", "ktx_target_ISGF3", "kdeg_target_ISGF3",
)  # fmt: skip
# Words of Antimony and of formulas of SBML, and units of the models.
WORDS = frozenset(
    """
    model module end function species compartment reaction gene event var const at after in is has import
    unit delete sum maxstoich fast priority persistent t0 fromtrigger substanceonly identity hypernym part
    parthood isversionof hasversion operator dna strand formula volume ext extends constraint created modified
    creator notes enumerated algebraicrule flux objective maximize minimize reset
    and or not xor true false time avogadro pi exponentiale e inf infinity nan notanumber delay piecewise
    abs ceil ceiling exp factorial floor ln log log10 power pow root sqr sqrt sin cos tan sec csc cot
    sinh cosh tanh sech csch coth asin acos atan arcsin arccos arctan asec acsc acot arcsec arccsc
    arccot asinh acosh atanh arcsinh arccosh arctanh asech acsch acoth arcsech arccsch arccoth max min
    rem quotient implies rateof
    lambda plus minus times divide eq neq lt gt leq geq uniform normal exponential gamma poisson bernoulli
    binomial cauchy chisquare laplace lognormal rayleigh truncatednormal
    substance extent time_unit nmol nm hour litre per_hour per_nm_per_hour nm_per_hour nmol_per_hour
    litre_per_hour body_kg ml_per_min_per_173 mole second kilogram dimensionless item metre meter gram liter
    """.split()  # noqa: SIM905 (a list of words reads as words)
)
_DECLARED = (
    re.compile(r"\b(\w++) has \w+\s*;"),
    re.compile(r"^\s*(\w+)\s*:(?!=)", re.MULTILINE),
    re.compile(r"^\s*(\w+)\s*:=", re.MULTILINE),
)
_LISTED = re.compile(r"^\s*(?:var |const )?(?:substanceOnly )?(?:species|compartment) ([^;]+);", re.MULTILINE)
Owner = tuple[tuple[str, str], ...]  # (kind, name) of each name a symbol is made from; none: built in


def declared(text: str) -> set[str]:
    """Every symbol that Antimony text declares: parameters, species, compartments, rules and reactions."""
    plain = re.sub(r"//.*", "", text)
    found = {symbol for pattern in _DECLARED for symbol in pattern.findall(plain)}
    listed = (item.split() for group in _LISTED.findall(plain) for item in group.split(","))
    return found | {words[0].removeprefix("$") for words in listed if words}


@functools.cache
def _patterns() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(symbol with its tokens, those tokens) of all templates."""
    found = set(_COMPOSED)
    for path in sorted((paths.models() / "antimony").glob("*.ant")):
        found |= declared(path.read_text(encoding="utf-8"))
    split = re.compile("|".join(TOKENS))
    return tuple((symbol, tuple(dict.fromkeys(split.findall(symbol)))) for symbol in sorted(found))


def symbols_of(names: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, Owner]]:
    """Every symbol that the templates make of ``names``, by kind, and the names each is made from."""
    listed = {kind: sorted(set(given)) for kind, given in names.items()}
    listed["kinase"] = list(KINASES)
    for symbol, tokens in _patterns():
        for chosen in itertools.product(*(listed.get(TOKENS[token], []) for token in tokens)):
            filled = symbol
            for token, name in zip(tokens, chosen, strict=True):
                filled = filled.replace(token, name)
            yield filled, tuple((TOKENS[token], name) for token, name in zip(tokens, chosen, strict=True))


class ClashError(InputError):
    """Two names that cannot stand in one library; ``names`` are (kind, name) of those a user gave."""

    def __init__(self, reason: str, names: Owner) -> None:
        super().__init__(f"{reason}; choose another name")
        self.names = names


def refuse_clashes(names: Mapping[str, Iterable[str]]) -> None:
    """Raises ClashError for a reserved name, and for names that would make one symbol of two things.

    Symbols count as the same when they differ by case alone, unless they are made from the same names: file
    systems and readers would not tell them apart.
    """
    kinds: dict[str, tuple[str, str]] = {name.casefold(): ("kinase", name) for name in KINASES}
    for kind, given in names.items():
        for name in sorted(set(given)):
            if name.casefold() in WORDS or any(token in name for token in TOKENS):
                raise ClashError(f"{kind} '{name}' is a word of the modelling language", ((kind, name),))
            other = kinds.setdefault(name.casefold(), (kind, name))
            if other != (kind, name):
                raise ClashError(
                    f"{_words(((kind, name),))} and {_words((other,))} have one name", ((kind, name), other)
                )
    owners: dict[str, tuple[Owner, str]] = {}
    for symbol, owner in symbols_of(names):
        first, spelling = owners.setdefault(symbol.casefold(), (owner, symbol))
        if first != owner and not (spelling != symbol and {n for _, n in first} == {n for _, n in owner}):
            theirs, ours = (_words(o) for o in sorted((first, owner), key=len))
            raise ClashError(f"{ours} and {theirs} both make the symbol '{symbol}'", (*owner, *first))


def _words(owner: Owner) -> str:
    return " with ".join(f"{kind} '{name}'" for kind, name in owner) or BUILT_IN
