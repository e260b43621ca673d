"""Steering vectors: a difference of means, added to a hidden state, and what it does to a toy network.

Accompanies ``docs/interpretability/steering-vectors.md``, whose names it follows. The toy network is
no language model: it has three concept directions, set by hand, and four tokens.
"""

import math

import numpy as np

from code_examples.foundations.softmax import softmax

TOKENS = ("great", "awful", "cat", "dog")

# One row for each concept, of length 1 in 16 dimensions: praise, negation, topic (cat above 0, dog below).
# Praise and topic overlap with a cosine of 0.3.
CONCEPTS = np.zeros((3, 16))
CONCEPTS[0, 0] = CONCEPTS[1, 1] = 1
CONCEPTS[2, [0, 2]] = 0.3, math.sqrt(1 - 0.3**2)


def difference_of_means(positive, negative):
    """Return the steering vector between two sets of hidden states.

    Parameters
    ----------
    positive : array_like, shape (n_positive, d)
        Hidden states of one layer on inputs that show the behaviour.
    negative : array_like, shape (n_negative, d)
        The same on inputs that do not, or show the opposite.

    Returns
    -------
    ndarray, shape (d,)
        Mean of `positive` minus mean of `negative`, in the unit of the hidden states; not scaled.

    Raises
    ------
    ValueError
        If an argument is no finite matrix, or the widths differ.

    Notes
    -----
    With as many pairs on both sides it is the mean of their differences, contrastive activation
    addition [1]_; with a single pair it is activation addition.

    References
    ----------
    .. [1] N. Panickssery et al., "Steering Llama 2 via Contrastive Activation Addition," 2023.

    Examples
    --------
    >>> from code_examples.interpretability.steering_vectors import difference_of_means
    >>> difference_of_means([[3, 1], [5, 1]], [[1, 0], [1, 4], [1, 5]]).tolist()
    [3.0, -2.0]

    A single pair.

    >>> difference_of_means([[2, 7]], [[2, 5]]).tolist()
    [0.0, 2.0]
    """
    positive, negative = _checked_states(positive), _checked_states(negative)
    if positive.shape[1] != negative.shape[1]:
        raise ValueError(f"the widths are {positive.shape[1]} and {negative.shape[1]}; pass states of one layer")
    return positive.mean(axis=0) - negative.mean(axis=0)


def steer(hidden, vector, alpha):
    """Add a multiple of a vector to each hidden state.

    Parameters
    ----------
    hidden : array_like, shape (n, d)
        Hidden states; finite.
    vector : array_like, shape (d,)
        The steering vector.
    alpha : float
        Strength, finite and of either sign; 0 leaves the states as they were. Dimensionless.

    Returns
    -------
    ndarray, shape (n, d)
        ``hidden + alpha * vector``.

    Raises
    ------
    ValueError
        If an argument is not finite, or the shapes do not fit.

    Examples
    --------
    Along a vector of length 1 each state moves by alpha, whatever it was.

    >>> from code_examples.interpretability.steering_vectors import steer
    >>> steer([[1, 2], [0, 9]], [0.6, 0.8], alpha=-5).tolist()
    [[-2.0, -2.0], [-3.0, 5.0]]
    """
    hidden = _checked_states(hidden)
    vector = _checked_vector(vector, hidden)
    if not math.isfinite(alpha):
        raise ValueError(f"alpha is {alpha}; pass a finite number")
    return hidden + alpha * vector


def ablate(hidden, vector):
    """Remove from each hidden state what it has along a vector.

    Parameters
    ----------
    hidden : array_like, shape (n, d)
        Hidden states; finite.
    vector : array_like, shape (d,)
        Only its direction counts; not zero.

    Returns
    -------
    ndarray, shape (n, d)
        The states, at right angles to `vector`.

    Raises
    ------
    ValueError
        If an argument is not finite, `vector` is zero, or the shapes do not fit.

    Notes
    -----
    Directional ablation [1]_. It has no strength to choose.

    References
    ----------
    .. [1] A. Arditi et al., "Refusal in Language Models Is Mediated by a Single Direction," 2024.

    Examples
    --------
    >>> from code_examples.interpretability.steering_vectors import ablate
    >>> ablate([[3, 5], [-2, 0]], [0, 7]).tolist()
    [[3.0, 0.0], [-2.0, 0.0]]
    """
    hidden = _checked_states(hidden)
    vector = _checked_vector(vector, hidden)
    if not vector.any():
        raise ValueError("vector is zero and has no direction; pass another")
    unit = vector / np.linalg.norm(vector)
    return hidden - np.outer(hidden @ unit, unit)


