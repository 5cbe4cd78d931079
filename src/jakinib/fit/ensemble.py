"""Parameter sets that represent the posterior, and the prediction bands they give.

Four chains (``jakinib.fit.sampler``) give the draws. They are called a posterior only when the chains agree
and are worth enough independent draws (``converged``); otherwise the draws are of the Laplace approximation,
cut off at the bounds, and every band made from them says so.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jakinib import paths
from jakinib.errors import InputError
from jakinib.files.journal import Journal
from jakinib.fit.diagnostics import effective_sample_size, split_rhat
from jakinib.fit.emulator import Emulator, learn, pilot
from jakinib.fit.objective import Array, Objective
from jakinib.fit.sampler import Chain, Expansion, chain, expand, laplace_draws, thinned
from jakinib.library.files import read_draws
from jakinib.parallel import in_order, one_pool

NAME = "ensemble.tsv"
EXPANSION = "expansion"  # a piece of the journal, as each chain is; it holds what the first chains taught
MOST_DRAWS = 200
CHAINS = 4
EVALUATIONS = 1000  # a chain
PILOT = 0.3  # of them before, to teach the emulator; none of these draws is kept
LARGEST_RHAT, SMALLEST_ESS = 1.05, 100.0  # of every parameter; else the draws are Laplace

Method = Literal["posterior", "Laplace"]


class Posterior(Objective, Protocol):
    """An objective that can also say what its parameters are called in the models."""

    def values(self, theta: Array) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class Ensemble:
    """Draws of the parameters of a plan. values: (draws, parameters), plan units.

    settings: one dictionary a draw, symbol (or symbol@scope, and all tied symbols) -> value in model units.
    method: posterior, or Laplace when the chains did not converge.
    diagnostics: acceptance (of walks), jumps (their accepted share), evaluations, ess (smallest), rhat
    (largest), distinct (different draws).
    """

    ids: tuple[str, ...]
    values: Array
    settings: tuple[Mapping[str, float], ...]
    method: Method = "posterior"
    diagnostics: Mapping[str, float] = field(default_factory=dict)


def converged(diagnostics: Mapping[str, float]) -> bool:
    """Whether chains may be called a posterior: rhat below 1.05 and ess above 100 for every parameter."""
    return diagnostics["rhat"] < LARGEST_RHAT and diagnostics["ess"] > SMALLEST_ESS


@one_pool()
def draw(
    problem: Posterior,
    theta_best: ArrayLike,
    n: int = MOST_DRAWS,
    seed: int = 0,
    *,
    evaluations: int = EVALUATIONS,
    workers: int = 1,
    journal: Journal | None = None,
    done: Callable[[str], None] = lambda piece: None,
) -> Ensemble:
    """Draw ``n`` parameter sets from exp(-cost) within the bounds (flat in ln where there is no prior).

    theta_best: ln of the estimates. evaluations: of each of four chains; the expansion (2 d Jacobians for d
    parameters) and the emulator (a third of the chains) come on top. workers: processes; the draws do not
    depend on it. journal: keeps what is finished (the expansion, each chain). done: called after each piece.
    Raises InputError for n outside 1..200 or fewer than 20 evaluations.
    """
    if not 1 <= n <= MOST_DRAWS:
        raise InputError(f"ensemble: {n} draws; give 1 to {MOST_DRAWS}")
    if evaluations < 20:
        raise InputError(f"ensemble: {evaluations} evaluations a chain; give at least 20")
    theta = np.clip(np.asarray(theta_best, dtype=float), problem.low, problem.high)
    source = np.random.SeedSequence(seed)
    *seeds, other = source.spawn(CHAINS + 1)
    model, used = _surrogate(problem, theta, int(PILOT * evaluations), source.spawn(CHAINS), workers, journal)
    done(EXPANSION)
    chains = _chains(problem, model, evaluations, seeds, workers, journal, done)
    samples = np.array([one.draws for one in chains])  # (chains, length, parameters)
    picked = thinned(chains, n)
    diagnostics = {
        "acceptance": float(np.mean([one.accepted for one in chains])),
        "jumps": float(np.mean([one.jumped for one in chains])),
        "evaluations": float(used + sum(one.evaluations for one in chains)),
        "ess": float(min(effective_sample_size(samples[:, :, i]) for i in range(samples.shape[2]))),
        "rhat": min(float(max(split_rhat(samples[:, :, i]) for i in range(samples.shape[2]))), 99.0),
    }
    method: Method = "posterior" if converged(diagnostics) else "Laplace"
    if method == "Laplace":
        picked = laplace_draws(problem, model, n, other)
    diagnostics["distinct"] = float(len(np.unique(picked, axis=0)))
    values = _in_plan_units(picked)
    settings = tuple(problem.values(row) for row in np.log(values))
    return Ensemble(tuple(problem.names), values, settings, method, diagnostics)


def _surrogate(
    problem: Objective,
    theta: Array,
    evaluations: int,
    seeds: list[np.random.SeedSequence],
    workers: int,
    journal: Journal | None,
) -> tuple[Expansion, int]:
    """What the chains walk on, and the true evaluations that taught it."""
    if journal is not None and EXPANSION in journal:
        with np.load(io.BytesIO(journal[EXPANSION])) as kept:
            arrays = {name: kept[name] for name in kept.files}
        used = int(arrays.pop("used"))
        return (Emulator if "learnt" in arrays else Expansion)(**arrays), used
    model = expand(problem, theta, workers)
    first = in_order(partial(pilot, problem, model, evaluations), seeds, workers)
    points, residuals = (np.concatenate(arrays) for arrays in zip(*first, strict=True))
    model = learn(problem, model, points, residuals)
    if journal is not None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, used=len(points), **vars(model))
        journal.add(EXPANSION, buffer.getvalue())
    return model, len(points)


def _chains(
    problem: Objective,
    model: Expansion,
    evaluations: int,
    seeds: list[np.random.SeedSequence],
    workers: int,
    journal: Journal | None,
    done: Callable[[str], None],
) -> list[Chain]:
    """All chains in order; those in the journal are not run again."""
    out: dict[int, Chain] = {}
    for number in range(len(seeds)):
        if journal is not None and (name := f"chain {number}") in journal:
            record = json.loads(journal[name])
            out[number] = Chain(**record | {"draws": np.array(record["draws"])})
            done(name)
    missing = [number for number in range(len(seeds)) if number not in out]

    def keep(place: int, one: Chain) -> None:
        name = f"chain {missing[place]}"
        if journal is not None:
            journal.add(name, json.dumps(asdict(one) | {"draws": one.draws.tolist()}).encode())
        done(name)

    run = partial(chain, problem, model, evaluations)
    drawn = in_order(run, [seeds[number] for number in missing], workers, keep)
    out |= dict(zip(missing, drawn, strict=True))
    return [out[number] for number in range(len(seeds))]


def _in_plan_units(theta: Array) -> Array:
    """Plan units at the six digits the file keeps, so that a file read back is the same ensemble."""
    return np.array([[float(f"{value:.6g}") for value in row] for row in np.exp(theta)])


def write(path: Path, ensemble: Ensemble, units: Mapping[str, str]) -> None:
    """Write ensemble.tsv atomically: header ``parameter (unit)``, one row a draw, plan units, 6 digits."""
    lines = ["\t".join(f"{name} ({units[name]})" for name in ensemble.ids)]
    lines += ["\t".join(f"{value:.6g}" for value in row) for row in ensemble.values]
    paths.write_atomic(path, "\n".join(lines) + "\n")


def read(path: Path, names: Sequence[str]) -> Array:
    """Draws (draws, parameters) of ensemble.tsv in plan units.

    Raises InputError when the file does not hold positive numbers of the parameters ``names``, in order.
    """
    titles, values = read_draws(path)
    if [title.partition(" (")[0] for title in titles] != list(names):
        raise InputError(f"{path}:1: the columns are not the parameters of the plan; draw the ensemble again")
    return values


def predict(ensemble: Ensemble, function: Callable[[Mapping[str, float]], ArrayLike]) -> NDArray[np.float64]:
    """``function`` of the model settings of every draw; shape (draws, ...)."""
    return np.array([function(settings) for settings in ensemble.settings], dtype=float)


def bands(values: ArrayLike, level: float = 0.9) -> tuple[Array, Array, Array]:
    """Lower end, median and upper end of the central ``level`` interval over the first axis (draws)."""
    if not 0 < level < 1:
        raise InputError(f"bands: level is {level:g}; give a share between 0 and 1")
    tail = (1 - level) / 2
    draws = np.asarray(values, dtype=float)
    # A time that never comes is infinite: between such draws nothing can be interpolated.
    rule: Literal["linear", "closest_observation"] = (
        "linear" if np.isfinite(draws).all() else "closest_observation"
    )
    low, middle, high = np.quantile(draws, [tail, 0.5, 1 - tail], axis=0, method=rule)
    return low, middle, high
