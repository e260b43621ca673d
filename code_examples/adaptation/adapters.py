"""Adapters: a small trained bottleneck with a skip around it, put behind a frozen sublayer.

Accompanies ``docs/adaptation/adapters.md``, whose names it follows: d is the width, m the bottleneck.
"""

import numpy as np

from code_examples.architectures.feed_forward_network import feed_forward


def apply_adapter(h, w_down, b_down, w_up, b_up):
    """Pass the output of a sublayer through an adapter.

    Parameters
    ----------
    h : array_like, shape (..., d)
        What the frozen sublayer returned, dimensionless.
    w_down : array_like, shape (d, m)
        Weights into the bottleneck.
    b_down : array_like, shape (m,)
        Biases of the bottleneck.
    w_up : array_like, shape (m, d)
        Weights out of the bottleneck.
    b_up : array_like, shape (d,)
        Biases of the correction.

    Returns
    -------
    ndarray of float64, shape (..., d)
        `h` plus a correction; `h` itself where w_up and b_up are zero.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is not finite.

    Notes
    -----
    The module of section 2.1 of [1]_ and its figure 2, with ReLU for the nonlinearity, which the
    section leaves open.

    References
    ----------
    .. [1] N. Houlsby et al., "Parameter-Efficient Transfer Learning for NLP," 2019, section 2.1.

    Examples
    --------
    The bottleneck reads the first number less the second, and adds ten times that to the second.

    >>> from code_examples.adaptation.adapters import apply_adapter
    >>> adapter = [[1], [-1]], [0], [[0, 10]], [0, 0]
    >>> apply_adapter([[5, 3], [3, 5]], *adapter).tolist()
    [[5.0, 23.0], [3.0, 5.0]]

    With nothing behind the bottleneck, the input comes out as it went in.

    >>> apply_adapter([5, 3], [[1], [-1]], [0], [[0, 0]], [0, 0]).tolist()
    [5.0, 3.0]
    """
    h = np.asarray(h, dtype=float)
    correction = feed_forward(h, w_down, b_down, w_up, b_up)
    if correction.shape != h.shape:
        raise ValueError(f"the adapter turns shape {h.shape} into {correction.shape}; give w_up as many columns as h")
    return h + correction


def init_adapter(d, m, rng, sd=0.01):
    """Draw an adapter that changes almost nothing.

    Parameters
    ----------
    d, m : int
        Width of the model and of the bottleneck, each at least 1.
    rng : numpy.random.Generator
        Where the weights come from.
    sd : float, default 0.01
        Standard deviation of the Gaussian before its tails are cut, dimensionless, at least 0.

    Returns
    -------
    tuple of ndarray
        The matrices w_down of shape (d, m) and w_up (m, d), between them and behind them their
        biases b_down (m,) and b_up (d,). The biases are zero, and no weight is further from zero
        than two standard deviations.

    Raises
    ------
    ValueError
        If a width is not a positive integer, or `sd` is negative or not finite.

    Notes
    -----
    Section 3.6 of [1]_: zero mean, standard deviation 0.01, cut at two standard deviations. What
    lies beyond is drawn again.

    References
    ----------
    .. [1] N. Houlsby et al., "Parameter-Efficient Transfer Learning for NLP," 2019, section 3.6.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.adaptation.adapters import apply_adapter, init_adapter
    >>> adapter = init_adapter(3, 2, np.random.default_rng(0))
    >>> [part.shape for part in adapter]
    [(3, 2), (2,), (2, 3), (3,)]
    >>> apply_adapter([100.0, 200.0, 300.0], *adapter).round().tolist()
    [100.0, 200.0, 300.0]

    A deviation of zero gives the identity.

    >>> apply_adapter([1.5], *init_adapter(1, 1, np.random.default_rng(0), sd=0)).tolist()
    [1.5]
    """
    d, m = _size("d", d), _size("m", m)
    if not 0 <= sd < np.inf:
        raise ValueError(f"sd is {sd}; pass a finite number of at least 0")
    down, up = (_truncated_normal(shape, rng) for shape in ((d, m), (m, d)))
    return sd * down, np.zeros(m), sd * up, np.zeros(d)


def count_parameters(d, m, n_adapters):
    """Count the numbers that adapters train.

    Parameters
    ----------
    d, m : int
        Width of the model and of the bottleneck, each at least 1.
    n_adapters : int
        How many there are: twice the number of layers after Houlsby, once after Pfeiffer.

    Returns
    -------
    int
        ``2 * d * m + d + m`` for each.

    Raises
    ------
    ValueError
        If one of them is not a positive integer.

    Notes
    -----
    Section 2.1 of [1]_. Layer norms and the task's head, which that paper trains too, are not
    counted.

    References
    ----------
    .. [1] N. Houlsby et al., "Parameter-Efficient Transfer Learning for NLP," 2019, section 2.1.

    Examples
    --------
    Width 4 and bottleneck 3: two matrices of 12, and 3 and 4 biases.

    >>> from code_examples.adaptation.adapters import count_parameters
    >>> count_parameters(4, 3, n_adapters=1), count_parameters(4, 3, n_adapters=2)
    (31, 62)

    The smallest one.

    >>> count_parameters(1, 1, 1)
    4
    """
    d, m, n_adapters = _size("d", d), _size("m", m), _size("n_adapters", n_adapters)
    return n_adapters * (2 * d * m + d + m)


def _truncated_normal(shape, rng):
    """Draw standard normal numbers until none is further than 2 from zero."""
    drawn = rng.standard_normal(shape)
    while (outside := np.abs(drawn) > 2).any():
        drawn[outside] = rng.standard_normal(np.count_nonzero(outside))
    return drawn


def _size(name, value):
    """Return `value` as int, or say what is wrong with it."""
    if not 1 <= value < np.inf or value != int(value):
        raise ValueError(f"{name} is {value}; pass an integer of at least 1")
    return int(value)
