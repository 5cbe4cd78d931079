"""Ensembles on problems whose posterior is known in closed form."""

from __future__ import annotations

import math
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from closed_form import Decay, Laboratories, linear
from hypothesis import given
from hypothesis import strategies as st

from jakinib.errors import InputError
from jakinib.files.journal import Journal
from jakinib.fit import emulator, ensemble, profile, sampler
from jakinib.fit.diagnostics import effective_sample_size, split_rhat
from jakinib.fit.profile import Array


def test_draws_of_a_linear_problem_have_the_mean_and_covariance_of_its_gaussian_posterior() -> None:
    problem = linear([[2, 0.5], [0.5, 1]], [1.0, -0.5])
    best = profile.minimise(problem, np.zeros(2)).theta
    drawn = ensemble.draw(problem, best, 200, seed=3, evaluations=400)
    covariance = np.linalg.inv(problem.matrix.T @ problem.matrix)
    error = np.sqrt(np.diag(covariance) / 200)
    assert np.all(np.abs(np.log(drawn.values).mean(axis=0) - best) < 4 * error)
    assert np.cov(np.log(drawn.values).T) == pytest.approx(covariance, rel=0.5, abs=0.1)
    assert drawn.diagnostics["rhat"] < 1.05
    assert drawn.diagnostics["ess"] > 400
    assert drawn.diagnostics["acceptance"] > 0.9
    assert drawn.method == "posterior"


def test_draws_stay_inside_the_bounds_and_follow_the_truncated_posterior() -> None:
    problem = linear([[1.0]], [-1.0], low=0.0, high=6.0)
    drawn = ensemble.draw(problem, np.zeros(1), 200, seed=1, evaluations=500)
    theta = np.log(drawn.values[:, 0])
    from scipy.stats import truncnorm

    expected = truncnorm(1.0, 7.0, loc=-1.0)
    assert theta.min() >= -1e-4
    assert theta.mean() == pytest.approx(expected.mean(), abs=4 * expected.std() / math.sqrt(200))


def test_an_estimate_that_leans_far_beyond_its_bound_gives_draws_at_the_bound() -> None:
    problem = linear([[1e4]], [-1e4], low=0.0)
    drawn = ensemble.draw(problem, np.zeros(1), 10, evaluations=40)
    assert np.all(drawn.values >= 1)
    assert np.all(drawn.values < 1.001)


def test_draws_are_corrected_where_the_posterior_departs_from_its_laplace_approximation() -> None:
    problem = Decay(sigma=0.3, low=np.array([-3.0]), high=np.array([3.0]))
    grid = np.linspace(-3, 3, 2001)
    density = np.array(
        [math.exp(-0.5 * float(r @ r)) for r in (problem.residuals(np.array([x])) for x in grid)]
    )
    mean = float((grid * density).sum() / density.sum())
    spread = math.sqrt(float(((grid - mean) ** 2 * density).sum() / density.sum()))
    problem.values = lambda theta: {"k": float(np.exp(theta[0]))}  # type: ignore[attr-defined]
    drawn = ensemble.draw(problem, np.zeros(1), 200, seed=0, evaluations=150)  # type: ignore[arg-type]
    assert drawn.method == "posterior"
    theta = np.log(drawn.values[:, 0])
    laplace = math.sqrt(profile.covariance(problem, np.zeros(1))[0, 0])
    assert theta.mean() == pytest.approx(mean, abs=4 * spread / math.sqrt(200))
    assert theta.std() == pytest.approx(spread, rel=0.2)
    assert spread > 1.25 * laplace


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_chains_find_a_flat_tail_that_the_expansion_takes_to_be_impossible(seed: int) -> None:
    problem = Decay(sigma=0.3, low=np.array([-3.0]), high=np.array([3.0]))
    grid = np.linspace(-3, 3, 2001)
    density = np.exp([-0.5 * float(r @ r) for r in (problem.residuals(np.array([x])) for x in grid)])
    exact = float(density[grid > 1.5].sum() / density.sum())
    model = sampler.expand(problem, np.zeros(1))
    blind = np.exp([-model.cost((np.array([x]) - model.centre) / model.root[0, 0]) for x in grid])
    assert blind[grid > 1.5].sum() / blind.sum() < 0.1 * exact
    seeds = np.random.SeedSequence(seed).spawn(4)
    tail = np.concatenate([sampler.chain(problem, model, 700, s).draws for s in seeds]) > 1.5
    assert tail.mean() == pytest.approx(exact, rel=0.5)


