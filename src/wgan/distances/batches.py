"""Exact distances of many pairs of samples at once, as a matrix."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.matching import matched
from wgan.base.numbers import ArrayLike, check_count
from wgan.base.progress import Progress, silent, tracked
from wgan.distances.exact import wasserstein
from wgan.distances.line import wasserstein_1d
from wgan.distances.samples import Samples, weighted_samples


def pairwise_wasserstein(
    samples: Sequence[ArrayLike],
    others: Sequence[ArrayLike] | None = None,
    p: int = 1,
    weights: Sequence[ArrayLike | None] | None = None,
    other_weights: Sequence[ArrayLike | None] | None = None,
    threads: int = 1,
    progress: Progress = silent,
) -> Float[np.ndarray, "k l"]:
    """Return the exact distances W_p between each two of several weighted samples.

    D_kl = W_p(samples_k, others_l), by `wasserstein`, or by sorting in one dimension. Without
    `others` each pair of `samples` is solved once, and the matrix is symmetric with zeros on its
    diagonal: the input of clustering or multidimensional scaling.

    Args:
        samples: k samples, each `[n_k, d]`, or `[n_k]` for d = 1, in one unit.
        others: l samples, each `[m_l, d]`; None: the same samples.
        p: the order, 1 or 2.
        weights: the weights of each sample, `[n_k]` or None; None: equal.
        other_weights: the weights of the others, likewise.
        threads: pairs that are solved at once; each takes the memory of one solve.
        progress: listener to the pairs solved.

    Returns:
        Distances `[k, l]` in the unit of the samples.

    Raises:
        WganError: as `wasserstein`; the message names the pair. No samples, or another number of
            weights than of samples.

    See also:
        wasserstein: the distance of a single pair.

    >>> pairwise_wasserstein([[0.0, 1.0], [3.0, 4.0], [0.0, 5.0]]).tolist()
    [[0.0, 3.0, 2.0], [3.0, 0.0, 2.0], [2.0, 2.0, 0.0]]
    """
    check_count(threads, "threads", 1)
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    if others is None and other_weights is not None:
        raise WganError("weights of others are given, and no others: give both, or neither")
    xs = _checked(samples, weights, "samples")
    if others is None:
        ys = xs
        pairs = [(k, j) for k in range(len(xs)) for j in range(k)]
    else:
        ys = _checked([matched(samples[0], y) for y in others], other_weights, "others")
        pairs = [(k, j) for k in range(len(xs)) for j in range(len(ys))]

    def solve(pair: tuple[int, int]) -> float:
        (a, wa), (b, wb) = xs[pair[0]], ys[pair[1]]
        try:
            if a.shape[1] == b.shape[1] == 1:
                return wasserstein_1d(a, b, p, wa, wb)
            return wasserstein(a, b, p, wa, wb)
        except WganError as error:
            other = "samples" if others is None else "others"
            raise WganError(f"samples[{pair[0]}] and {other}[{pair[1]}]: {error}") from None

    distances = np.zeros((len(xs), len(ys)))
    with _workers(threads) as pool:
        solved = tracked(pool.map(solve, pairs), "pairs", len(pairs), progress)
        for (k, j), value in zip(pairs, solved, strict=True):
            distances[k, j] = value
            if others is None:
                distances[j, k] = value
    return distances


@contextmanager
def _workers(threads: int) -> Iterator[Executor]:
    """Yield workers, which begin no further work after an error.

    Several leave the matrix library one thread each. The solver of few pairs limits its threads for
    the whole process too: two solves that overlap would leave the limit behind, were it not 1.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas") if threads > 1 else nullcontext():
        pool = ThreadPoolExecutor(threads)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def _checked(
    samples: Sequence[ArrayLike], weights: Sequence[ArrayLike | None] | None, name: str
) -> list[Samples]:
    """Return checked samples with their weights."""
    if len(samples) == 0:
        raise WganError(f"{name} are empty: give at least one sample")
    if weights is None:
        weights = [None] * len(samples)
    if len(weights) != len(samples):
        raise WganError(
            f"{len(samples)} {name} have {len(weights)} lists of weights: give one for each, or"
            " None"
        )
    pairs = enumerate(zip(samples, weights, strict=True))
    return [weighted_samples(matched(samples[0], x), w, f"{name}[{k}]") for k, (x, w) in pairs]
