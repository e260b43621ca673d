"""Chunked prefill against one pass, with full and with windowed attention; plans by counting."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.self_attention import scaled_dot_product_attention
from code_examples.architectures.sliding_window_attention import window_mask
from code_examples.serving.chunked_prefill import plan_steps, prefill
from code_examples.serving.kv_cache import attend_with_cache, empty_cache

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("chunk", [1, 3, 4, 5, 9, 10, 11, 100])
def test_chunks_of_any_size_equal_one_pass(chunk):
    rng = np.random.default_rng(chunk)
    layers, prompt = rng.standard_normal((2, 4, 6, 6)), rng.standard_normal((10, 6))

    def forward(x, caches):
        longer = []
        for weights, cache in zip(layers, caches, strict=True):
            x, cache = attend_with_cache(x, cache, *weights)
            longer.append(cache)
        return x, longer

    nothing = [empty_cache(2, 3)] * 2
    outputs, caches = prefill(forward, prompt, nothing, chunk)
    expected, expected_caches = forward(prompt, nothing)
    assert_allclose(outputs, expected, rtol=0, atol=1e-11)
    for cache, other in zip(caches, expected_caches, strict=True):
        assert_allclose(cache, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("window", "chunk"), [(4, 4), (4, 3), (2, 5), (3, 9), (6, 1)])
def test_with_a_window_only_the_last_keys_are_needed(window, chunk):
    queries, keys, values = np.random.default_rng(window).standard_normal((3, 11, 3))
    prompt = np.concatenate([queries, keys, values], axis=1)

    def forward(x, past):
        both = np.concatenate([past, x])
        mask = window_mask(len(both), window)[len(past) :]
        return scaled_dot_product_attention(x[:, :3], both[:, 3:6], both[:, 6:], mask), both[
            max(0, len(both) - window) :
        ]

    outputs, state = prefill(forward, prompt, np.zeros((0, 9)), chunk=chunk)
    assert_allclose(outputs, scaled_dot_product_attention(queries, keys, values, window_mask(11, window)), atol=1e-12)
    assert_array_equal(state, prompt[-window:])


def test_pieces_come_in_order_with_the_state_between_them():
    calls = []

    def forward(x, state):
        calls.append((x[:, 0].tolist(), state))
        return 10 * x, state + len(x)

    outputs, state = prefill(forward, np.arange(7)[:, None], 100, 3)
    assert calls == [([0, 1, 2], 100), ([3, 4, 5], 103), ([6], 106)]
    assert outputs[:, 0].tolist() == [0, 10, 20, 30, 40, 50, 60]
    assert state == 107


@given(st.integers(1, 300), st.integers(0, 40), st.integers(1, 60))
def test_a_plan_spends_the_whole_budget_until_the_last_step(n_prompt, n_decoding, room):
    plan = plan_steps(n_prompt, n_decoding, n_decoding + room)
    assert sum(plan) == n_prompt
    assert all(piece == room for piece in plan[:-1])
    assert 1 <= plan[-1] <= room


@pytest.mark.parametrize(("n", "chunk"), [(0, 3), (3, 0), (3, -1)])
def test_refuses_nothing_to_do(n, chunk):
    message = f"the prompt has {n} tokens and chunk is {chunk}; pass at least 1 for both"
    with pytest.raises(ValueError, match=re.escape(message)):
        prefill(lambda x, state: (x, state), np.zeros((n, 2)), None, chunk)


@pytest.mark.parametrize("some", [(0, 1, 5), (3, -1, 5), (3, 5, 5), (3, 6, 5)])
def test_refuses_a_budget_without_room(some):
    message = (
        "{} tokens of prompt beside {} answers in a budget of {}; "
        "pass a prompt of at least 1 and a budget above the answers"
    )
    with pytest.raises(ValueError, match=re.escape(message.format(*some))):
        plan_steps(*some)


def test_leaves_the_prompt_alone():
    prompt = np.ones((5, 2))
    prefill(lambda x, state: (x * 2, state), prompt, None, 2)
    assert_array_equal(prompt, np.ones((5, 2)))
