"""The Pile: what it is made of, what its weights mean, and the unit it is measured in.

Accompanies ``docs/training/the-pile.md``, whose names it follows.
"""

import math

import numpy as np

# Raw size in GiB, passes over it in one epoch of the whole, and mean document size in KiB:
# L. Gao et al., "The Pile," 2020, Table 1.
COMPONENTS = {
    "Pile-CC": (227.12, 1.0, 4.33),
    "PubMed Central": (90.27, 2.0, 30.55),
    "Books3": (100.96, 1.5, 538.36),
    "OpenWebText2": (62.77, 2.0, 3.85),
    "ArXiv": (56.21, 2.0, 46.61),
    "GitHub": (95.16, 1.0, 5.25),
    "FreeLaw": (51.15, 1.5, 15.06),
    "Stack Exchange": (32.20, 2.0, 2.16),
    "USPTO Backgrounds": (22.90, 2.0, 4.08),
    "PubMed Abstracts": (19.26, 2.0, 1.30),
    "Gutenberg (PG-19)": (10.88, 2.5, 398.73),
    "OpenSubtitles": (12.98, 1.5, 30.48),
    "Wikipedia (en)": (6.38, 3.0, 1.11),
    "DM Mathematics": (7.75, 2.0, 8.00),
    "Ubuntu IRC": (5.52, 2.0, 545.48),
    "BookCorpus2": (6.30, 1.5, 369.87),
    "EuroParl": (4.59, 2.0, 68.87),
    "HackerNews": (3.90, 2.0, 4.92),
    "YouTube Subtitles": (3.73, 2.0, 22.55),
    "PhilPapers": (2.38, 2.0, 73.37),
    "NIH ExPorter": (1.89, 2.0, 2.11),
    "Enron Emails": (0.88, 2.0, 1.78),
}


def mixture(raw_sizes, epochs):
    """Return how much of each component a model sees in one epoch of a mixture, and its weight.

    Parameters
    ----------
    raw_sizes : array_like, shape (n_components,)
        Sizes before any repetition, in any unit; positive.
    epochs : array_like, shape (n_components,)
        Passes over each component in one pass over the whole; positive, not necessarily whole.

    Returns
    -------
    effective : ndarray of float64, shape (n_components,)
        Sizes with repetition, in the unit of `raw_sizes`.
    weights : ndarray of float64, shape (n_components,)
        Their shares of the whole, which sum to 1.

    Raises
    ------
    ValueError
        If there is no component, a number is not positive and finite, or the shapes do not fit.

    Notes
    -----
    The columns "Effective Size" and "Weight" of Table 1 in [1]_.

    References
    ----------
    .. [1] L. Gao et al., "The Pile: An 800GB Dataset of Diverse Text for Language Modeling," 2020.

    Examples
    --------
    Six parts seen once and one part seen three times: two thirds and one third.

    >>> from code_examples.training.the_pile import mixture
    >>> effective, weights = mixture([6, 1], [1, 3])
    >>> effective.tolist(), weights.round(3).tolist()
    ([6.0, 3.0], [0.667, 0.333])

    A single component is all there is.

    >>> mixture([5], [0.5])[1].tolist()
    [1.0]
    """
    raw_sizes, epochs = np.asarray(raw_sizes, dtype=np.float64), np.asarray(epochs, dtype=np.float64)
    if raw_sizes.ndim != 1 or raw_sizes.size == 0 or raw_sizes.shape != epochs.shape:
        raise ValueError(
            f"sizes have shape {raw_sizes.shape}, epochs {epochs.shape}; pass one of each for every component"
        )
    for values in (raw_sizes, epochs):
        if not ((values > 0) & np.isfinite(values)).all():
            raise ValueError("a size or a number of epochs is not positive and finite; leave that component out")
    effective = raw_sizes * epochs  # (n_components,)
    return effective, effective / effective.sum()


def bits_per_byte(loss, tokens_per_byte):
    """Turn a loss per token into one per byte of text, which does not depend on the tokenizer.

    Parameters
    ----------
    loss : float
        Mean cross-entropy in nats per token, at least 0.
    tokens_per_byte : float
        Tokens of the text divided by its bytes in UTF-8, positive.

    Returns
    -------
    float
        Bits per byte, at least 0.

    Raises
    ------
    ValueError
        If a number is out of its range or not finite.

    Notes
    -----
    Section 3.1 of [1]_.

    References
    ----------
    .. [1] L. Gao et al., "The Pile: An 800GB Dataset of Diverse Text for Language Modeling," 2020.

    Examples
    --------
    A token of four bytes that costs eight bits: two bits a byte.

    >>> import math
    >>> from code_examples.training.the_pile import bits_per_byte
    >>> round(bits_per_byte(8 * math.log(2), 1 / 4), 9)
    2.0

    A perfect model needs nothing.

    >>> bits_per_byte(0, 0.3)
    0.0
    """
    if not 0 <= loss < math.inf:
        raise ValueError(f"loss is {loss}; pass a finite number of nats, at least 0")
    if not 0 < tokens_per_byte < math.inf:
        raise ValueError(f"tokens per byte are {tokens_per_byte}; pass a positive, finite ratio")
    return float(loss * tokens_per_byte / math.log(2))
