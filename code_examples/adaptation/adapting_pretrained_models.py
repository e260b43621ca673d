"""Ways to adapt a pretrained model: a network of two linear layers, features and heads, trained in part or whole.

Accompanies ``docs/adaptation/adapting-pretrained-models.md``, whose names it follows: the features that all tasks
share, and the head of each. The model of a task is ``inputs @ features @ head``; the loss is the squared error.
"""

import numpy as np


def fit_head(features, inputs, targets):
    """Train a head on frozen features, to the end.

    Parameters
    ----------
    features : array_like, shape (n_inputs, n_features)
        The pretrained layer, left as it is.
    inputs : array_like, shape (n_examples, n_inputs)
        One example of the new task in each row.
    targets : array_like, shape (n_examples, n_outputs)
        What the model is to give for each.

    Returns
    -------
    ndarray of float64, shape (n_features, n_outputs)
        The head of least squared error; where several have it, the smallest.

    Raises
    ------
    ValueError
        If the shapes do not fit, there is no example, or a value is not finite.

    Examples
    --------
    The features pass the first input on, doubled, and drop the second: the head can use the first only.

    >>> from code_examples.adaptation.adapting_pretrained_models import fit_head
    >>> fit_head([[2], [0]], inputs=[[1, 5], [2, -5]], targets=[[3], [6]]).round(6).tolist()
    [[1.5]]
    """
    [(inputs, targets)] = _check(features, [(inputs, targets)])
    return np.linalg.lstsq(inputs @ np.asarray(features, dtype=float), targets)[0]


def fine_tune(features, heads, tasks, steps, rate):
    """Train features and heads on all tasks at once, by gradient descent.

    Parameters
    ----------
    features : array_like, shape (n_inputs, n_features)
        Where the shared layer begins.
    heads : sequence of array_like, each of shape (n_features, n_outputs)
        Where the head of each task begins.
    tasks : sequence of tuple
        ``(inputs, targets)`` of each task, as for `fit_head`. With one task this is full fine-tuning; with an old
        task beside it, replay; with features that nobody trained before, multi-task learning from the start.
    steps : int
        How many, 0 or more.
    rate : float
        Learning rate, above 0.

    Returns
    -------
    features : ndarray of float64, shape (n_inputs, n_features)
        After the last step.
    heads : list of ndarray of float64
        After the last step.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is not finite, `steps` is negative, `rate` is not a finite number above 0,
        or so large that the weights overflow.

    Notes
    -----
    The loss is the sum over the tasks of half the squared error, averaged over the examples of each.

    Examples
    --------
    One weight after another, both 1; input 1, target 3: both move by the error, 2, times the rate.

    >>> from code_examples.adaptation.adapting_pretrained_models import fine_tune
    >>> features, heads = fine_tune([[1]], [[[1]]], [([[1]], [[3]])], steps=1, rate=0.25)
    >>> features.tolist(), [head.tolist() for head in heads]
    ([[1.5]], [[[1.5]]])

    A second task that is already right, twice as steep, pulls nothing and is left alone but for the shared layer.

    >>> features, heads = fine_tune([[1]], [[[1]], [[2]]], [([[1]], [[3]]), ([[1]], [[2]])], steps=1, rate=0.25)
    >>> features.tolist(), [head.tolist() for head in heads]
    ([[1.5]], [[[1.5]], [[2.0]]])
    """
    tasks = _check(features, tasks, heads)
    features, heads = np.asarray(features, dtype=float), [np.asarray(head, dtype=float) for head in heads]
    if steps < 0:
        raise ValueError(f"steps is {steps}; pass 0 or more")
    if not 0 < rate < np.inf:
        raise ValueError(f"rate is {rate}; pass a finite number above 0")
    moments = [(inputs.T @ inputs / len(inputs), inputs.T @ targets / len(inputs)) for inputs, targets in tasks]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            pulls = [spread @ (features @ head) - goal for (spread, goal), head in zip(moments, heads, strict=True)]
            moved = features - rate * sum(pull @ head.T for pull, head in zip(pulls, heads, strict=True))
            heads = [head - rate * features.T @ pull for pull, head in zip(pulls, heads, strict=True)]
            features = moved
    if not all(np.isfinite(weights).all() for weights in (features, *heads)):
        raise ValueError(f"the weights overflow at rate {rate}; pass a lower one")
    return features, heads


def _check(features, tasks, heads=None):
    features = np.asarray(features)
    tasks = [(np.asarray(inputs, dtype=float), np.asarray(targets, dtype=float)) for inputs, targets in tasks]
    heads = [np.zeros((*features.shape[1:], *tasks[0][1].shape[1:]))] if heads is None else heads
    if features.ndim != 2 or not tasks or len(heads) != len(tasks):
        raise ValueError(
            f"features have shape {features.shape}, and there are {len(heads)} heads for {len(tasks)} tasks; "
            "pass (n_inputs, n_features), and one head for each task"
        )
    for (inputs, targets), head in zip(tasks, heads, strict=True):
        shapes = inputs.shape, targets.shape, np.shape(head)
        sizes = (*inputs.shape, 0)[0], (*targets.shape, 0, 0)[1]
        if 0 in sizes or shapes != ((sizes[0], len(features)), sizes, (features.shape[1], sizes[1])):
            raise ValueError(
                f"inputs, targets and head have shapes {shapes}, features {features.shape}; pass "
                "(n_examples, n_inputs), (n_examples, n_outputs), (n_features, n_outputs) and (n_inputs, n_features)"
            )
        if not all(np.isfinite(array).all() for array in (features, inputs, targets, head)):
            raise ValueError("a value is not finite; look for what made NaN or infinity first")
    return tasks
