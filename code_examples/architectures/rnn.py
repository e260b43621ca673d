"""Recurrent networks: one step of three kinds, how far the last state feels the earlier ones, and a scan.

Accompanies ``docs/architectures/rnn.md``, whose names it follows: state, hidden, cell, gate.
"""

import numpy as np


def rnn_step(state, x, w_input, w_hidden, bias):
    """Return the next state of a plain recurrent network.

    Parameters
    ----------
    state : array_like, shape (..., d)
        Hidden state, dimensionless.
    x : array_like, shape (..., d_in)
        Input of this step.
    w_input : array_like, shape (d, d_in)
        Weights of the input.
    w_hidden : array_like, shape (d, d)
        Weights of the state.
    bias : array_like, shape (d,)
        Bias.

    Returns
    -------
    ndarray, shape (..., d)
        The next state, each entry between -1 and 1.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, or an entry is not finite.

    Notes
    -----
    The equation of [1]_, whose two biases are one here.

    References
    ----------
    .. [1] PyTorch documentation, torch.nn.RNN, tanh.

    Examples
    --------
    Two units, one input: the units see 0.5 - 1 + 0.5 = 0 and 2 - 2 = 0.

    >>> from code_examples.architectures.rnn import rnn_step
    >>> rnn_step([0.5, -1], [2], w_input=[[0.25], [1]], w_hidden=[[1, 1], [0, 2]], bias=[0, 0]).tolist()
    [0.0, 0.0]

    Weights of zero leave the bias alone.

    >>> float(rnn_step([9], [9], [[0]], [[0]], [1000])[0])
    1.0
    """
    state, x, w_input, w_hidden, bias = _checked(state, x, w_input, w_hidden, bias, n_gates=1, n_parts=1)
    return np.tanh(x @ w_input.T + state @ w_hidden.T + bias)


def lstm_step(state, x, w_input, w_hidden, bias):
    """Return the next state of a long short-term memory (LSTM).

    Parameters
    ----------
    state : array_like, shape (..., 2 * d)
        Hidden state, then cell state, dimensionless.
    x : array_like, shape (..., d_in)
        Input of this step.
    w_input : array_like, shape (4 * d, d_in)
        Weights of the input: for the input gate, the forget gate, the new content, the output gate.
    w_hidden : array_like, shape (4 * d, d)
        Weights of the hidden state, in the same order.
    bias : array_like, shape (4 * d,)
        Biases, in the same order.

    Returns
    -------
    ndarray, shape (..., 2 * d)
        The next hidden state, each entry between -1 and 1, then the next cell state.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, or an entry is not finite.

    Notes
    -----
    The equations of [1]_, whose two biases are one here.

    References
    ----------
    .. [1] PyTorch documentation, torch.nn.LSTM.

    Examples
    --------
    With weights of zero, half of the cell is kept, nothing is added, and half of tanh(0.5) is shown.

    >>> from code_examples.architectures.rnn import lstm_step
    >>> lstm_step([0, 1], [7], [[0]] * 4, [[0]] * 4, [0] * 4).round(4).tolist()
    [0.2311, 0.5]

    A forget gate that is open and an input gate that is shut keep the cell as it is.

    >>> lstm_step([0, 1], [7], [[0]] * 4, [[0]] * 4, [-1000, 1000, 5, -1000]).tolist()
    [0.0, 1.0]
    """
    state, x, w_input, w_hidden, bias = _checked(state, x, w_input, w_hidden, bias, n_gates=4, n_parts=2)
    hidden, cell = np.split(state, 2, axis=-1)
    write, keep, new, show = np.split(x @ w_input.T + hidden @ w_hidden.T + bias, 4, axis=-1)
    cell = _logistic(keep) * cell + _logistic(write) * np.tanh(new)
    return np.concatenate([_logistic(show) * np.tanh(cell), cell], axis=-1)


def gru_step(state, x, w_input, w_hidden, bias):
    """Return the next state of a gated recurrent unit (GRU).

    Parameters
    ----------
    state : array_like, shape (..., d)
        Hidden state, dimensionless.
    x : array_like, shape (..., d_in)
        Input of this step.
    w_input : array_like, shape (3 * d, d_in)
        Weights of the input: for the reset gate, the update gate, the new content.
    w_hidden : array_like, shape (3 * d, d)
        Weights of the state, in the same order.
    bias : array_like, shape (3 * d,)
        Biases, in the same order.

    Returns
    -------
    ndarray, shape (..., d)
        The next state.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, or an entry is not finite.

    Notes
    -----
    The equations of [1]_, with one bias. The reset gate multiplies what the weights make of the state;
    other libraries multiply the state first, which gives another network for the same weights.

    References
    ----------
    .. [1] PyTorch documentation, torch.nn.GRU.

    Examples
    --------
    With weights of zero, half of the state is kept and half of tanh(bias) is added.

    >>> from code_examples.architectures.rnn import gru_step
    >>> gru_step([1], [7], [[0]] * 3, [[0]] * 3, [0, 0, 1000]).tolist()
    [1.0]
    >>> gru_step([1], [7], [[0]] * 3, [[0]] * 3, [0, 0, -1000]).tolist()
    [0.0]

    An update gate that is open keeps everything.

    >>> gru_step([0.3], [7], [[0]] * 3, [[5]] * 3, [0, 1000, 0]).tolist()
    [0.3]
    """
    state, x, w_input, w_hidden, bias = _checked(state, x, w_input, w_hidden, bias, n_gates=3, n_parts=1)
    reset, update, new = np.split(x @ w_input.T + bias, 3, axis=-1)
    more_reset, more_update, recalled = np.split(state @ w_hidden.T, 3, axis=-1)
    keep = _logistic(update + more_update)
    return keep * state + (1 - keep) * np.tanh(new + _logistic(reset + more_reset) * recalled)


