"""Steering with a sparse autoencoder: set one latent, keep the rest, and measure what moved.

Accompanies ``docs/interpretability/sae-steering.md``, whose names it follows.
"""

import math

import numpy as np

from code_examples.interpretability.sparse_autoencoder import encode


def clamp_latent(model, hidden, latent, value, k=None):
    """Change hidden states as if one latent had a given value.

    Parameters
    ----------
    model : SparseAutoencoder
        What `train_sae` returns.
    hidden : array_like, shape (n, d)
        Hidden states of the layer on which the model was trained.
    latent : int
        Which latent, from 0 to n_latents - 1.
    value : float
        The code it shall have in every state, finite; below 0 it goes further than absence.
    k : int, optional
        As in `encode`.

    Returns
    -------
    ndarray, shape (n, d)
        The states plus ``value`` minus the present code, times the latent's decoder row. What the
        autoencoder cannot rebuild stays as it was.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, an entry is not finite, or a number is out of range.

    Notes
    -----
    The change of the reconstruction is added to the state, so its error is kept, as in [1]_. To
    replace the state by the changed reconstruction would drop the error.

    References
    ----------
    .. [1] A. Templeton et al., "Scaling Monosemanticity," 2024.

    Examples
    --------
    The first latent reads 3 and shall be 5: the state moves by 2 along its row.

    >>> from code_examples.interpretability.sae_steering import clamp_latent
    >>> from code_examples.interpretability.sparse_autoencoder import SparseAutoencoder
    >>> model = SparseAutoencoder([[1, 0], [0, 1]], [0, 0], [[0.6, 0.8], [0, 1]], [0, 0])
    >>> clamp_latent(model, [[3, 7]], latent=0, value=5).round(12).tolist()
    [[4.2, 8.6]]

    The code that it has changes nothing, although this model rebuilds the state badly.

    >>> clamp_latent(model, [[3, 7]], latent=0, value=3).tolist()
    [[3.0, 7.0]]
    """
    codes = encode(model, hidden, k)
    if not 0 <= latent < codes.shape[1] or latent != int(latent):
        raise ValueError(f"latent is {latent}; pass an integer from 0 to {codes.shape[1] - 1}")
    if not math.isfinite(value):
        raise ValueError(f"value is {value}; pass a finite number")
    change = value - codes[:, int(latent)]  # (n,)
    return np.asarray(hidden, dtype=float) + np.outer(change, model.decoder[int(latent)])


def output_effects(model, hidden, next_token, strength):
    """Return how much each latent moves the output when its row is added.

    Parameters
    ----------
    model : SparseAutoencoder
        What `train_sae` returns.
    hidden : array_like, shape (n, d)
        Hidden states to begin from; finite.
    next_token : callable
        Takes hidden states (n, d) and returns probabilities (n, n_tokens).
    strength : float
        How often the decoder row is added; finite.

    Returns
    -------
    ndarray, shape (n_latents,)
        Mean over the states of the total variation distance between the output with and without
        the row: the probability that has moved, from 0 to 1.

    Raises
    ------
    ValueError
        If the widths differ, an entry is not finite, or `strength` is not finite.

    Notes
    -----
    A plain measure of what [1]_ calls an output feature; the scores there are others.

    References
    ----------
    .. [1] D. Arad, A. Mueller and Y. Belinkov, "SAEs Are Good for Steering - If You Select the
       Right Features," 2025.

    Examples
    --------
    The output looks at the first entry only. The first latent moves half of the probability, the
    second none.

    >>> import numpy as np
    >>> from code_examples.interpretability.sae_steering import output_effects
    >>> from code_examples.interpretability.sparse_autoencoder import SparseAutoencoder
    >>> model = SparseAutoencoder(np.eye(2), [0, 0], np.eye(2), [0, 0])
    >>> threshold = lambda states: np.stack([states[:, 0] > 1, states[:, 0] <= 1], axis=1) * 1.0
    >>> output_effects(model, [[0, 5], [2, 5]], threshold, strength=1.5).tolist()
    [0.5, 0.0]
    """
    if not math.isfinite(strength):
        raise ValueError(f"strength is {strength}; pass a finite number")
    encode(model, hidden)  # refuses what does not fit
    hidden = np.asarray(hidden, dtype=float)
    before = next_token(hidden)
    moved = [abs(next_token(hidden + strength * np.asarray(row)) - before) for row in model.decoder]
    return np.array([change.sum(axis=1).mean() / 2 for change in moved])
