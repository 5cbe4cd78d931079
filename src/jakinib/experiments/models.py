"""Where experiments get their models from: ours, at the estimates or with values of one's own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, TypeVar

from jakinib.build import ModelSpec
from jakinib.build.estimates import estimates
from jakinib.errors import PlanError
from jakinib.simulate import RTOL, Adjusted, Model, Runnable
from jakinib.simulate.models import from_spec

T = TypeVar("T")


class Models:
    """The models of the library, with ``values`` in place of the estimates.

    values: symbol, or symbol@scope for one cell or population, to a number in model units. near: models with
    values close to these, whose IC50s are the starting points of the search for ours; curves of the blood
    drawn after a dose are then interpolated.
    """

    def __init__(
        self, values: Mapping[str, float] | None = None, near: Models | None = None, rtol: float = RTOL
    ) -> None:
        self.values: Mapping[str, float] = values or {}
        self.near, self.rtol = near, rtol
        self._known: dict[Hashable, Any] = {}
        self.loaded: dict[tuple[ModelSpec, float], Model] = {} if near is None else near.loaded

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs; it computes anew what can hold functions of this one."""
        return {**vars(self), "_known": {}}

    def resolved(self, spec: ModelSpec) -> ModelSpec:
        """The spec that is built when an experiment asks for ``spec``."""
        return spec

    def compiled(self, spec: ModelSpec) -> Runnable:
        """The compiled model of a spec; ``values`` are not set in it."""
        return self._model(spec)

    def _model(self, spec: ModelSpec) -> Model:
        """Asked for at every run, so the files that a model follows from are looked at once."""
        if (spec, self.rtol) not in self.loaded:
            self.loaded[spec, self.rtol] = from_spec(self.resolved(spec), self.rtol)
        return self.loaded[spec, self.rtol]

    def model(self, spec: ModelSpec, inert: tuple[str, ...] = ()) -> Runnable:
        """The model of a spec with the values of its cell or population.

        inert: beginnings of symbols whose values change nothing in the runs that are asked of it.
        """
        model = self.compiled(spec)
        settings = self.settings(model.settable, scope_of(spec), inert)
        return Adjusted(model, settings) if settings else model

    def settings(
        self, settable: Collection[str], scope: str, inert: tuple[str, ...] = ()
    ) -> dict[str, float]:
        """Values of symbols that can be set: general ones and those of ``scope`` (a cell or population)."""
        return {symbol: self.values[name] for symbol, name in self.names(settable, scope, inert).items()}

    def names(self, settable: Collection[str], scope: str, inert: tuple[str, ...] = ()) -> dict[str, str]:
        """The names in ``values`` of these symbols, by symbol."""
        out = {}
        known = set(settable)
        for name in self.values:
            symbol, _, only = name.partition("@")
            if (only and only != scope) or symbol not in known or symbol.startswith(inert or ("@",)):
                continue
            out[symbol] = name
        return out

    def scoped(self, scope: str) -> dict[str, float]:
        """Values of one cell or population by symbol, those of no model (such as D1_<drug>) included."""
        mine = f"@{scope}"
        return {name.removesuffix(mine): value for name, value in self.values.items() if name.endswith(mine)}

    def number(self, name: str, where: str = "", otherwise: float | None = None) -> float:
        """A fitted number that need not be in any model, such as the scale of a data set; where: for errors.

        otherwise: what it is when no plan estimates it; raises PlanError where that is not given.
        """
        if name in self.values:
            return self.values[name]
        for plan in ModelSpec("cytokine_signalling").calibrated:
            if (found := estimates(plan, nuisance=True).get(name)) is not None:
                return found.value
        if otherwise is not None:
            return otherwise
        raise PlanError(f"{where}: no plan estimates '{name}'")

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The result of ``compute``, called once for each ``key`` and these values."""
        if key not in self._known:
            self._known[key] = compute()
        found: T = self._known[key]
        return found


def scope_of(spec: ModelSpec) -> str:
    """The cell or population whose own values a model takes."""
    return {"kinase_assay": "", "oral_pk": spec.population}.get(spec.name, spec.cell)