def test_with_offsets_of_laboratories_the_draws_follow_the_posterior_that_integrates_them_out() -> None:
    problem = Laboratories()
    best = profile.minimise(problem, np.zeros(4)).theta
    drawn = ensemble.draw(problem, best, 200, seed=0, evaluations=300)
    grid = np.linspace(-4, 4, 2001)
    density = np.array([problem.marginal(x) for x in grid])
    density /= density.sum()
    mean = float(grid @ density)
    spread = math.sqrt(float((grid - mean) ** 2 @ density))
    logs = np.log(drawn.values)
    assert drawn.method == "posterior"
    assert logs[:, 0].mean() == pytest.approx(mean, abs=4 * spread / math.sqrt(200))
    assert logs[:, 0].std() == pytest.approx(spread, rel=0.2)
    assert spread > 1.2 * math.sqrt(profile.covariance(problem, best)[0, 0])
    # Given k an offset is normal: what is left about its mean has a closed form.
    n, precision = len(problem.times), 1 / problem.spread**2 + len(problem.times) / problem.sigma**2
    off = problem.seen[None] - np.exp(-drawn.values[:, :1, None] * problem.times)
    left = logs[:, 1:] - off.mean(axis=2) * n / problem.sigma**2 / precision
    assert left.std() * math.sqrt(precision) == pytest.approx(1, rel=0.15)


def test_simulations_teach_what_the_expansion_misses_and_leave_what_is_linear_alone() -> None:
    problem = Laboratories()
    best = profile.minimise(problem, np.zeros(4)).theta
    model = sampler.expand(problem, best)
    first = [emulator.pilot(problem, model, 200, s) for s in np.random.SeedSequence(0).spawn(4)]
    points, residuals = (np.concatenate(arrays) for arrays in zip(*first, strict=True))
    taught = emulator.learn(problem, model, points, residuals)
    assert isinstance(taught, emulator.Emulator)
    assert list(taught.active) == [0]
    for shift in ([0.0, 0, 0, 0], [0.6, 0.3, -0.2, 0.5], [1.2, 0, -0.4, 0], [-0.8, 0, 0, 0.9]):
        z = np.linalg.solve(model.root, np.array(shift))
        true = 0.5 * float(np.square(problem.residuals(best + np.array(shift))).sum())
        assert taught.cost(z) == pytest.approx(true, rel=0.01, abs=0.05)
        if shift[0] > 1:
            assert abs(model.cost(z) - true) > 5 * abs(taught.cost(z) - true)
    straight = linear([[2, 0.5], [0.5, 1]], [1.0, -0.5])
    flat = sampler.expand(straight, np.zeros(2))
    walked = emulator.pilot(straight, flat, 50, np.random.SeedSequence(0))
    assert emulator.learn(straight, flat, *walked) is flat


def test_a_jump_is_symmetric_with_the_length_of_a_cauchy_variable() -> None:
    model = sampler.expand(linear([[2, 0.5], [0.5, 1]], [1.0, -0.5]), np.zeros(2))
    rng, at = np.random.default_rng(0), np.array([0.3, -0.2])
    steps = np.array([sampler.jump(model, at, rng) - at for _ in range(4000)])
    # Symmetric: as many forward as back along each of the two profiles.
    assert np.abs(np.sign(steps).mean(axis=0)).max() < 0.06
    lengths = np.sort(np.linalg.norm(steps, axis=1))
    assert lengths[2000] == pytest.approx(sampler.JUMP, rel=0.1)  # the median of |Cauchy| is its scale


def test_the_same_seed_gives_the_same_draws_in_one_process_and_in_two() -> None:
    problem = linear([[1, 0.2], [0.2, 1]], [0.0, 0.0])
    one, two = (ensemble.draw(problem, np.zeros(2), 20, 5, evaluations=60, workers=w) for w in (1, 2))
    other = ensemble.draw(problem, np.zeros(2), 20, 6, evaluations=60)
    assert np.array_equal(one.values, two.values)
    assert not np.array_equal(one.values, other.values)


def test_all_stages_of_a_draw_run_on_the_same_two_workers_which_end_with_it() -> None:
    seen: list[set[int | None]] = []

    def look(piece: str) -> None:
        seen.append({worker.pid for worker in multiprocessing.active_children()})

    before = {worker.pid for worker in multiprocessing.active_children()}
    ensemble.draw(linear([[1.0]], [0.0]), np.zeros(1), 20, evaluations=60, workers=2, done=look)
    assert len(seen) == 5  # the expansion, and four chains
    assert seen[0] - before  # those of the expansion are there when the chains begin
    assert len(set.union(*seen) - before) <= 2
    assert {worker.pid for worker in multiprocessing.active_children()} == before


@pytest.mark.parametrize("count", [0, 201])
def test_an_ensemble_has_between_1_and_200_draws(count: int) -> None:
    with pytest.raises(InputError, match="1 to 200"):
        ensemble.draw(linear([[1.0]], [0.0]), np.zeros(1), count)


def test_an_ensemble_comes_back_from_its_file_unchanged_under_a_header_with_units(
    tmp_path: Path,
) -> None:
    problem = linear([[1, 0], [0, 1]], [0.0, 0.0])
    drawn = ensemble.draw(problem, np.zeros(2), 10, evaluations=40)
    path = tmp_path / "ensemble.tsv"
    ensemble.write(path, drawn, {"k1": "nM", "k2": "1/min"})
    assert np.array_equal(ensemble.read(path, ["k1", "k2"]), drawn.values)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "k1 (nM)\tk2 (1/min)"
    assert len(lines) == 11


