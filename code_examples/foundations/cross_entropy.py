"""Cross-entropy: what a model pays for the probability that it gave to what came.

Accompanies ``docs/foundations/cross-entropy.md``, whose names it follows: target p, model q, logits z.
"""

import numpy as np

from code_examples.foundations.softmax import log_softmax, softmax


def cross_entropy(target, logits):
    """Return the cross-entropy of a target distribution and the softmax of the logits.

    Parameters
    ----------
    target : array_like, shape (..., n_classes)
        Target distribution p: probabilities that sum to 1 along the last axis, one-hot for a hard label.
    logits : array_like, shape (..., n_classes)
        Scores of the model, dimensionless; ``-inf`` where masked.

    Returns
    -------
    ndarray of float64, shape (...)
        Cross-entropy in nats, at least 0; ``inf`` if the target needs a masked class.

    Raises
    ------
    ValueError
        If the shapes differ, a target row is no distribution, or the logits have no softmax. The sum of a row
        may miss 1 by the rounding of its type: 1e-9, or 8 units in the last place of a shorter float.

    Notes
    -----
    The sum of -p log q, with log q as the logit minus the log-sum-exp (equation 1.3 of [1]_).
    A class with p = 0 adds nothing, even where it is masked.

    References
    ----------
    .. [1] P. Blanchard, D. J. Higham and N. J. Higham, "Accurately computing the log-sum-exp and
       softmax functions," IMA Journal of Numerical Analysis 41(4), 2021, section 1.

    Examples
    --------
    A wrong answer that leads by 1000 costs 1000 nats, not infinity.

    >>> from code_examples.foundations.cross_entropy import cross_entropy
    >>> float(cross_entropy([0, 1], [1000, 0]))
    1000.0

    With one class there is nothing to be wrong about.

    >>> float(cross_entropy([1], [7]))
    0.0
    """
    target, logq = _check(target, logits), log_softmax(logits)
    charged = np.multiply(target, -logq, out=np.zeros_like(target), where=target > 0)  # (..., n_classes)
    return charged.sum(axis=-1)


def gradient(target, logits):
    """Return the gradient of the cross-entropy by the logits: model minus target.

    Parameters
    ----------
    target : array_like, shape (..., n_classes)
        Target distribution p: probabilities that sum to 1 along the last axis.
    logits : array_like, shape (..., n_classes)
        Scores of the model, dimensionless; ``-inf`` where masked.

    Returns
    -------
    ndarray of float64, shape (..., n_classes)
        Nats by unit of logit, each from -1 to 1; the last axis sums to 0.

    Raises
    ------
    ValueError
        If the shapes differ, a target row is no distribution, or the logits have no softmax.

    Notes
    -----
    Follows from the softmax and the sum of -p log q, because the target sums to 1.

    Examples
    --------
    Two classes, no preference: half a nat by unit of logit.

    >>> from code_examples.foundations.cross_entropy import gradient
    >>> gradient([0, 1], [0, 0]).tolist()
    [0.5, -0.5]

    However wrong the model is, the gradient does not grow past 1.

    >>> gradient([0, 1], [1000, 0]).tolist()
    [1.0, -1.0]
    """
    target = _check(target, logits)
    return softmax(logits) - target


def smooth_labels(labels, n_classes, smoothing=0.0):
    """Turn class labels into target distributions, with a share spread over all classes.

    Parameters
    ----------
    labels : array_like of int, shape (...)
        Correct classes, from 0 to ``n_classes - 1``.
    n_classes : int
        How many classes there are, at least 1.
    smoothing : float, default 0
        Share of the probability, from 0 to 1, that is spread evenly over all classes.

    Returns
    -------
    ndarray of float64, shape (..., n_classes)
        Target distributions: 1 - smoothing on the label, plus smoothing / n_classes on every class.

    Raises
    ------
    ValueError
        If a label is no class, or `smoothing` is outside 0 to 1.

    Notes
    -----
    The mixture with the uniform distribution includes the correct class. Some code spreads over the
    other classes only; for the same name, its targets are a little softer.

    Examples
    --------
    A fifth of the probability, over four classes, is a twentieth for each.

    >>> from code_examples.foundations.cross_entropy import smooth_labels
    >>> smooth_labels([2], 4, smoothing=0.2).round(2).tolist()
    [[0.05, 0.05, 0.85, 0.05]]

    Without smoothing the target is one-hot.

    >>> smooth_labels(1, 3).tolist()
    [0.0, 1.0, 0.0]
    """
    labels = _check_labels(labels, n_classes)
    if not 0 <= smoothing <= 1:
        raise ValueError(f"smoothing is {smoothing}; pass a share from 0 to 1")
    target = np.full((*labels.shape, n_classes), smoothing / n_classes)
    np.put_along_axis(target, labels[..., np.newaxis], 1 - smoothing + smoothing / n_classes, axis=-1)
    return target


def mean_loss(logits, labels, padding=-100):
    """Return the mean cross-entropy of the tokens that are not padding.

    Parameters
    ----------
    logits : array_like, shape (..., n_classes)
        Scores of the model at each position, dimensionless.
    labels : array_like of int, shape (...)
        The token that came, from 0 to ``n_classes - 1``, or `padding` where none is to be scored.
    padding : int, default -100
        The label of positions that do not count.

    Returns
    -------
    float
        Nats for each token that counts, at least 0.

    Raises
    ------
    ValueError
        If no token counts, a label is neither a class nor `padding`, or the shapes do not fit.

    Notes
    -----
    Sum divided by the count of tokens that count, as PyTorch does for its ``ignore_index``. Where
    nothing counts that is 0/0; this function refuses.

    Examples
    --------
    Two real tokens at even odds cost log 2 each; the padding changes nothing.

    >>> from code_examples.foundations.cross_entropy import mean_loss
    >>> round(mean_loss([[0, 0], [3, 3], [9, 0]], [0, 1, -100]), 6)
    0.693147

    One token, one class.

    >>> mean_loss([[5]], [0])
    0.0
    """
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim == 0 or labels.shape != logits.shape[:-1]:
        raise ValueError(
            f"labels have shape {labels.shape}, logits {logits.shape}; pass one label for each row of logits"
        )
    counts = labels != padding
    if not counts.any():
        raise ValueError("every label is padding; pass at least one token that counts")
    kept = _check_labels(labels[counts], logits.shape[-1])  # (n_counted,)
    logq = log_softmax(logits[counts])  # (n_counted, n_classes)
    return float((0 - logq[np.arange(len(kept)), kept]).mean())


def _check(target, logits):
    target = np.asarray(target)
    short = target.dtype in (np.float16, np.float32)
    slack = 8 * np.finfo(target.dtype).eps if short else 1e-9  # what the rounding of the input may leave
    target = target.astype(np.float64)
    if target.shape != np.shape(logits):
        raise ValueError(
            f"target has shape {target.shape}, logits {np.shape(logits)}; pass one probability for each logit"
        )
    if target.ndim == 0 or not (target >= 0).all() or not np.allclose(target.sum(axis=-1), 1, rtol=0, atol=slack):
        raise ValueError("a target is no distribution; pass probabilities of 0 or more that sum to 1")
    return target


def _check_labels(labels, n_classes):
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels are of type {labels.dtype}; pass integers")
    if ((labels < 0) | (labels >= n_classes)).any():
        raise ValueError(f"a label is not a class; pass integers from 0 to {n_classes - 1}")
    return labels
