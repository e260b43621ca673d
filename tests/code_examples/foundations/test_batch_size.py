import re
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.batch_size import accumulate, noise_scale, steps_per_epoch

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("n_examples", [1, 2, 7, 8, 9, 64, 1000])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 8, 32])
def test_steps_are_the_batches_that_a_loop_makes(n_examples, batch_size, drop_last):
    examples = list(range(n_examples))
    batches = []
    while examples:
        batch, examples = examples[:batch_size], examples[batch_size:]
        if len(batch) == batch_size or not drop_last:
            batches.append(batch)
    if batches:
        assert steps_per_epoch(n_examples, batch_size, drop_last) == len(batches)
    else:
        with pytest.raises(ValueError, match=f"no batch of {batch_size} is full; pass at most {n_examples}, or keep"):
            steps_per_epoch(n_examples, batch_size, drop_last)


def test_integers_of_numpy_count_as_well():
    assert steps_per_epoch(np.int64(10), np.int32(4)) == 3


def test_the_last_batch_is_kept_by_default():
    assert steps_per_epoch(10, 4) == 3
    assert steps_per_epoch(3, 4) == 1


@pytest.mark.parametrize(
    ("n_examples", "batch_size"), [(0, 1), (1, 0), (-5, 2), (5, -2), (10.5, 2), (10, 2.5), (NAN, 2), (10, INF)]
)
def test_steps_refuse_what_cannot_be_counted(n_examples, batch_size):
    message = f"{n_examples} examples in batches of {batch_size}; pass integers of at least 1"
    with pytest.raises(ValueError, match=re.escape(message)):
        steps_per_epoch(n_examples, batch_size)


def token_loss(theta, tokens):
    """Mean cross-entropy of tokens under one set of logits, for JAX to differentiate."""
    return -jax.nn.log_softmax(theta)[tokens].mean()


@pytest.mark.parametrize("cuts", [[5], [1, 2, 3], [1, 29], [10, 20]])
def test_accumulated_gradients_are_those_of_the_whole_batch(cuts):
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        theta, tokens = jnp.array(rng.standard_normal(6)), rng.integers(0, 6, 30)
        parts = np.split(tokens, cuts)
        gradients = [np.asarray(jax.grad(token_loss)(theta, part)) for part in parts]
        losses = [float(token_loss(theta, part)) for part in parts]
        whole, whole_loss = jax.grad(token_loss)(theta, tokens), float(token_loss(theta, tokens))
    counts = [len(part) for part in parts]
    assert_allclose(accumulate(gradients, counts), whole, rtol=1e-12, atol=1e-15)
    assert_allclose(accumulate(losses, counts), whole_loss, rtol=1e-13)


def test_accumulate_agrees_with_exact_fractions():
    means, counts = [Fraction(1, 3), Fraction(-2, 7), Fraction(5)], [3, 14, 2]
    expected = sum(n * mean for n, mean in zip(counts, means, strict=True)) / sum(counts)
    assert_allclose(accumulate(means, counts), float(expected), rtol=1e-15)


def test_equal_counts_give_the_plain_mean_of_any_shape():
    gradients = np.random.default_rng(1).standard_normal((4, 2, 3))
    result = accumulate(gradients, [9, 9, 9, 9])
    assert_allclose(result, gradients.mean(axis=0), rtol=1e-14, atol=1e-15)
    assert result.dtype == np.float64


def test_a_micro_batch_without_tokens_is_left_out_even_if_it_is_nan():
    assert_array_equal(accumulate([[NAN, INF], [1, 2]], [0, 5]), [1, 2])


def test_accumulate_takes_small_unsigned_counts_and_huge_gradients():
    assert float(accumulate([1, 3], np.array([200, 200], dtype=np.uint8))) == 2
    assert float(accumulate([1.5e308, 1.5e308], [1000, 1000])) == 1.5e308


