"""Mixture of experts against JAX, slow loops over single tokens, and counts by hand."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.mixture_of_experts import (
    balance_loss,
    moe_layer,
    route,
    router_z_loss,
    within_capacity,
)

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def linear_experts(rng, n_experts, d_model):
    matrices = rng.standard_normal((n_experts, d_model, d_model))
    return matrices, [lambda rows, matrix=matrix: np.tanh(rows @ matrix) for matrix in matrices]


# --- the choice --------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 5, 7])
def test_choice_and_weights_agree_with_jax(k, rng):
    logits = rng.standard_normal((9, 7)) * 3
    chosen, weights = route(logits, k)
    top, where = jax.lax.top_k(jnp.array(logits), k)
    assert_array_equal(chosen, where)
    assert_allclose(weights, jax.nn.softmax(top, axis=-1), rtol=1e-12)
    renormalized = jnp.take_along_axis(jax.nn.softmax(logits, axis=-1), where, axis=-1)
    assert_allclose(weights, renormalized / renormalized.sum(axis=-1, keepdims=True), rtol=1e-12)


def test_equal_logits_go_to_the_earlier_experts():
    assert route([[3, 3, 3, 3]], 2)[0].tolist() == [[0, 1]]
    assert route([[1, 3, 2, 3]], 3)[0].tolist() == [[1, 3, 2]]
    assert route([[0, 1, 2] * 20], 4)[0].tolist() == [[2, 5, 8, 11]]


def test_weights_survive_huge_logits_and_ignore_a_common_shift(rng):
    logits = rng.standard_normal((4, 5))
    assert_allclose(route(logits + 1e4, 3)[1], route(logits, 3)[1], rtol=1e-9)
    assert route([[1e300, -1e300]], 2)[1].tolist() == [[1, 0]]


# --- the layer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 4])
def test_layer_agrees_with_a_loop_over_tokens(k, rng):
    x, w_router = rng.standard_normal((11, 3)), rng.standard_normal((3, 4))
    matrices, experts = linear_experts(rng, 4, 3)
    expected = []
    for token in x:
        z = [float(token @ w_router[:, i]) for i in range(4)]
        best = sorted(range(4), key=lambda i: -z[i])[:k]
        total = sum(math.exp(z[i]) for i in best)
        expected.append(sum(math.exp(z[i]) / total * np.tanh(token @ matrices[i]) for i in best))
    assert_allclose(moe_layer(x, w_router, experts, k), expected, rtol=1e-10)


def test_gradient_reaches_the_router_only_with_more_than_one_expert(rng):
    x, w_router = jnp.array(rng.standard_normal((6, 3))), jnp.array(rng.standard_normal((3, 4)))
    matrices, experts = linear_experts(rng, 4, 3)

    def output(w, k):
        top, where = jax.lax.top_k(x @ w, k)
        results = jnp.tanh(jnp.einsum("nd,kde->nke", x, matrices))
        picked = jnp.take_along_axis(results, where[:, :, None], axis=1)
        return (jax.nn.softmax(top, axis=-1)[:, :, None] * picked).sum(axis=1)

    for k in (1, 2):
        assert_allclose(moe_layer(x, w_router, experts, k), output(w_router, k), rtol=1e-10)
    assert_allclose(jax.grad(lambda w: output(w, 1).sum())(w_router), 0, atol=1e-12)
    assert np.abs(jax.grad(lambda w: output(w, 2).sum())(w_router)).max() > 0.01


def test_an_expert_sees_its_tokens_once_and_none_without():
    seen = []
    experts = [lambda rows, i=i: seen.append((i, rows.sum(axis=1).tolist())) or rows for i in range(3)]
    moe_layer([[3, 0], [0, 5], [4, 0]], [[1, 0, -9], [0, 1, -9]], experts, k=1)
    assert seen == [(0, [3, 4]), (1, [5])]


def test_capacity_leaves_zeros_and_keeps_the_weight_of_the_other_expert():
    experts = [lambda rows: rows, lambda rows: -rows]
    x, w_router = [[2.0, 1], [2, 1]], [[1, 0], [0, 1]]
    whole = moe_layer(x, w_router, experts, 2)
    share = 1 / (1 + math.exp(-1))
    assert_allclose(whole, (2 * share - 1) * np.array(x))
    limited = moe_layer(x, w_router, experts, 2, capacity=1)
    assert_allclose(limited[0], whole[0])
    assert not limited[1].any()
    assert_allclose(
        moe_layer([[2, 1], [1, 2]], w_router, experts, 2, capacity=1), [[2 * share, share], [-share, -2 * share]]
    )


# --- capacity ----------------------------------------------------------------------------------


@pytest.mark.parametrize("capacity", [1, 2, 3, 40])
def test_capacity_agrees_with_a_queue(capacity, rng):
    chosen = np.argsort(rng.random((13, 5)), axis=1)[:, :3]
    room, expected = [capacity] * 5, np.zeros((13, 3), dtype=bool)
    for place in range(3):
        for token in range(13):
            expert = chosen[token, place]
            expected[token, place] = room[expert] > 0
            room[expert] -= 1
    kept = within_capacity(chosen, 5, capacity)
    assert_array_equal(kept, expected)
    assert kept.dtype == bool
    assert np.bincount(chosen[kept], minlength=5).tolist() == [
        min(capacity, n) for n in np.bincount(chosen.ravel(), minlength=5)
    ]


# --- losses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3])
def test_balance_loss_agrees_with_counting(k, rng):
    logits = rng.standard_normal((10, 4)) + np.array([2, 0, 0, -1])
    probabilities = np.asarray(jax.nn.softmax(logits, axis=-1))
    count = [sum(i in np.argsort(-row)[:k] for row in logits) for i in range(4)]
    assert sum(count) == 10 * k
    expected = 4 * sum(count[i] / (10 * k) * probabilities[:, i].mean() for i in range(4))
    assert balance_loss(logits, k) == pytest.approx(expected, rel=1e-12)
    assert type(balance_loss(logits, k)) is float


def test_balance_loss_at_its_ends():
    assert balance_loss(np.zeros((3, 8)), 8) == pytest.approx(1)
    assert balance_loss(np.eye(8) * 5, 1) == pytest.approx(1)
    assert balance_loss([[50] + [0] * 7] * 3, 1) == pytest.approx(8)
    assert balance_loss(np.log([[0.34, 0.33, 0.33]] * 3 + [[0.02, 0.5, 0.48]] * 2), 1) < 0.86


def test_descent_on_probabilities_lowers_the_busiest_expert(rng):
    logits = rng.standard_normal((20, 4)) + np.array([1, 0, 0, 0])
    load = np.bincount(route(logits, 1)[0].ravel(), minlength=4) / 20
    slope = jax.grad(lambda z: 4 * jnp.array(load) @ jax.nn.softmax(z, axis=-1).mean(axis=0))(logits)
    assert balance_loss(logits - 0.01 * slope, 1) < balance_loss(logits, 1)
    assert load.argmax() == 0
    assert (slope[:, 0] > 0).all()


def test_z_loss_agrees_with_jax(rng):
    logits = 20 * rng.standard_normal((7, 5))
    expected = float((jax.nn.logsumexp(logits, axis=-1) ** 2).mean())
    assert router_z_loss(logits) == pytest.approx(expected, rel=1e-12)
    assert type(router_z_loss(logits)) is float
    assert router_z_loss([[900.0, 900.0]]) == pytest.approx((900 + math.log(2)) ** 2)


# --- what has no answer ------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, -1, 4, 1.5])
def test_refuses_a_number_of_experts_that_is_none(k):
    for call in (route, balance_loss):
        with pytest.raises(
            ValueError, match=re.escape(f"k is {k}; pass an integer from 1 to 3, the number of experts")
        ):
            call([[1, 2, 3]], k)


@pytest.mark.parametrize("logits", [[1, 2], [[]], [[1, math.inf]], [[math.nan, 1]], [[[1]]], 3])
def test_refuses_logits_that_are_no_table_of_finite_numbers(logits):
    message = re.escape(f"logits have shape {np.shape(logits)}; pass finite ones of shape (n_tokens, n_experts)")
    for call in (lambda z: route(z, 1), lambda z: balance_loss(z, 1), router_z_loss):
        with pytest.raises(ValueError, match=message):
            call(logits)


@pytest.mark.parametrize(
    ("x", "w"), [((2, 3), (2, 2)), ((2, 3), (3, 3)), ((3,), (3, 2)), ((1, 2, 3), (3, 2)), ((2, 3), (3,))]
)
def test_refuses_shapes_that_do_not_fit(x, w):
    message = re.escape(f"x and w_router have shapes {x} and {w}, with 2 experts; pass (n_tokens, d_model)")
    with pytest.raises(ValueError, match=message):
        moe_layer(np.ones(x), np.ones(w), [np.negative] * 2, 1)


@pytest.mark.parametrize("chosen", [[0, 1], [[]], [[-1]], [[0, 3]], [[0, 0.5]], [[math.nan]]])
def test_refuses_choices_that_are_no_experts(chosen):
    with pytest.raises(ValueError, match="chosen is no table of experts 0 to 2; pass what `route` returns"):
        within_capacity(chosen, 3, 1)


@pytest.mark.parametrize("capacity", [0, -1, 1.5, math.inf, math.nan])
def test_refuses_a_capacity_that_is_none(capacity):
    message = re.escape(f"capacity is {capacity}; pass an integer of at least 1")
    with pytest.raises(ValueError, match=message):
        within_capacity([[0]], 1, capacity)
    with pytest.raises(ValueError, match=message):
        moe_layer([[1]], [[1]], [np.negative], 1, capacity)


def test_inputs_are_left_alone(rng):
    x, w_router = rng.standard_normal((4, 2)), rng.standard_normal((2, 3))
    kept = x.copy(), w_router.copy()
    moe_layer(x, w_router, [np.negative] * 3, 2, capacity=2)
    balance_loss(x, 1)
    router_z_loss(x)
    assert_array_equal(x, kept[0])
    assert_array_equal(w_router, kept[1])
