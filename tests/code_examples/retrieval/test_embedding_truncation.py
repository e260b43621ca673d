import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import normalize

from code_examples.retrieval.embedding_truncation import nested_loss, truncate

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(9, 6))
QUERIES, TEXTS, WEIGHTS = RNG.normal(size=(7, 4)), RNG.normal(size=(7, 4)), RNG.normal(size=(4, 5))


def test_a_cut_agrees_with_sklearn():
    for width in (1, 2, 5, 6):
        assert_allclose(truncate(ROWS, width), normalize(ROWS[:, :width]), rtol=1e-12)
    assert_allclose(truncate(truncate(ROWS, 4), 2), truncate(ROWS, 2), rtol=1e-12)


def by_jax(weights, widths):
    total = 0.0
    for width in widths:
        scores = (QUERIES @ weights[:, :width]) @ (TEXTS @ weights[:, :width]).T
        total += -jnp.mean(jnp.diag(jax.nn.log_softmax(scores, axis=1)))
    return total / len(widths)


def test_loss_and_gradient_agree_with_automatic_differentiation():
    widths = [2, 5]
    value, slope = jax.jit(jax.value_and_grad(lambda w: by_jax(w, widths)))(WEIGHTS)
    loss, gradient = nested_loss(WEIGHTS, QUERIES, TEXTS, widths)
    assert loss == pytest.approx(float(value), rel=1e-4)
    assert_allclose(gradient, slope, rtol=2e-3, atol=2e-4)


def test_gradient_agrees_with_differences():
    widths = (2, 5)
    _, gradient = nested_loss(WEIGHTS, QUERIES, TEXTS, widths)
    for i, j in ((0, 0), (3, 1), (2, 4)):
        step = np.zeros_like(WEIGHTS)
        step[i, j] = 1e-6
        ahead, behind = (nested_loss(WEIGHTS + s * step, QUERIES, TEXTS, widths)[0] for s in (1, -1))
        assert gradient[i, j] == pytest.approx((ahead - behind) / 2e-6, abs=1e-7)


def test_what_is_beyond_all_widths_gets_no_gradient():
    _, gradient = nested_loss(WEIGHTS, QUERIES, TEXTS, [1, 3])
    assert (gradient[:, 3:] == 0).all()
    assert (gradient[:, :3] != 0).all()


def test_a_turn_changes_the_nested_loss_only():
    turn = np.linalg.qr(RNG.normal(size=(5, 5)))[0]
    full, nested = ([5], [1, 2, 5])
    assert nested_loss(WEIGHTS @ turn, QUERIES, TEXTS, full)[0] == pytest.approx(
        nested_loss(WEIGHTS, QUERIES, TEXTS, full)[0]
    )
    turned = nested_loss(WEIGHTS @ turn, QUERIES, TEXTS, nested)[0]
    assert abs(turned - nested_loss(WEIGHTS, QUERIES, TEXTS, nested)[0]) > 0.01


def test_a_step_downhill_lowers_it():
    loss, gradient = nested_loss(WEIGHTS, QUERIES, TEXTS, [1, 5])
    assert nested_loss(WEIGHTS - 1e-3 * gradient, QUERIES, TEXTS, [1, 5])[0] < loss


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: truncate([1, 2], 1), "rows of shape (2,): pass a matrix of finite numbers, not empty"),
        (lambda: truncate([[]], 1), "rows of shape (1, 0): pass a matrix"),
        (lambda: truncate([[1, np.nan]], 1), "rows of shape (1, 2): pass a matrix"),
        (lambda: truncate([[1, 2]], 0), "width is 0; pass an integer from 1 to 2"),
        (lambda: truncate([[1, 2]], 3), "width is 3; pass an integer from 1 to 2"),
        (lambda: truncate([[1, 2]], 1.0), "width is 1.0; pass an integer from 1 to 2"),
        (lambda: truncate([[0, 2]], 1), "a vector is zero and has no direction; leave it out"),
        (lambda: nested_loss([1], [[1]], [[1]], [1]), "weights of shape (1,): pass a matrix"),
        (lambda: nested_loss([[1]], [1], [[1]], [1]), "queries of shape (1,): pass a matrix"),
        (lambda: nested_loss([[1]], [[1]], [[np.inf]], [1]), "texts of shape (1, 1): pass a matrix"),
        (lambda: nested_loss([[1]], [[1]], [[1], [2]], [1]), "queries are (1, 1), texts (2, 1), weights (1, 1); pass"),
        (lambda: nested_loss([[1]], [[1, 2]], [[1, 2]], [1]), "queries are (1, 2), texts (1, 2), weights (1, 1); pass"),
        (lambda: nested_loss([[1]], [[1]], [[1]], []), "there is no width; pass at least one"),
        (lambda: nested_loss([[1]], [[1]], [[1]], [1, 2]), "width is 2; pass an integer from 1 to 1"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    arrays = [ROWS, WEIGHTS, QUERIES, TEXTS]
    copies = [a.copy() for a in arrays]
    truncate(ROWS, 2)
    nested_loss(WEIGHTS, QUERIES, TEXTS, [1, 5])
    for now, before in zip(arrays, copies, strict=True):
        assert_array_equal(now, before)
