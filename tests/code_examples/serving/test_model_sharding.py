import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.self_attention import multi_head_attention
from code_examples.serving.model_sharding import model_state_bytes, shard_attention, shard_feed_forward

# Table 1 of Rajbhandari et al., in GB: devices, then stages 1 to 3 for 7.5 billion, 128 billion and a trillion weights
TABLE = {
    1: (120, 120, 120, 2048, 2048, 2048, 16000, 16000, 16000),
    4: (52.5, 41.3, 30, 896, 704, 512, 7000, 5500, 4000),
    16: (35.6, 21.6, 7.5, 608, 368, 128, 4750, 2875, 1000),
    64: (31.4, 16.6, 1.88, 536, 284, 32, 4187, 2218, 250),
    256: (30.4, 15.4, 0.47, 518, 263, 8, 4046, 2054, 62.5),
    1024: (30.1, 15.1, 0.12, 513, 257, 2, 4011, 2013, 15.6),
}


@pytest.mark.parametrize("n_devices", TABLE)
def test_memory_agrees_with_the_published_table(n_devices):
    cells = iter(TABLE[n_devices])
    for n_weights in (7.5e9, 128e9, 1e12):
        for stage in (1, 2, 3):
            cell = next(cells)
            printed = (
                1 if cell > 100 else 0.0501 if cell > 10 else 0.005
            )  # the last digit of the table, at times cut off
            assert abs(model_state_bytes(n_weights, n_devices, stage) / 1e9 - cell) < printed
        assert model_state_bytes(n_weights, n_devices, 0) == 16 * n_weights


def layer(rng, d_model=6, d_ff=12, d_out=5):
    return [rng.normal(size=shape) for shape in ((7, d_model), (d_model, d_ff), (d_ff,), (d_ff, d_out), (d_out,))]


@pytest.mark.parametrize("n_devices", [1, 2, 3, 4, 12])
def test_parts_of_the_feed_forward_layer_add_up(n_devices):
    x, w_in, b_in, w_out, b_out = layer(np.random.default_rng(0))
    parts = shard_feed_forward(x, w_in, b_in, w_out, b_out, n_devices)
    expected = jax.nn.relu(jnp.array(x) @ w_in + b_in) @ w_out + b_out
    assert [part.shape for part in parts] == [(7, 5)] * n_devices
    assert_allclose(sum(parts), expected, rtol=1e-4, atol=1e-4)
    width = 12 // n_devices
    last = np.maximum(x @ w_in[:, -width:] + b_in[-width:], 0) @ w_out[-width:]
    assert_allclose(parts[-1], last + (b_out if n_devices == 1 else 0))


@pytest.mark.parametrize("n_devices", [1, 2, 3, 6])
def test_parts_of_attention_add_up(n_devices):
    rng = np.random.default_rng(1)
    x, query, key = rng.normal(size=(5, 4)), rng.normal(size=(4, 12)), rng.normal(size=(4, 12))
    value, output = rng.normal(size=(4, 18)), rng.normal(size=(18, 7))
    parts = shard_attention(x, query, key, value, output, 6, n_devices)
    assert len(parts) == n_devices
    assert_allclose(sum(parts), multi_head_attention(x, query, key, value, output, 6), rtol=1e-12, atol=1e-13)
    weights = jax.nn.softmax((x @ query[:, -2:]) @ (x @ key[:, -2:]).T / 2**0.5, axis=-1)
    if n_devices == 6:
        assert_allclose(parts[-1], weights @ (x @ value[:, -3:]) @ output[-3:], rtol=1e-4, atol=1e-5)


def test_splitting_the_first_matrix_by_rows_would_be_wrong():
    x, w_in, b_in, w_out, b_out = layer(np.random.default_rng(2))
    halves = [np.maximum(x[:, half] @ w_in[half] + b_in / 2, 0) @ w_out for half in (slice(3), slice(3, 6))]
    whole = sum(shard_feed_forward(x, w_in, b_in, w_out, b_out, 2))
    assert np.abs(sum(halves) + b_out - whole).max() > 0.1


@pytest.mark.parametrize("wrong", [0, -1, 5, 24, 1.5])
def test_refuses_devices_that_cannot_share(wrong):
    x, w_in, b_in, w_out, b_out = layer(np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape(f"{wrong} devices cannot share 12 evenly; pass a divisor of it")):
        shard_feed_forward(x, w_in, b_in, w_out, b_out, wrong)
    with pytest.raises(ValueError, match=re.escape(f"{wrong} devices cannot share 2 evenly; pass a divisor of it")):
        shard_attention(np.ones((3, 2)), *[np.ones((2, 2))] * 4, 2, wrong)


def test_refuses_heads_of_unequal_width():
    x, wide, output = np.ones((3, 2)), [np.ones((2, 10))] * 3, np.ones((10, 2))
    with pytest.raises(ValueError, match="4 devices cannot share 10 evenly; pass a divisor of it"):
        shard_attention(x, *wide, output, 4, 4)
    with pytest.raises(ValueError, match="2 heads cannot share"):
        shard_attention(x, *wide, output, 4, 2)


@pytest.mark.parametrize(("n_bias", "n_rows"), [(18, 12), (12, 18), (18, 18)])
def test_refuses_a_bias_and_rows_that_no_hidden_number_has(n_bias, n_rows):
    with pytest.raises(ValueError, match=re.escape(f"shapes are (6, 12), ({n_bias},), ({n_rows}, 5); pass (d_model")):
        shard_feed_forward(np.ones((7, 6)), np.ones((6, 12)), np.ones(n_bias), np.ones((n_rows, 5)), np.ones(5), 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1, 0), "n_weights is 0; pass a finite number above 0"),
        ((float("inf"), 1, 0), "n_weights is inf; pass a finite number above 0"),
        ((1, 0, 0), "n_devices is 0; pass an integer of at least 1"),
        ((1, 1.5, 0), "n_devices is 1.5; pass an integer of at least 1"),
        ((1, 1, 4), "stage is 4; pass 0, 1, 2 or 3"),
        ((1, 1, -1), "stage is -1; pass 0, 1, 2 or 3"),
    ],
)
def test_refuses_memory_without_meaning(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        model_state_bytes(*arguments)


def test_inputs_are_left_alone():
    parts = layer(np.random.default_rng(0))
    kept = [part.copy() for part in parts]
    shard_feed_forward(*parts, 3)
    for part, before in zip(parts, kept, strict=True):
        assert_array_equal(part, before)
