"""Have the chains of a sampler converged, and how many independent draws are they worth?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _split(chains: Array) -> Array:
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, -half:]])


def split_rhat(chains: Array) -> float:
    """Potential scale reduction of one quantity, each chain split in half; chains: (chains, draws).

    Source: Gelman et al., Bayesian Data Analysis, 3rd ed., section 11.4.
    """
    halves = _split(chains)
    n = halves.shape[1]
    within = float(halves.var(axis=1, ddof=1).mean())
    between = n * float(halves.mean(axis=1).var(ddof=1))
    if within == 0:
        return 1.0 if between == 0 else math.inf
    return math.sqrt((n - 1) / n + between / within / n)


def effective_sample_size(chains: Array) -> float:
    """Independent draws that a set of chains (chains, draws) of one quantity is worth.

    Split chains, autocorrelations summed over Geyer's initial monotone positive sequence.
    Source: Vehtari et al. 2021, Bayesian Analysis 16:667.
    """
    halves = _split(chains)
    m, n = halves.shape
    within = float(halves.var(axis=1, ddof=1).mean())
    if within == 0:
        return 1.0  # a chain that never moved
    total = within * (n - 1) / n + float(halves.mean(axis=1).var(ddof=1))
    centred = halves - halves.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(centred, 2 * n, axis=1)) ** 2
    autocovariance = np.fft.irfft(power, axis=1)[:, :n].mean(axis=0) / n
    rho = 1 - (within - autocovariance * n / (n - 1)) / total
    pairs = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs < 0)
    pairs = np.minimum.accumulate(pairs[: negative[0]] if len(negative) else pairs)
    time = max(2 * float(pairs.sum()) - 1, 1 / math.log10(m * n))  # antithetic chains: capped as in Stan
    return m * n / time
