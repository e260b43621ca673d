"""Recurrent steps against slow loops over single numbers, JAX's derivatives and its associative scan."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.rnn import gru_step, influence, lstm_step, rnn_step, scan

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)
STEPS = {rnn_step: (1, 1), lstm_step: (4, 2), gru_step: (3, 1)}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def weights(rng, step, d=3, d_in=5):
    n_gates = STEPS[step][0]
    return [rng.standard_normal((n_gates * d, n)) for n in (d_in, d)] + [rng.standard_normal(n_gates * d)]


def logistic(z):
    return 1 / (1 + math.exp(-z))


def slowly(step, state, x, w_input, w_hidden, bias):
    """One step, unit by unit, from the documentation's equations."""
    d = w_hidden.shape[1]
    hidden = state[:d]

    def by_input(k):
        return sum(w_input[k, j] * x[j] for j in range(len(x))) + bias[k]

    def by_state(k):
        return sum(w_hidden[k, j] * hidden[j] for j in range(d))

    if step is rnn_step:
        return [math.tanh(by_input(k) + by_state(k)) for k in range(d)]
    rows = []
    for k in range(d):
        if step is lstm_step:
            i, f, g, o = (by_input(k + n * d) + by_state(k + n * d) for n in range(4))
            cell = logistic(f) * state[d + k] + logistic(i) * math.tanh(g)
            rows.append((logistic(o) * math.tanh(cell), cell))
        else:
            r, z = (logistic(by_input(k + n * d) + by_state(k + n * d)) for n in range(2))
            new = math.tanh(by_input(k + 2 * d) + r * by_state(k + 2 * d))
            rows.append(((1 - z) * new + z * hidden[k],))
    return [row[part] for part in range(len(rows[0])) for row in rows]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_agrees_with_one_unit_at_a_time(step, rng):
    parts = weights(rng, step)
    states, x = rng.standard_normal((4, 3 * STEPS[step][1])), rng.standard_normal((4, 5))
    expected = [slowly(step, state, one, *parts) for state, one in zip(states, x, strict=True)]
    assert_allclose(step(states, x, *parts), expected, rtol=1e-12, atol=1e-14)
    assert_allclose(step(states, x[1], *parts)[1], expected[1], rtol=1e-12, atol=1e-14)
    assert_allclose(step(states[2], x[2], *parts), expected[2], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("step", STEPS)
def test_large_numbers_saturate_and_do_not_overflow(step, rng):
    parts = [1e5 * part for part in weights(rng, step)]
    with np.errstate(all="raise", under="ignore"):
        after = step(np.ones(3 * STEPS[step][1]), np.ones(5), *parts)
    assert np.isfinite(after).all()
    assert abs(after).max() <= 2


@pytest.mark.parametrize("step", STEPS)
def test_influence_agrees_with_automatic_differentiation(step, rng):
    parts = weights(rng, step)
    start, inputs = rng.standard_normal(3 * STEPS[step][1]), rng.standard_normal((6, 5))

    def jax_step(state, x):
        w_input, w_hidden, bias = parts
        hidden = state[:3]
        a, b = w_input @ x + bias, w_hidden @ hidden
        if step is rnn_step:
            return jnp.tanh(a + b)
        if step is lstm_step:
            i, f, g, o = jnp.split(a + b, 4)
            cell = jax.nn.sigmoid(f) * state[3:] + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jnp.concatenate([jax.nn.sigmoid(o) * jnp.tanh(cell), cell])
        (r, z, n), (hr, hz, hn) = jnp.split(a, 3), jnp.split(b, 3)
        z = jax.nn.sigmoid(z + hz)
        return (1 - z) * jnp.tanh(n + jax.nn.sigmoid(r + hr) * hn) + z * hidden

    def last(state, n):
        for x in inputs[n:]:
            state = jax_step(state, x)
        return state

    expected, state = [], start
    for n in range(7):
        expected.append(np.linalg.norm(jax.jacobian(last)(jnp.array(state), n), 2))
        state = jax_step(state, inputs[n]) if n < 6 else state
    felt = influence(lambda states, x: step(states, x, *parts), start, inputs)
    assert_allclose(felt, expected[::-1], rtol=1e-7)


def test_influence_without_any_step_is_one():
    assert influence(lambda state, x: state, [1, 2], np.empty((0, 3))).tolist() == [1]


@pytest.mark.parametrize("n_steps", [1, 2, 3, 7, 8, 9, 100])
def test_scan_agrees_with_a_loop_and_with_jax(n_steps, rng):
    factors, inputs = rng.uniform(-1.2, 1.2, (2, n_steps, 3))
    states, n_rounds = scan(factors, inputs)
    state = np.zeros(3)
    for t in range(n_steps):
        state = factors[t] * state + inputs[t]
        assert_allclose(states[t], state, rtol=1e-9, atol=1e-12)
    assert n_rounds == math.ceil(math.log2(n_steps))
    joined = jax.lax.associative_scan(lambda a, b: (b[0] * a[0], b[0] * a[1] + b[1]), (factors, inputs))
    assert_allclose(states, joined[1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("step", STEPS)
def test_refuses_shapes_that_do_not_fit(step, rng):
    good = [np.ones(3 * STEPS[step][1]), np.ones(5), *weights(rng, step)]
    wrongs = [
        (0, np.ones(4 * STEPS[step][1])),
        (0, np.ones(())),
        (1, np.ones(4)),
        (2, good[2][:-1]),
        (2, good[2][0]),
        (2, good[2][None]),
        (3, good[3][:-1]),
        (3, good[3][:, :-1]),
        (3, good[3][0]),
        (3, good[3][None]),
        (3, good[3][:, :0]),
        (4, good[4][:-1]),
        (4, good[4][None]),
    ]
    for place, wrong in wrongs:
        arrays = [wrong if k == place else part for k, part in enumerate(good)]
        n_gates, n_parts = STEPS[step]
        message = (
            f"state, x, w_input, w_hidden and bias have shapes {', '.join(str(part.shape) for part in arrays)}; "
            f"pass (..., {n_parts} d), (..., d_in), ({n_gates} d, d_in), ({n_gates} d, d), ({n_gates} d,)"
        )
        with pytest.raises(ValueError, match=re.escape(message)):
            step(*arrays)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_refuses_what_is_not_finite(step, place, bad, rng):
    arrays = [np.ones(3 * STEPS[step][1]), np.ones(5), *weights(rng, step)]
    arrays[place] = arrays[place].copy()
    arrays[place].flat[-1] = bad
    with pytest.raises(ValueError, match="an entry is not finite; look for what made NaN or infinity first"):
        step(*arrays)


@pytest.mark.parametrize(("start", "inputs"), [([[1.0]], [[1.0]]), ([1.0], [1.0]), (1.0, [[1.0]])])
def test_influence_refuses_other_axes(start, inputs):
    message = f"start and inputs have shapes {np.shape(start)}, {np.shape(inputs)}; pass (size,), (n_steps, d_in)"
    with pytest.raises(ValueError, match=re.escape(message)):
        influence(lambda state, x: state, start, inputs)


@pytest.mark.parametrize("shapes", [((2, 3), (2, 2)), ((2,), (2,)), ((0, 2), (0, 2)), ((2, 0), (2, 0))])
def test_scan_refuses_shapes_that_differ_or_hold_nothing(shapes):
    message = f"the shapes are {shapes[0]} and {shapes[1]}; pass (n_steps, d) twice, at least 1 each"
    with pytest.raises(ValueError, match=re.escape(message)):
        scan(*(np.ones(shape) for shape in shapes))


@pytest.mark.parametrize("step", STEPS)
def test_inputs_are_left_alone(step, rng):
    arrays = [np.ones(3 * STEPS[step][1]), np.ones(5), *weights(rng, step)]
    kept = [part.copy() for part in arrays]
    step(*arrays)
    influence(lambda state, x: step(state, x, *arrays[2:]), arrays[0], arrays[1][None])
    factors, inputs = rng.standard_normal((2, 9, 2))
    before = factors.copy(), inputs.copy()
    scan(factors, inputs)
    for part, old in zip([*arrays, factors, inputs], [*kept, *before], strict=True):
        assert_array_equal(part, old)