@pytest.mark.parametrize(
    ("gradients", "n_tokens", "message"),
    [
        ([1, 2], [1], "gradients of shape (2,) and n_tokens of shape (1,) do not fit; pass one gradient and one count"),
        (1, 1, "gradients of shape () and n_tokens of shape () do not fit"),
        ([[1, 2]], [[3]], "gradients of shape (1, 2) and n_tokens of shape (1, 1) do not fit"),
        ([1, 2], [1.0, 2.0], "n_tokens must be integers of at least 0"),
        ([1, 2], [3, -1], "n_tokens must be integers of at least 0"),
        ([1, 2], [0, 0], "no token counts"),
        ([], np.array([], dtype=int), "no token counts"),
        ([1, NAN], [1, 1], "a gradient is not finite"),
        ([[1, INF], [1, 2]], [1, 1], "a gradient is not finite"),
    ],
)
def test_accumulate_refuses_what_has_no_answer(gradients, n_tokens, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        accumulate(gradients, n_tokens)


def regression_gradients(distance, n_batches, batch_size, n_parameters=8, seed=0):
    """Gradients of half the squared error of a linear model, `distance` from the truth, label noise 1."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_batches, batch_size, n_parameters))
    gap = np.full(n_parameters, distance / np.sqrt(n_parameters))
    error = x @ gap + rng.standard_normal((n_batches, batch_size))
    return (x * error[..., None]).mean(axis=1)


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("distance", [2.0, 1.0, 0.5])
def test_noise_scale_agrees_with_the_moments_of_a_linear_model(distance, batch_size):
    # Gaussian inputs: the variance sums to (d + 1) distance^2 + d noise^2, the mean gradient is the gap.
    exact = 9 + 8 / distance**2
    gradients = regression_gradients(distance, 100_000 // batch_size, batch_size)
    assert_allclose(noise_scale(gradients, batch_size), exact, rtol=0.03)


def test_noise_scale_agrees_with_two_batch_sizes():
    # The other way to measure it: squared norms of small batches and of the large one they make.
    gradients, small = regression_gradients(1.0, 12, 16), 16
    large = small * len(gradients)
    square_small = (gradients**2).sum(axis=1).mean()
    square_large = (gradients.mean(axis=0) ** 2).sum()
    signal = (large * square_large - small * square_small) / (large - small)
    noise = (square_small - square_large) / (1 / small - 1 / large)
    assert_allclose(noise_scale(gradients, small), noise / signal, rtol=1e-10)


def test_noise_scale_of_single_examples_is_the_default():
    gradients = regression_gradients(1.0, 50, 1)
    assert noise_scale(gradients) == noise_scale(gradients, 1)
    assert_allclose(noise_scale(gradients, 7), 7 * noise_scale(gradients), rtol=1e-14)


@pytest.mark.parametrize("factor", [1e-300, 1e-3, 1e3, 1e300])
def test_noise_scale_does_not_change_with_the_scale_of_the_loss(factor):
    gradients = regression_gradients(1.0, 50, 4)
    assert_allclose(noise_scale(factor * gradients, 4), noise_scale(gradients, 4), rtol=1e-9)


def test_noise_scale_does_not_depend_on_signs_and_keeps_its_precision():
    gradients = regression_gradients(1.0, 50, 4)
    assert_allclose(noise_scale(-gradients, 4), noise_scale(gradients, 4), rtol=1e-12)
    assert_allclose(noise_scale([[-1], [-3]]), 2 / 3, rtol=1e-12)
    single = gradients.astype(np.float32)
    assert_allclose(noise_scale(single, 4), noise_scale(single.astype(np.float64), 4), rtol=1e-12)


def test_noise_scale_of_equal_gradients_is_zero():
    assert noise_scale([[3, -4]] * 5, 16) == 0


@pytest.mark.parametrize(
    ("gradients", "batch_size", "message"),
    [
        ([[1, 2]], 1, "gradients have shape (1, 2); pass (n_batches, n_parameters), at least two batches"),
        ([1, 2], 1, "gradients have shape (2,); pass"),
        (np.ones((3, 0)), 1, "gradients have shape (3, 0); pass"),
        ([[1], [2]], 0, "batch_size is 0; pass at least 1"),
        ([[1], [2]], NAN, "batch_size is nan; pass at least 1"),
        ([[1], [2]], INF, "batch_size is inf; pass at least 1"),
        ([[1], [NAN]], 1, "a gradient is not finite"),
        ([[1], [-INF]], 1, "a gradient is not finite"),
        ([[1], [-1]], 1, "the noise hides the gradient; pass more batches"),
        ([[0, 0], [0, 0]], 1, "the noise hides the gradient"),
        ([[0], [1]], 1, "the noise hides the gradient"),  # squared mean 1/4, variance of the mean 1/4
    ],
)
def test_noise_scale_refuses_what_has_no_answer(gradients, batch_size, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        noise_scale(gradients, batch_size)


def test_inputs_are_left_alone():
    gradients, counts = regression_gradients(1.0, 6, 4), np.array([1, 2, 3, 4, 5, 0])
    kept = gradients.copy(), counts.copy()
    accumulate(gradients, counts)
    noise_scale(gradients, 4)
    assert_array_equal(gradients, kept[0])
    assert_array_equal(counts, kept[1])