def toy_states(praise, negation, topic, rng):
    """Return hidden states of the toy network for prompts with known contents.

    Parameters
    ----------
    praise, negation, topic : array_like, shape (n,)
        How strongly each prompt has each concept; finite. Below 0 praise is blame and the topic is
        dogs.
    rng : numpy.random.Generator
        Source of all else that a prompt says: noise of standard deviation 0.25 in each entry.

    Returns
    -------
    ndarray, shape (n, 16)
        One state for each prompt: the concepts' directions, weighted and added, plus noise.

    Raises
    ------
    ValueError
        If the three do not have one shape (n,) with at least one entry, or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.interpretability.steering_vectors import toy_states
    >>> quiet = toy_states([0] * 4000, [2] * 4000, [0] * 4000, np.random.default_rng(0))
    >>> abs(quiet.mean(axis=0)).round(1)[:3].tolist(), round(float((quiet - [0, 2] @ np.eye(2, 16)).std()), 2)
    ([0.0, 2.0, 0.0], 0.25)
    """
    strengths = np.array([praise, negation, topic], dtype=float).T
    if strengths.ndim != 2 or not strengths.size or not np.isfinite(strengths).all():
        raise ValueError("pass praise, negation and topic with one finite number for each prompt")
    return strengths @ CONCEPTS + 0.25 * rng.standard_normal((len(strengths), CONCEPTS.shape[1]))


def toy_next_token(hidden):
    """Return the toy network's probabilities of the next token.

    Parameters
    ----------
    hidden : array_like, shape (n, 16)
        Hidden states, finite and none of them zero.

    Returns
    -------
    ndarray, shape (n, 4)
        Probabilities in the order of `TOKENS`, each row with the sum 1.

    Raises
    ------
    ValueError
        If `hidden` has another shape, is not finite, or has a row of zeros.

    Notes
    -----
    Each state is scaled to the length 4, as a norm before the output does in a transformer. Then it
    is read along the three concepts: the readings are p, q and t. Where q is above 1 the prompt is
    negated and p changes its sign. The logits are p, -p, t and -t.

    Examples
    --------
    Pure praise: the reading is 4, and the overlap adds 1.2 for "cat".

    >>> import numpy as np
    >>> from code_examples.interpretability.steering_vectors import CONCEPTS, toy_next_token
    >>> np.log(toy_next_token(CONCEPTS[:1]) / toy_next_token(CONCEPTS[:1])[0, 1])[0].round(6).tolist()
    [8.0, 0.0, 5.2, 2.8]

    Praise in a negated prompt makes "awful" more likely.

    >>> p = toy_next_token([CONCEPTS[0] + CONCEPTS[1]])[0]
    >>> bool(p[1] > p[0])
    True
    """
    hidden = _checked_states(hidden)
    if hidden.shape[1] != CONCEPTS.shape[1]:
        raise ValueError(f"hidden states have {hidden.shape[1]} entries; pass {CONCEPTS.shape[1]}")
    lengths = np.linalg.norm(hidden, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError("a hidden state is zero and cannot be scaled; leave it out")
    praise, negation, topic = (4 * hidden / lengths @ CONCEPTS.T).T
    praise = np.where(negation > 1, -praise, praise)
    return softmax(np.stack([praise, -praise, topic, -topic], axis=1))


def _checked_states(hidden):
    """Return hidden states as float64, or say what is wrong with them."""
    hidden = np.asarray(hidden, dtype=float)
    if hidden.ndim != 2 or not hidden.size:
        raise ValueError(f"hidden states have shape {hidden.shape}; pass rows and columns, at least one each")
    if not np.isfinite(hidden).all():
        raise ValueError("an entry of the hidden states is not finite; leave that state out")
    return hidden


def _checked_vector(vector, hidden):
    """Return `vector` as float64, or say which shape fits."""
    vector = np.asarray(vector, dtype=float)
    if vector.shape != hidden.shape[1:] or not np.isfinite(vector).all():
        raise ValueError(f"vector has shape {vector.shape}; pass {hidden.shape[1]} finite numbers")
    return vector
