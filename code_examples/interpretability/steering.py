"""Steering a model: one score for an answer that was marked on several counts.

Accompanies ``docs/interpretability/steering.md``, whose names it follows.
"""

import numpy as np


def steering_score(marks):
    """Return the harmonic mean of each answer's marks, which is 0 if one of them is 0.

    Parameters
    ----------
    marks : array_like, shape (n_answers, n_marks)
        What a judge gave each answer on each count, finite and at least 0; in AxBench from 0 to 2,
        for the concept, for following the instruction, and for fluency.

    Returns
    -------
    ndarray, shape (n_answers,)
        In the unit of the marks: at least the lowest mark of the answer, at most their mean.

    Raises
    ------
    ValueError
        If `marks` is no matrix with at least one mark for one answer, or a mark is negative or not
        finite.

    Notes
    -----
    The score of an answer in AxBench [1]_; a method has the mean over its answers.

    References
    ----------
    .. [1] Z. Wu et al., "AxBench: Steering LLMs? Even Simple Baselines Outperform Sparse
       Autoencoders," 2025.

    Examples
    --------
    The first answer is all that was asked for, the second lacks half of the concept, the third
    ignores the instruction.

    >>> from code_examples.interpretability.steering import steering_score
    >>> steering_score([[2, 2, 2], [1, 2, 2], [2, 0, 2]]).tolist()
    [2.0, 1.5, 0.0]
    """
    marks = np.asarray(marks, dtype=float)
    if marks.ndim != 2 or not marks.size:
        raise ValueError(f"marks have shape {marks.shape}; pass one row for each answer, with at least one mark")
    if not (np.isfinite(marks) & (marks >= 0)).all():
        raise ValueError("a mark is negative or not finite; pass marks of at least 0")
    with np.errstate(divide="ignore"):
        return marks.shape[1] / (1 / marks).sum(axis=1)
