"""Overfitting: a fit that can memorize, a split that cannot leak, and what repeated data are worth.

Accompanies ``docs/foundations/overfitting.md``, whose names it follows.
"""

import numpy as np


def fit(features, targets, penalty=0.0):
    """Fit weights by least squares; of all that fit equally well, take the shortest.

    Parameters
    ----------
    features : array_like, shape (n_examples, n_features)
        One example in each row, finite; there may be more features than examples.
    targets : array_like, shape (n_examples,)
        What the features are to predict, finite.
    penalty : float, default 0
        Weight, 0 or more, of the squared length of the weights in the loss.

    Returns
    -------
    ndarray of float64, shape (n_features,)
        Weights, in units of the targets by units of the features.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is not finite, or the penalty is negative or not finite.

    Notes
    -----
    The minimum of the summed squared error plus `penalty` times the squared length of the weights,
    known as ridge regression. With penalty 0 and more features than independent examples, many weights
    reach the same error; the shortest of them is the one that gradient descent from zero finds, too.
    The penalty enters as `n_features` more examples, each asking one weight to be zero.

    Examples
    --------
    Two features that say the same share the work: half of it for each.

    >>> from code_examples.foundations.overfitting import fit
    >>> fit([[1, 1]], [2]).round(6).tolist()
    [1.0, 1.0]

    The squares of what is left of 1 and of the weight are balanced by a penalty of 1.

    >>> fit([[1]], [1], penalty=1).round(6).tolist()
    [0.5]
    """
    features, targets = np.asarray(features, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if features.ndim != 2 or 0 in features.shape or targets.shape != features.shape[:1]:
        raise ValueError(
            f"features have shape {features.shape}, targets {targets.shape}; "
            "pass rows of features and one target for each"
        )
    if not (np.isfinite(features).all() and np.isfinite(targets).all()):
        raise ValueError("a feature or a target is not finite; pass finite values")
    if not 0 <= penalty < np.inf:
        raise ValueError(f"penalty is {penalty}; pass a finite number of 0 or more")
    n_features = features.shape[1]
    rows = np.vstack([features, np.sqrt(penalty) * np.eye(n_features)])  # (n_examples + n_features, n_features)
    wanted = np.concatenate([targets, np.zeros(n_features)])
    return np.linalg.lstsq(rows, wanted)[0]


def hold_out_groups(groups, share, rng):
    """Choose examples to hold out so that no group stands on both sides.

    Parameters
    ----------
    groups : array_like, shape (n_examples,)
        The group of each example: a document, a user, a template, a cluster of near-duplicates.
    share : float
        Share of the groups to hold out, above 0 and below 1.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of bool, shape (n_examples,)
        True where the example is held out.

    Raises
    ------
    ValueError
        If `groups` has not one dimension or holds NaN, there are fewer than two groups, or `share` is not
        between 0 and 1.

    Notes
    -----
    The count of groups is rounded, and kept from being none or all. Groups of unequal size make the
    share of the examples differ from the share of the groups.

    Examples
    --------
    Half of two groups is one; its examples go together.

    >>> import numpy as np
    >>> from code_examples.foundations.overfitting import hold_out_groups
    >>> held_out = hold_out_groups(["a", "a", "b"], 0.5, np.random.default_rng(0)).tolist()
    >>> held_out in ([True, True, False], [False, False, True])
    True

    However small the share, one group is held out.

    >>> int(hold_out_groups([1, 2, 3], 0.001, np.random.default_rng(0)).sum())
    1
    """
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(f"groups have shape {groups.shape}; pass one group for each example")
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        raise ValueError("a group is NaN; give an example without a group one of its own")
    names, of_example = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"there are {len(names)} groups; pass at least two, one for each side")
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; pass a number above 0 and below 1")
    n_held_out = min(max(round(share * len(names)), 1), len(names) - 1)
    chosen = rng.permutation(len(names))[:n_held_out]
    return np.isin(of_example, chosen)


def fresh_epochs(epochs, decay=15.387756):
    """Return how many epochs of fresh data some epochs over the same data are worth.

    Parameters
    ----------
    epochs : array_like
        How often the data are passed over in all, at least 1; may be ``inf``.
    decay : float, default 15.387756
        Repetitions, above 0, after which a further one has lost all but 1/e of its worth.

    Returns
    -------
    ndarray of float64, shape of `epochs`
        Epochs of fresh data worth as much, from 1 to 1 + `decay`.

    Raises
    ------
    ValueError
        If `epochs` has a value below 1 or NaN, or `decay` is not a finite number above 0.

    Notes
    -----
    The effective data of [1]_ divided by the unique data, with the constant that its authors publish
    beside their code. It was fitted to pre-training on web text and cannot express harm: it only levels off.

    References
    ----------
    .. [1] N. Muennighoff et al., "Scaling Data-Constrained Language Models," NeurIPS, 2023;
       README of the repository huggingface/datablations, section "Parametric Fit".

    Examples
    --------
    One pass repeats nothing; passes without end are worth 1 + `decay`.

    >>> from code_examples.foundations.overfitting import fresh_epochs
    >>> fresh_epochs([1, float("inf")]).round(3).tolist()
    [1.0, 16.388]
    """
    epochs = np.asarray(epochs, dtype=np.float64)
    if not (epochs >= 1).all():
        raise ValueError("a number of epochs is below 1 or NaN; pass 1 or more")
    if not 0 < decay < np.inf:
        raise ValueError(f"decay is {decay}; pass a finite number above 0")
    return 1 - decay * np.expm1(-(epochs - 1) / decay)
