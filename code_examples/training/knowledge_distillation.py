"""Knowledge distillation: train a student on the softened answers of a teacher.

Accompanies ``docs/training/knowledge-distillation.md``, whose names it follows: teacher, student and temperature.
"""

import numpy as np

from code_examples.foundations.cross_entropy import cross_entropy, gradient
from code_examples.foundations.softmax import shift_logits, softmax


def distillation_loss(student_logits, teacher_logits, temperature=1.0):
    """Return how far the student's softened answers are from the teacher's.

    Parameters
    ----------
    student_logits : array_like, shape (n_examples, n_classes)
        Scores of the student, dimensionless; ``-inf`` where masked.
    teacher_logits : array_like, shape (n_examples, n_classes)
        Scores of the teacher for the same classes; ``-inf`` where it excludes one. A hard label is a teacher
        that excludes all classes but one.
    temperature : float, default 1.0
        Above 0, dimensionless; divides the logits of both.

    Returns
    -------
    float
        Mean over the examples of temperature squared times the KL divergence of the teacher's probabilities
        and the student's, in nats; at least 0 up to rounding, ``inf`` if the student masks what the teacher gives.

    Raises
    ------
    ValueError
        If the shapes differ or are empty, a row has no softmax, or the temperature is not a finite number above 0.

    Notes
    -----
    The soft part of the objective of section 2 of [1]_, less the entropy of the teacher, which the student
    cannot change: it is 0 where the student has learned everything.

    References
    ----------
    .. [1] G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural Network," 2015, section 2.

    Examples
    --------
    The label is the first of two classes, and the student cannot tell: log 2.

    >>> from code_examples.training.knowledge_distillation import distillation_loss
    >>> round(distillation_loss([[0, 0]], [[0, -float("inf")]]), 6)
    0.693147

    Twice the logits at twice the temperature are the same answers; the loss is four times as large.

    >>> round(distillation_loss([[0, 0]], [[4, 0]], temperature=2) / distillation_loss([[0, 0]], [[2, 0]]), 6)
    4.0

    Logits that differ by a constant are the same answer.

    >>> distillation_loss([[1, 3, 2]], [[11, 13, 12]], temperature=5)
    0.0
    """
    student, teacher = _soften(student_logits, teacher_logits, temperature)
    target = softmax(teacher)  # (n_examples, n_classes)
    gaps = cross_entropy(target, student) - cross_entropy(target, teacher)  # (n_examples,)
    return float(temperature**2 * gaps.mean())


def distillation_gradient(student_logits, teacher_logits, temperature=1.0):
    """Return the gradient of the distillation loss by the student's logits.

    Parameters
    ----------
    student_logits : array_like, shape (n_examples, n_classes)
        As for `distillation_loss`.
    teacher_logits : array_like, shape (n_examples, n_classes)
        As for `distillation_loss`.
    temperature : float, default 1.0
        Above 0, dimensionless.

    Returns
    -------
    ndarray of float64, shape (n_examples, n_classes)
        Nats by unit of logit; each row sums to 0.

    Raises
    ------
    ValueError
        As for `distillation_loss`.

    Notes
    -----
    Temperature times the difference of the probabilities, student minus teacher, by the number of examples:
    equation 2 of [1]_ times the temperature squared.

    References
    ----------
    .. [1] G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural Network," 2015, section 2.

    Examples
    --------
    At a high temperature it is the difference of the logits, each less their mean, by the number of classes:
    here of (0, 0, 0) and (3, -1, -2).

    >>> from code_examples.training.knowledge_distillation import distillation_gradient
    >>> distillation_gradient([[0, 0, 0]], [[6, 2, 1]], temperature=1e6).round(4).tolist()
    [[-1.0, 0.3333, 0.6667]]

    Two examples share the mean, and a label is a teacher that excludes the rest.

    >>> distillation_gradient([[0, 0], [5, 5]], [[0, -float("inf")], [7, 7]]).tolist()
    [[-0.25, 0.25], [0.0, 0.0]]
    """
    student, teacher = _soften(student_logits, teacher_logits, temperature)
    return temperature * gradient(softmax(teacher), student) / len(student)


def train_student(inputs, teacher_logits, temperature, steps, learning_rate):
    """Train a linear student by gradient descent on the distillation loss.

    Parameters
    ----------
    inputs : array_like, shape (n_examples, n_inputs)
        One example a row; a column of ones gives the student a bias.
    teacher_logits : array_like, shape (n_examples, n_classes)
        What the teacher says of each, as for `distillation_loss`.
    temperature : float
        Above 0, dimensionless.
    steps : int
        How many, 0 or more.
    learning_rate : float
        Above 0, in units of 1 / (input squared).

    Returns
    -------
    ndarray of float64, shape (n_inputs, n_classes)
        Weights; the student's logits are ``inputs @ weights``. They start at 0.

    Raises
    ------
    ValueError
        If the inputs are not finite or do not fit the teacher's logits, `steps` is negative, the learning rate is
        not a finite number above 0, or the loss refuses the rest.

    Examples
    --------
    Two classes, input 1, no bias: the student moves by the gap of the probabilities, here 1/2, each step.

    >>> from code_examples.training.knowledge_distillation import train_student
    >>> train_student([[1]], [[0, -float("inf")]], temperature=1, steps=1, learning_rate=0.5).tolist()
    [[0.25, -0.25]]

    From soft answers it learns the teacher's logits, 2 apart, and stays there.

    >>> weights = train_student([[1], [2]], [[2, 0], [4, 0]], temperature=3, steps=300, learning_rate=0.5)
    >>> weights.round(6).tolist()
    [[1.0, -1.0]]
    """
    inputs, teacher_logits = np.asarray(inputs, dtype=float), np.asarray(teacher_logits, dtype=float)
    if inputs.ndim != 2 or inputs.size == 0 or len(inputs) != len(np.atleast_1d(teacher_logits)):
        raise ValueError(
            f"inputs have shape {inputs.shape}, teacher logits {teacher_logits.shape}; pass a row for each example"
        )
    if not np.isfinite(inputs).all():
        raise ValueError("an input is not finite; look for what made NaN or infinity first")
    if steps < 0:
        raise ValueError(f"steps is {steps}; pass 0 or more")
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate is {learning_rate}; pass a finite number above 0")
    weights = np.zeros((inputs.shape[1], *teacher_logits.shape[1:]))
    for _ in range(steps):
        weights = weights - learning_rate * inputs.T @ distillation_gradient(
            inputs @ weights, teacher_logits, temperature
        )
    return weights


def _soften(student_logits, teacher_logits, temperature):
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; pass a finite number above 0")
    shape, other = np.shape(student_logits), np.shape(teacher_logits)
    if len(shape) != 2 or 0 in shape or other != shape:
        raise ValueError(
            f"student and teacher logits have shapes {(shape, other)}; "
            "pass two tables of one shape (n_examples, n_classes)"
        )
    with np.errstate(over="ignore"):  # an infinite gap leaves no probability
        return shift_logits(student_logits) / temperature, shift_logits(teacher_logits) / temperature