def test_chains_that_have_not_converged_are_not_called_a_posterior() -> None:
    problem = linear([[2, 0.5], [0.5, 1]], [1.0, -0.5])
    best = profile.minimise(problem, np.zeros(2)).theta
    short = ensemble.draw(problem, best, 100, seed=3, evaluations=20)
    assert short.method == "Laplace"
    spread = np.sqrt(np.diag(np.linalg.inv(problem.matrix.T @ problem.matrix)))
    assert np.log(short.values).std(axis=0) == pytest.approx(spread, rel=0.3)
    assert short.diagnostics["distinct"] == 100
    assert ensemble.draw(problem, best, 100, seed=3, evaluations=600).method == "posterior"


def test_an_interrupted_ensemble_goes_on_with_its_missing_chains_and_ends_the_same(tmp_path: Path) -> None:
    problem = linear([[1, 0.2], [0.2, 1]], [0.0, 0.0])
    whole = ensemble.draw(problem, np.zeros(2), 20, 5, evaluations=40)

    def stop(piece: str) -> None:
        if piece == "chain 1":
            raise KeyboardInterrupt

    path = tmp_path / "partial.json"
    for _ in range(2):  # the second time after what the first had kept
        with pytest.raises(KeyboardInterrupt), Journal(path, {}) as journal:
            ensemble.draw(problem, np.zeros(2), 20, 5, evaluations=40, journal=journal, done=stop)
    with Journal(path, {}) as kept:
        assert set(kept) == {"expansion", "chain 0", "chain 1"}
        resumed = ensemble.draw(problem, np.zeros(2), 20, 5, evaluations=40, journal=kept)
    assert np.array_equal(resumed.values, whole.values)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("k1\n1\n", "the columns are not the parameters"),
        ("", "empty table"),
        ("k1\tk2\n", "no draws"),
        ("k1\tk2\n1\tx\n", ":2: a cell is not a number"),
        ("k1\tk2\n1\t2\n1\n", ":3: 1 cells, 2 columns"),
        ("k1\tk2\n1\t-2\n", ":2: need 2 positive"),
        ("k1\tk2\n1\tnan\n", ":2: need 2 positive"),
    ],
)
def test_a_file_that_is_not_an_ensemble_of_this_problem_is_refused(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "ensemble.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        ensemble.read(path, ["k1", "k2"])


def test_predictions_see_every_tied_symbol_of_every_draw() -> None:
    drawn = ensemble.draw(linear([[1, 0], [0, 1]], [0.0, 0.0]), np.zeros(2), 30, evaluations=60)
    out = ensemble.predict(drawn, lambda settings: [settings["k1"] * settings["k2"], settings["tied"]])
    assert out.shape == (30, 2)
    assert out[:, 0] == pytest.approx(drawn.values.prod(axis=1), rel=2e-3)
    assert out[:, 1] == pytest.approx(drawn.values[:, 0], rel=1e-3)


@given(level=st.floats(0.05, 0.95), shift=st.floats(-5, 5))
def test_bands_hold_the_stated_share_of_the_draws_and_move_with_them(level: float, shift: float) -> None:
    draws = np.random.default_rng(0).normal(size=(2000, 2))
    low, middle, high = ensemble.bands(draws + shift, level)
    inside = ((draws + shift >= low) & (draws + shift <= high)).mean(axis=0)
    assert inside == pytest.approx([level, level], abs=0.002)
    assert np.all((low < middle) & (middle < high))
    assert middle == pytest.approx(ensemble.bands(draws)[1] + shift, abs=1e-12)


def test_a_time_that_never_comes_in_some_draws_gives_an_open_band() -> None:
    low, middle, high = ensemble.bands([*range(1, 90), *[math.inf] * 11])
    assert (low, middle, high) == (5, 50, math.inf)


@pytest.mark.parametrize("level", [0, 1, -0.5, 90])
def test_a_band_of_all_or_nothing_is_refused(level: float) -> None:
    with pytest.raises(InputError, match="level"):
        ensemble.bands([1.0, 2.0], level)


def autoregressive(rho: float, chains: int = 4, draws: int = 20_000) -> Array:
    rng = np.random.default_rng(7)
    out = np.empty((chains, draws))
    out[:, 0] = rng.normal(size=chains)
    for i in range(1, draws):
        out[:, i] = rho * out[:, i - 1] + math.sqrt(1 - rho * rho) * rng.normal(size=chains)
    return out


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_effective_sample_size_of_an_autoregressive_chain_is_the_closed_form(rho: float) -> None:
    assert effective_sample_size(autoregressive(rho)) == pytest.approx(
        80_000 * (1 - rho) / (1 + rho), rel=0.1
    )


def test_chains_that_agree_have_rhat_1_and_chains_apart_have_not() -> None:
    together = autoregressive(0.5, draws=4000)
    apart = together + np.arange(4)[:, None]
    drifting = together + np.linspace(0, 3, 4000)
    assert split_rhat(together) == pytest.approx(1, abs=0.01)
    assert split_rhat(apart) > 1.3
    assert split_rhat(drifting) > 1.2
    assert effective_sample_size(apart) < 20
