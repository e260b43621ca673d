"""KL divergence: exactly, and estimated from samples.

Accompanies ``docs/foundations/kl-divergence.md``, whose names it follows: the first distribution p, under
which the mean is taken, and the second, q.
"""

import numpy as np


def kl_divergence(p, q):
    """Return the KL divergence of two distributions, the mean of log(p/q) under p.

    Parameters
    ----------
    p : array_like, shape (..., n)
        First distribution: probabilities that sum to 1 along the last axis.
    q : array_like, shape (..., n)
        Second distribution, over the same outcomes in the same order.

    Returns
    -------
    ndarray of float64, shape (...)
        Divergence in nats, at least 0; ``inf`` if q excludes what p allows.

    Raises
    ------
    ValueError
        If the shapes cannot be broadcast, or a row is no distribution.

    Notes
    -----
    The mean information of [1]_, for finitely many outcomes. An outcome with p = 0 adds nothing, whatever q is.
    Logarithms are subtracted and not divided, so that no ratio overflows.

    References
    ----------
    .. [1] S. Kullback and R. A. Leibler, "On information and sufficiency," Annals of Mathematical
       Statistics 22(1), 1951.

    Examples
    --------
    A fair coin, taken for one with two equal heads: half the tosses cannot be explained.

    >>> from code_examples.foundations.kl_divergence import kl_divergence
    >>> float(kl_divergence([0.5, 0.5], [1, 0]))
    inf

    The other way round, every toss only comes as a surprise of log 2.

    >>> round(float(kl_divergence([1, 0], [0.5, 0.5])), 6)
    0.693147

    Equal distributions do not diverge.

    >>> float(kl_divergence([0.2, 0.8], [0.2, 0.8]))
    0.0
    """
    p, q = _check("p", p), _check("q", q)
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(f"p has {p.shape[-1]} outcomes, q has {q.shape[-1]}; pass both over the same outcomes")
    with np.errstate(divide="ignore", invalid="ignore"):  # where p or q is 0
        terms = p * (np.log(p) - np.log(q))  # (..., n)
    return np.maximum(np.where(p > 0, terms, 0).sum(axis=-1), 0)  # rounding may leave a sum just below 0


def kl_estimates(logp, logq):
    """Return three estimates of the KL divergence of p and q for each sample drawn from p.

    Parameters
    ----------
    logp : array_like, shape (...)
        Log probability or log density, in nats, that p gives to each sample. The samples come from p.
    logq : array_like, shape (...)
        The same under q; ``-inf`` where q excludes the sample.

    Returns
    -------
    ndarray of float64, shape (3, ...)
        The estimates k1, k2 and k3 for each sample, in nats; their means over samples estimate the divergence.
        k3 is ``inf`` where rho is more than a float holds, which begins at a log ratio of about 709.8.

    Raises
    ------
    ValueError
        If there is no sample, the shapes differ, or a sample is impossible under p.

    Notes
    -----
    With rho = q/p, k1 is -log rho, k2 is (log rho)^2 / 2 and k3 is rho - 1 - log rho [1]_. That note
    exchanges the letters p and q, and writes r for rho.

    References
    ----------
    .. [1] J. Schulman, "Approximating KL divergence," 2020, http://joschu.net/blog/kl-approx.html

    Examples
    --------
    A sample that q finds as probable as p says nothing of a difference.

    >>> from code_examples.foundations.kl_divergence import kl_estimates
    >>> kl_estimates([-2.0], [-2.0]).tolist()
    [[0.0], [0.0], [0.0]]

    One that q finds e times as probable: k1 is negative, k3 is e - 2.

    >>> kl_estimates([-3.0], [-2.0]).round(4).tolist()
    [[-1.0], [0.5], [0.7183]]
    """
    logp, logq = (np.asarray(row, dtype=np.float64) for row in (logp, logq))
    if logp.shape != logq.shape or logp.size == 0:
        raise ValueError(
            f"logp has shape {logp.shape}, logq {logq.shape}; pass both for the same samples, at least one"
        )
    if not np.isfinite(logp).all() or np.isnan(logq).any() or (logq == np.inf).any():
        raise ValueError("a log probability is not finite; only logq may be -inf")
    log_ratio = logq - logp  # log rho
    with np.errstate(over="ignore"):  # rho may be more than a float holds
        return np.stack([0 - log_ratio, log_ratio**2 / 2, np.expm1(log_ratio) - log_ratio])


def _check(name, row):
    row = np.asarray(row)
    short = row.dtype in (np.float16, np.float32)
    slack = 8 * np.finfo(row.dtype).eps if short else 1e-9  # what the rounding of the input may leave
    row = row.astype(np.float64)
    if row.ndim == 0 or not (row >= 0).all() or not np.allclose(row.sum(axis=-1), 1, rtol=0, atol=slack):
        raise ValueError(f"{name} is no distribution; pass probabilities of 0 or more that sum to 1")
    return row