def influence(step, start, inputs):
    """Measure how much the last state changes when an earlier one does.

    Parameters
    ----------
    step : callable
        Takes states, shape (n, size), and one input, shape (d_in,), and returns the next states.
    start : array_like, shape (size,)
        State before the first input.
    inputs : array_like, shape (n_steps, d_in)
        One input in each row.

    Returns
    -------
    ndarray, shape (n_steps + 1,)
        At index k, the largest change of the last state by a small change of length one, made k steps
        earlier: the spectral norm of the derivative. The first entry is 1.

    Raises
    ------
    ValueError
        If `start` or `inputs` has another number of axes.

    Notes
    -----
    The derivative is the product of those of the single steps, as in section 2 of [1]_. Each is
    measured by a central difference, so that any step will do.

    References
    ----------
    .. [1] R. Pascanu et al., "On the difficulty of training Recurrent Neural Networks," 2012.

    Examples
    --------
    A step that halves one entry and doubles the other.

    >>> from code_examples.architectures.rnn import influence
    >>> influence(lambda state, x: state * [0.5, 2], [1, 1], [[0], [0], [0]]).round(6).tolist()
    [1.0, 2.0, 4.0, 8.0]

    A step that copies loses nothing.

    >>> influence(lambda state, x: state, [5], [[0], [0]]).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    start, inputs = np.asarray(start, dtype=float), np.asarray(inputs, dtype=float)
    if start.ndim != 1 or inputs.ndim != 2:
        raise ValueError(f"start and inputs have shapes {start.shape}, {inputs.shape}; pass (size,), (n_steps, d_in)")
    states = [start]
    for x in inputs:
        states.append(step(states[-1][None], x)[0])
    moves = 1e-5 * np.eye(start.size)
    chain, norms = np.eye(start.size), [1.0]
    for state, x in zip(states[-2::-1], inputs[::-1], strict=True):
        chain = (step(state + moves, x) - step(state - moves, x)) / 2e-5 @ chain  # (from, to)
        norms.append(np.linalg.norm(chain, 2))
    return np.array(norms)


def scan(factors, inputs):
    """Return all states of a linear recurrence, in few rounds instead of one step after the other.

    Parameters
    ----------
    factors : array_like, shape (n_steps, d)
        What each entry of the state is multiplied by at each step.
    inputs : array_like, shape (n_steps, d)
        What is then added.

    Returns
    -------
    states : ndarray, shape (n_steps, d)
        ``states[t] = factors[t] * states[t - 1] + inputs[t]``, from a state of zero.
    n_rounds : int
        How many rounds it took: the base-2 logarithm of `n_steps`, rounded up.

    Raises
    ------
    ValueError
        If the shapes differ or are no two sizes of at least 1.

    Notes
    -----
    Two steps in a row, h -> a h + b and h -> c h + d, are one step of the same kind: h -> (ca) h + (cb + d).
    So each round joins every step to the joined steps before it, and doubles how many each covers. It
    does the work of about log2(n_steps) passes, all entries of a pass at once.

    Examples
    --------
    A factor of 1 adds up, a factor of 0 forgets.

    >>> from code_examples.architectures.rnn import scan
    >>> states, n_rounds = scan([[1], [1], [0], [1], [2]], [[1], [2], [3], [4], [5]])
    >>> states.ravel().tolist(), n_rounds
    ([1.0, 3.0, 3.0, 7.0, 19.0], 3)

    One step takes no round.

    >>> scan([[9]], [[4]])
    (array([[4.]]), 0)
    """
    factors, states = np.array(factors, dtype=float), np.array(inputs, dtype=float)
    if factors.shape != states.shape or states.ndim != 2 or not states.size:
        raise ValueError(f"the shapes are {factors.shape} and {states.shape}; pass (n_steps, d) twice, at least 1 each")
    n_rounds, reach = 0, 1
    while reach < len(states):
        states[reach:] += factors[reach:] * states[:-reach]
        factors[reach:] *= factors[:-reach]
        n_rounds, reach = n_rounds + 1, 2 * reach
    return states, n_rounds


def _logistic(z):
    return (1 + np.tanh(z / 2)) / 2


def _checked(state, x, w_input, w_hidden, bias, n_gates, n_parts):
    """Return the arguments of a step as float64, or say which shapes would fit."""
    arrays = [np.asarray(part, dtype=float) for part in (state, x, w_input, w_hidden, bias)]
    state, x, w_input, w_hidden, bias = arrays
    d = w_hidden.shape[-1] if w_hidden.ndim == 2 else 0
    rows = n_gates * d
    fits = [state.shape[-1:] == (n_parts * d,), w_input.shape == (rows, *x.shape[-1:]), w_hidden.shape == (rows, d)]
    if not d or not all(fits) or w_input.ndim != 2 or bias.shape != (rows,):
        raise ValueError(
            f"state, x, w_input, w_hidden and bias have shapes {', '.join(str(part.shape) for part in arrays)}; "
            f"pass (..., {n_parts} d), (..., d_in), ({n_gates} d, d_in), ({n_gates} d, d), ({n_gates} d,)"
        )
    if not all(np.isfinite(part).all() for part in arrays):
        raise ValueError("an entry is not finite; look for what made NaN or infinity first")
    return arrays
