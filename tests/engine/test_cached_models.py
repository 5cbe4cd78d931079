"""Models whose engine comes from the cache: every bit of a run is that of a compiled one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jakinib import cache, paths
from jakinib.build import built
from jakinib.build.sbml import translate
from jakinib.simulate import Model, Protocol, Step
from jakinib.simulate.blueprint import Blueprint

FUNCTION = "function f(x, y)\n  x*y/(1 + x)\nend"
# Each construct beyond reactions and rules of parameters, with one that the laws of the package use.
FOREIGN = {
    "events": "A -> B; k*A; k = 1; A = 5; B = 0; E1: at (time >= 0.3): A = A + 2; E2: at (A < 1): k = 0.1;",
    "pieces": "A -> ; k*A*piecewise(2, time > 0.25 && time < 0.5, 1); k = 1; A = 5;",
    "rates": "x' = -k*x*y; y' = k*x - y; k = 2; x = 1; y = 0.1;",
    "starts": "A = 3*k; B := A*2; A -> ; k*A; k = 1.5;",
    "functions": "A -> B; f(A, k); k = 1; A = 5; B = 0;",
    "delays": "A -> B; k*A; k = 1; A = 5; B = 0; E1: at 0.1 after (A < 4), priority = 1: B = B + 1;",
    "sizes": "compartment c = 2; species A in c, B in c; A -> B; k*A*c; k = 1; A = 5; B = 0; D := A/c;",
}


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Choose the cache: "on", empty at first, or "off". What is quick to make is kept as well."""
    monkeypatch.setattr(cache, "WORTH", 0.0)

    def choose(state: str) -> None:
        monkeypatch.setenv(cache.SWITCH, "off" if state == "off" else str(tmp_path / "cache"))

    return choose


def bits(model: Model) -> list[bytes]:
    """Runs in several ways, and what is asked of a model besides."""
    times = np.linspace(0.0, 1.0, 9)
    parameters = [name for name in model.settable if name in model.parameters and model.initial(name) > 0]
    changed = {name: 1.5 * model.initial(name) for name in parameters[:2] if name not in model.starts.fixed}
    later = [Step(0.4, {name: 2.0 * value for name, value in changed.items()})] if changed else []
    protocols = [Protocol(times), Protocol(times, changed), Protocol(times, {}, later), Protocol(times)]
    runs = [model.run(protocol, model.ids).tobytes() for protocol in protocols]
    about = (model.id, model.ids, model.settable, model.starts, model.units, model.tolerances, model.sha256)
    return [*runs, np.array([model.initial(name) for name in model.settable]).tobytes(), repr(about).encode()]


def compare(load: Callable[[], Model], choose: Callable[[str], None]) -> None:
    choose("off")
    compiled = bits(load())
    choose("on")
    assert bits(load()) == compiled  # made and kept
    assert cache.state().kinds["engine"][0] >= 1
    assert bits(load()) == compiled  # from the cache


@pytest.mark.parametrize("reduced", [True, False])
@pytest.mark.parametrize("name", sorted(built()))
def test_a_model_of_the_package_is_the_same_to_the_last_bit(
    name: str, reduced: bool, fresh: Callable[[str], None]
) -> None:
    text = (paths.models() / "sbml" / f"{name}.xml").read_text(encoding="utf-8")
    compare(lambda: Model(text, reduced=reduced), fresh)


@pytest.mark.parametrize("construct", FOREIGN)
def test_a_model_of_somebody_else_is_too(construct: str, fresh: Callable[[str], None]) -> None:
    text = translate(f"{FUNCTION}\nmodel *probe()\n{FOREIGN[construct]}\nend", "probe")
    compare(lambda: Model(text), fresh)


def test_a_state_that_the_engine_refuses_is_made_again(
    sbml: Callable[[str], str], fresh: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest tells damage; where that is right, the engine still knows a state by its first bytes."""
    fresh("on")
    text = sbml(FOREIGN["rates"])
    expected = bits(Model(text))
    keep = cache.kept
    spoilt: list[str] = []

    def spoil(kind: str, key: str, make: Callable[[], Blueprint]) -> Blueprint:
        spoilt.append(kind)
        return replace(keep(kind, key, make), state=bytes(5000))

    monkeypatch.setattr(cache, "kept", spoil)
    assert bits(Model(text)) == expected
    assert spoilt == ["engine"]
