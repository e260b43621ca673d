"""What alignment methods keep in memory, and how a group of sampled answers is graded.

Accompanies ``docs/training/choosing-an-alignment-method.md``, whose names it follows.
"""

import math

import numpy as np


def model_memory(n_weights, trained, frozen=0):
    """Return the memory for the models of one training step, without activations.

    Parameters
    ----------
    n_weights : int
        Weights of one model, at least 1.
    trained : int
        Number of models that are trained in full, at least 0.
    frozen : int, default 0
        Number of models that are only run, at least 0.

    Returns
    -------
    float
        Bytes: 16 for each weight that is trained and 2 for each that is frozen.

    Raises
    ------
    ValueError
        If a number is below its least value or not finite.

    Notes
    -----
    Mixed precision with Adam, as counted in [1]_: 2 bytes each for weight and gradient, 4 each for a copy in full
    precision and for Adam's two averages.

    References
    ----------
    .. [1] S. Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models," 2020.

    Examples
    --------
    A billion weights to train, and a frozen copy beside them: 16 GB, and 2 more.

    >>> from code_examples.training.choosing_an_alignment_method import model_memory
    >>> model_memory(10**9, trained=1) / 1e9, model_memory(10**9, trained=1, frozen=1) / 1e9
    (16.0, 18.0)
    """
    if not (1 <= n_weights < math.inf and 0 <= trained < math.inf and 0 <= frozen < math.inf):
        raise ValueError(
            f"{n_weights} weights, {trained} models trained and {frozen} frozen; pass finite counts, with a weight"
        )
    return float(n_weights * (16 * trained + 2 * frozen))


def group_advantages(rewards):
    """Grade each answer against the others to the same prompt, as GRPO does.

    Parameters
    ----------
    rewards : array_like, shape (n_prompts, group_size)
        Reward of each sampled answer, dimensionless; a row holds the answers to one prompt, at least 2.

    Returns
    -------
    ndarray of float64, shape (n_prompts, group_size)
        Reward less the mean of its row, in standard deviations of the row; 0 where a row has one reward only.

    Raises
    ------
    ValueError
        If `rewards` are no rows of at least 2, or one is not finite.

    Notes
    -----
    The advantage of [1]_, with the deviation over the whole group; later variants leave the division out.

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-R1: Incentivizing Reasoning Capability in LLMs via Reinforcement Learning," 2025.

    Examples
    --------
    One right answer of five stands out; where all are right there is nothing to learn.

    >>> from code_examples.training.choosing_an_alignment_method import group_advantages
    >>> group_advantages([[1, 0, 0, 0, 0], [1, 1, 1, 1, 1]]).round(12).tolist()
    [[2.0, -0.5, -0.5, -0.5, -0.5], [0.0, 0.0, 0.0, 0.0, 0.0]]
    """
    rewards = np.asarray(rewards, dtype=np.float64)
    if rewards.ndim != 2 or not len(rewards) or rewards.shape[1] < 2 or not np.isfinite(rewards).all():
        raise ValueError(
            f"rewards have shape {rewards.shape}; pass finite rows of at least 2 answers to one prompt each"
        )
    above = rewards - rewards.mean(axis=1, keepdims=True)
    above[np.ptp(rewards, axis=1) == 0] = 0  # rounding of the mean may leave crumbs
    deviation = np.sqrt((above**2).mean(axis=1, keepdims=True))
    return above / np.where(deviation == 0, 1, deviation)
