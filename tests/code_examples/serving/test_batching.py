"""Padding, packing and scheduling against SciPy's blocks, separate runs, and servers that go step by step."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import block_diag

from code_examples.architectures.causal_mask import causal_mask
from code_examples.architectures.self_attention import scaled_dot_product_attention
from code_examples.serving.batching import (
    finish_continuous,
    finish_static,
    packed_mask,
    packed_positions,
    padding_waste,
)

pytestmark = pytest.mark.unit

some_lengths = st.lists(st.integers(1, 30), min_size=1, max_size=25)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_waste_is_what_a_padded_batch_shows(lengths):
    real = np.array([[1] * n + [0] * (max(lengths) - n) for n in lengths])
    scores = real[:, :, None] * real[:, None]
    tokens, squares = padding_waste(lengths)
    assert tokens == pytest.approx(1 - real.mean(), abs=1e-12)
    assert squares == pytest.approx(1 - scores.mean(), abs=1e-12)


def test_lengths_of_few_bits_do_not_overflow():
    assert padding_waste(np.array([200, 100], dtype=np.uint8)) == padding_waste([200, 100]) == (0.25, 0.375)


def test_waste_of_four_prompts():
    tokens, scores = padding_waste([2048, 100, 50, 20])
    assert tokens == pytest.approx(5974 / 8192, rel=1e-12)
    assert scores == pytest.approx(12570012 / 16777216, rel=1e-12)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_mask_is_made_of_causal_blocks(lengths):
    mask = packed_mask(lengths)
    assert mask.dtype == bool
    assert_array_equal(mask, block_diag(*[causal_mask(n) for n in lengths]))


@pytest.mark.parametrize("lengths", [[5, 7, 2], [1, 1, 4], [9]])
def test_packed_attention_equals_separate_runs(lengths):
    parts = np.random.default_rng(sum(lengths)).standard_normal((3, sum(lengths), 4))
    packed = scaled_dot_product_attention(*parts, packed_mask(lengths))
    start = 0
    for n in lengths:
        one = parts[:, start : start + n]
        expected = scaled_dot_product_attention(*one, causal_mask(n))
        assert_allclose(packed[start : start + n], expected, rtol=0, atol=1e-12)
        start += n


@given(some_lengths)
def test_positions_count_each_sequence(lengths):
    assert packed_positions(lengths).tolist() == [i for n in lengths for i in range(n)]


def by_steps(lengths, slots, refill):
    """Run a server step by step and note when each answer is returned."""
    ends, waiting, running, step = [0] * len(lengths), list(enumerate(lengths)), [], 0
    while waiting or running:
        if refill or not running:
            while waiting and len(running) < slots:
                running.append([*waiting.pop(0)])
        step += 1
        for request in running:
            request[1] -= 1
        if refill or all(left <= 0 for _, left in running):
            for i, left in running:
                if left <= 0:
                    ends[i] = step
            running = [request for request in running if request[1] > 0]
    return ends


@given(some_lengths, st.integers(1, 7))
def test_ends_are_those_of_a_server_that_goes_step_by_step(lengths, slots):
    assert finish_static(lengths, slots).tolist() == by_steps(lengths, slots, refill=False)
    assert finish_continuous(lengths, slots).tolist() == by_steps(lengths, slots, refill=True)


@given(some_lengths, st.integers(1, 7))
def test_refilling_is_never_later_and_within_its_bounds(lengths, slots):
    static, continuous = finish_static(lengths, slots), finish_continuous(lengths, slots)
    assert (continuous <= static).all()
    least = max(max(lengths), -(-sum(lengths) // slots))
    assert least <= continuous.max() <= sum(lengths) / slots + max(lengths)  # Graham's bound


@pytest.mark.parametrize("lengths", [[], [0], [3, 0, 2], [-1], [2.5, 1], [2.0]])
def test_refuses_empty_sequences(lengths):
    message = f"lengths are {lengths}; pass at least one, each an integer of at least 1"
    for call in (padding_waste, packed_mask, packed_positions):
        with pytest.raises(ValueError, match=re.escape(message)):
            call(lengths)
    for call in (finish_static, finish_continuous):
        with pytest.raises(ValueError, match=re.escape(message)):
            call(lengths, 2)


@pytest.mark.parametrize("slots", [0, -3, 1.5, 2.0])
def test_refuses_no_slots(slots):
    for call in (finish_static, finish_continuous):
        with pytest.raises(ValueError, match=re.escape(f"slots is {slots}; pass an integer of at least 1")):
            call([1, 2], slots)


def test_leaves_its_input_alone():
    lengths = [3, 1, 2]
    for call in (finish_static, finish_continuous):
        call(lengths, 2)
    assert lengths == [3, 1, 2]
