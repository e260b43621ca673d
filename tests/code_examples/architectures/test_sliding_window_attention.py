import jax
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.causal_mask import causal_mask, influence
from code_examples.architectures.self_attention import scaled_dot_product_attention
from code_examples.architectures.sliding_window_attention import receptive_field, spread, window_mask


@pytest.mark.parametrize("n", [1, 2, 5, 9])
@pytest.mark.parametrize("window", [1, 2, 4, 9, 20])
def test_allows_the_last_few(n, window):
    expected = [[query - window < key <= query for key in range(n)] for query in range(n)]
    assert_array_equal(window_mask(n, window), expected)
    assert window_mask(n, window).dtype == bool


def test_gives_what_jax_calls_a_local_window():
    queries, keys, values = np.random.default_rng(0).standard_normal((3, 9, 4))
    with jax.enable_x64(True):
        lifted = [part[None, :, None] for part in (queries, keys, values)]
        # JAX counts the positions to the left and to the right, without the position itself
        expected = jax.nn.dot_product_attention(*lifted, is_causal=True, local_window_size=(2, 0))[0, :, 0]
    # JAX takes the softmax in single precision
    assert_allclose(
        scaled_dot_product_attention(queries, keys, values, window_mask(9, 3)), expected, rtol=2e-5, atol=1e-6
    )


def test_a_window_as_long_as_the_text_is_the_causal_mask():
    assert_array_equal(window_mask(6, 6), causal_mask(6))
    assert_array_equal(window_mask(6, 100), causal_mask(6))
    assert (window_mask(6, 5) != causal_mask(6)).sum() == 1


@pytest.mark.parametrize("window", [0, -1, 0.5, 2.5, float("nan"), float("inf")])
def test_refuses_a_window_that_is_none(window):
    with pytest.raises(ValueError, match=rf"^window is {window}; pass an integer of at least 1$"):
        window_mask(5, window)


def test_refuses_a_length_that_is_none():
    with pytest.raises(ValueError, match=r"^n is 0; pass an integer of at least 1$"):
        window_mask(0, 3)


def test_takes_any_kind_of_integer():
    assert_array_equal(window_mask(np.int64(4), np.int64(2)), window_mask(4.0, 2.0))


@pytest.mark.parametrize(("n_layers", "window"), [(1, 1), (1, 4), (3, 2), (4, 3), (2, 6)])
def test_the_receptive_field_is_what_a_changed_input_reaches(n_layers, window):
    n = 14
    mask = window_mask(n, window)
    x = np.random.default_rng(4).standard_normal((n, 3))

    def stack(x):
        for _ in range(n_layers):
            x = scaled_dot_product_attention(x, x, x, mask)
        return x

    reaches = influence(stack, x) > 0
    assert reaches[-1].sum() == receptive_field(n_layers, window)
    assert_array_equal(reaches, window_mask(n, receptive_field(n_layers, window)))


def test_the_receptive_field_is_that_of_the_powers_of_the_mask():
    for n_layers, window in ((4, 3), (5, 2), (32, 1)):
        powers = np.linalg.matrix_power(window_mask(40, window).astype(float), n_layers)
        assert (powers[-1] > 0).sum() == receptive_field(n_layers, window)
    assert receptive_field(32, 4096) == 131_041
    assert type(receptive_field(np.int64(2), 3.0)) is int


@pytest.mark.parametrize(("n_layers", "window", "kept"), [(1, 3, 0.2), (5, 4, 0), (3, 6, 0.9), (4, 1, 0.5)])
def test_the_spread_is_the_last_row_of_a_power_of_the_averaging_matrix(n_layers, window, kept):
    shares = spread(n_layers, window, kept)
    n = len(shares) + window  # so that the start is out of reach
    mean = window_mask(n, window) / window
    mix = np.linalg.matrix_power(kept * np.eye(n) + (1 - kept) * mean, n_layers)
    assert_allclose(shares, mix[-1, ::-1][: len(shares)], rtol=1e-12, atol=1e-16)
    assert len(shares) == receptive_field(n_layers, window)
    assert_allclose(shares.sum(), 1, rtol=1e-12)


def test_windows_of_two_are_tosses_of_a_coin():
    assert_allclose(spread(30, 2, 0), scipy.stats.binom.pmf(range(31), 30, 0.5), rtol=1e-10)
    assert_allclose(spread(30, 2, 0.6), scipy.stats.binom.pmf(range(31), 30, 0.2), rtol=1e-10)


def test_mean_and_variance_of_the_spread_add_up_over_the_layers():
    n_layers, window, kept = 7, 9, 0.3
    shares, distance = spread(n_layers, window, kept), np.arange(57)
    mean = shares @ distance
    assert_allclose(mean, n_layers * (1 - kept) * (window - 1) / 2, rtol=1e-12)
    squares = (1 - kept) * (window - 1) * (2 * window - 1) / 6  # mean square of one step
    expected = n_layers * (squares - ((1 - kept) * (window - 1) / 2) ** 2)
    assert_allclose(shares @ (distance - mean) ** 2, expected, rtol=1e-12)


@pytest.mark.parametrize("wrong", [0, -2, 1.5, float("nan"), float("inf")])
def test_refuses_counts_that_are_none(wrong):
    message = f"is {wrong}; pass an integer of at least 1$"
    for call, extra in ((receptive_field, ()), (spread, (0.5,))):
        with pytest.raises(ValueError, match="^n_layers " + message):
            call(wrong, 3, *extra)
        with pytest.raises(ValueError, match="^window " + message):
            call(3, wrong, *extra)


@pytest.mark.parametrize("kept", [-0.1, 1.1, float("nan")])
def test_refuses_a_share_that_is_none(kept):
    with pytest.raises(ValueError, match=rf"^kept is {kept}; pass a share from 0 to 1$"):
        spread(2, 3, kept)


def test_keeping_all_leaves_everything_in_place():
    assert_array_equal(spread(3.0, 2.0, 1), [1, 0, 0, 0])
    assert_array_equal(spread(1, 1, 0), [1])
