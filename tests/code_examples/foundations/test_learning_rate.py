import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.gradient_descent import descend
from code_examples.foundations.learning_rate import adam_updates, expected_losses, schedule

INF, NAN = float("inf"), float("nan")


def transformers_factor(step, warmup, total, shape, floor):
    """What Hugging Face Transformers multiplies the peak by; steps count from zero, and so does the rise."""
    if step < warmup:
        return (step + 1) / warmup  # theirs is one step behind
    progress = (step - warmup) / (total - warmup)
    if shape == "linear":
        return (total - step) / (total - warmup) * (1 - floor) + floor
    return 0.5 * (1 + math.cos(math.pi * progress)) * (1 - floor) + floor


@pytest.mark.parametrize("shape", ["linear", "cosine"])
@pytest.mark.parametrize(("warmup", "total", "final"), [(0, 7, 0.0), (3, 10, 0.0), (5, 40, 0.2), (1, 2, 0.0)])
def test_agrees_with_the_factors_of_transformers(shape, warmup, total, final):
    expected = [3 * transformers_factor(step, warmup, total, shape, final / 3) for step in range(total)]
    assert_allclose(schedule(total, 3, warmup, shape=shape, final=final), expected, rtol=1e-12)


def test_the_first_transformer_warmed_up_alike():
    rates = schedule(4000, 512**-0.5 * 4000**-0.5, warmup_steps=4000)
    assert_allclose(rates, [512**-0.5 * t * 4000**-1.5 for t in range(1, 4001)], rtol=1e-12)


def test_a_trapezoid_has_the_area_of_a_trapezoid():
    rates = schedule(1000, 2.0, warmup_steps=100, decay_steps=300)
    assert_allclose(rates.sum(), 2 * (101 / 2 + 600 + 301 / 2))
    assert rates.argmax() == 99
    assert (rates[99:701] == 2).all()
    assert rates[701] < 2
    assert rates[-1] == pytest.approx(2 / 300)


def test_cosine_lies_above_the_line_first_and_below_it_later():
    cosine, line = (schedule(100, 1.0, shape=shape, final=0.1) for shape in ("cosine", "linear"))
    assert (cosine[1:50] > line[1:50]).all()
    assert (cosine[51:] < line[51:]).all()
    assert cosine[50] == pytest.approx(line[50]) == pytest.approx(0.55)


def test_parts_may_fill_the_run_or_be_missing():
    assert schedule(2, 1, warmup_steps=2).tolist() == [0.5, 1]
    assert schedule(2, 1, warmup_steps=1, decay_steps=1).tolist() == [1, 1]
    assert schedule(1, 5).tolist() == [5]
    assert schedule(2, 4, decay_steps=2, final=4).tolist() == [4, 4]


@pytest.mark.parametrize(
    ("n", "warmup", "decay"), [(0, 0, 0), (-1, 0, 0), (5, -1, 2), (5, 2, -1), (5, 3, 3), (5, 6, None), (0, 0, None)]
)
def test_refuses_parts_that_do_not_fit(n, warmup, decay):
    shown = n - warmup if decay is None else decay
    message = f"{warmup} steps of warm-up and {shown} of decay do not fit into {n}; pass at least"
    with pytest.raises(ValueError, match=re.escape(message)):
        schedule(n, 1.0, warmup, decay)


@pytest.mark.parametrize(("peak", "final"), [(0, 0), (-1, 0), (INF, 0), (NAN, 0), (1, -0.1), (1, 1.1), (1, NAN)])
def test_refuses_rates_out_of_range(peak, final):
    with pytest.raises(ValueError, match=re.escape(f"peak is {peak} and final {final}; pass a positive, finite peak")):
        schedule(3, peak, final=final)


@pytest.mark.parametrize(
    ("n", "warmup", "decay"), [(10, 0.1, 0), (10, 0.1, None), (10, 1, 0.5), (9.5, 0, 0), (INF, 0, 0), (9, NAN, 0)]
)
def test_refuses_shares_for_numbers_of_steps(n, warmup, decay):
    with pytest.raises(ValueError, match="steps; pass integers, not shares of the run"):
        schedule(n, 1.0, warmup, decay)


def test_whole_numbers_of_steps_may_be_floats():
    assert schedule(4.0, 1, 2.0, 1.0).tolist() == schedule(4, 1, 2, 1).tolist() == [0.5, 1, 1, 1]


def test_refuses_an_unknown_shape():
    with pytest.raises(ValueError, match="shape is 'square'; pass 'linear' or 'cosine'"):
        schedule(3, 1.0, shape="square")


def slow_adam(gradients, beta1, beta2, epsilon):
    """The averages as sums over all earlier steps, each gradient with its weight; no recursion."""
    updates = []
    for t in range(1, len(gradients) + 1):
        first = [(1 - beta1) * beta1 ** (t - i) for i in range(1, t + 1)]
        second = [(1 - beta2) * beta2 ** (t - i) for i in range(1, t + 1)]
        mean = sum(w * g for w, g in zip(first, gradients[:t], strict=True)) / sum(first)
        square = sum(w * g**2 for w, g in zip(second, gradients[:t], strict=True)) / sum(second)
        updates.append(mean / (square**0.5 + epsilon))
    return updates


@pytest.mark.parametrize(("beta1", "beta2", "epsilon"), [(0.9, 0.999, 1e-8), (0.5, 0.7, 1e-2), (0, 0.9, 1e-3)])
def test_adam_agrees_with_weighted_sums(beta1, beta2, epsilon):
    gradients = np.random.default_rng(0).standard_normal((12, 3, 2))
    assert_allclose(adam_updates(gradients, beta1, beta2, epsilon), slow_adam(gradients, beta1, beta2, epsilon))


def test_adams_defaults():
    gradients = np.random.default_rng(1).standard_normal((6, 2)) * 1e-7
    assert_allclose(adam_updates(gradients), slow_adam(gradients, 0.9, 0.999, 1e-8))


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e8])
def test_adam_does_not_see_the_scale_of_the_gradients(scale):
    gradients = np.random.default_rng(2).standard_normal((20, 4))
    assert_allclose(adam_updates(scale * gradients), adam_updates(gradients), rtol=0.02)
    assert_allclose(abs(adam_updates(scale * gradients)[0]), 1, rtol=0.02)


def test_a_constant_gradient_always_gives_updates_of_one():
    assert_allclose(adam_updates([[5.0, -2.0]] * 30), [[1, -1]] * 30, rtol=1e-8)


def test_pure_noise_ends_at_the_size_that_the_average_leaves():
    updates = adam_updates(np.random.default_rng(3).standard_normal((400, 3000)), beta1=0.8)
    assert_allclose(np.sqrt((updates[-1] ** 2).mean()), math.sqrt(0.2 / 1.8), rtol=0.05)


def test_adams_first_update_is_small_only_near_epsilon():
    assert_allclose(adam_updates([[1e-10, 1e-8, 1e-6, 1e153]]), [[1 / 101, 1 / 2, 100 / 101, 1]], rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("gradients", [[], np.ones((0, 3)), [1, INF], [[NAN]], 5.0, [[1.0, -1.4e154]]])
def test_adam_refuses_gradients_that_are_none(gradients):
    with pytest.raises(ValueError, match="there is no gradient, or one is not finite or above 1e154; pass at least"):
        adam_updates(gradients)


@pytest.mark.parametrize(
    ("beta1", "beta2", "epsilon"),
    [(1, 0.9, 1e-8), (-0.1, 0.9, 1e-8), (0.9, 1, 1e-8), (0.9, -0.1, 1e-8), (0.9, 0.9, 0), (0.9, 0.9, INF)],
)
def test_adam_refuses_settings_out_of_range(beta1, beta2, epsilon):
    message = f"beta1 is {beta1}, beta2 {beta2}, epsilon {epsilon}; pass betas below 1 and a small epsilon"
    with pytest.raises(ValueError, match=re.escape(message)):
        adam_updates([1.0], beta1, beta2, epsilon)


def test_expected_losses_are_the_mean_of_many_noisy_walks():
    rng = np.random.default_rng(0)
    c, start, noise = np.array([1.0, 0.2]), np.array([1.0, -3.0]), np.array([0.3, 0.05])
    rates = schedule(40, 0.8, 5, 20)
    x = np.tile(start, (40_000, 1))
    for rate in rates:
        x -= rate * (c * x + np.sqrt(noise) * rng.standard_normal(x.shape))
    assert_allclose(expected_losses(rates, c, start, noise)[-1], (c * x**2 / 2).mean(axis=0), rtol=0.03)


def test_without_noise_it_is_gradient_descent():
    c, start = np.array([2.0, 0.5]), np.array([1.0, -3.0])
    path = descend(lambda x: c * x, start, 0.3, 5)
    assert_allclose(expected_losses([0.3] * 5, c, start, [0, 0]), c * path**2 / 2)
    assert_allclose(expected_losses([0.5, 0.25], [2.0], [1.0], [0.0]), [[1], [0], [0]])


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
def test_a_constant_rate_ends_on_the_plateau_of_theory(rate):
    losses = expected_losses([rate] * 400, [2 / 3], [1.0], [0.6])
    assert_allclose(losses[-1], rate * 0.6 / (2 * (2 - rate * 2 / 3)))  # fixed point, solved by hand


def test_no_step_leaves_the_loss_of_the_start():
    assert_array_equal(expected_losses([], [2.0, 0.0], [3.0, 5.0], [1.0, 1.0]), [[9, 0]])


@pytest.mark.parametrize(
    ("rates", "c", "start", "noise"),
    [
        ([[0.1]], [1], [1], [1]),
        (0.1, [1], [1], [1]),
        ([0.1], [1, 2], [1], [1]),
        ([0.1], [1], [1, 2], [1]),
        ([0.1], [1], [1], [1, 2]),
        ([0.1], 1, 1, 1),
        ([0.1], [[1]], [[1]], [[1]]),
    ],
)
def test_expected_losses_refuse_shapes_that_do_not_fit(rates, c, start, noise):
    with pytest.raises(ValueError, match="pass one rate for each step, and one curvature, start and noise"):
        expected_losses(rates, c, start, noise)


@pytest.mark.parametrize(
    ("rates", "c", "start", "noise"),
    [
        ([-0.1], [1], [1], [1]),
        ([0.1, INF], [1], [1], [1]),
        ([0.1], [-1], [1], [1]),
        ([0.1], [NAN], [1], [1]),
        ([0.1], [1], [INF], [1]),
        ([0.1], [1], [1], [-1]),
    ],
)
def test_expected_losses_refuse_values_out_of_range(rates, c, start, noise):
    with pytest.raises(ValueError, match="a rate, curvature or noise is negative, or a value is not finite"):
        expected_losses(rates, c, start, noise)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("rates", "c", "start"), [([3.0] * 2000, [1, 0], [1, 1]), ([3.0] * 2000 + [1.0], [1], [1]), ([], [1], [1e200])]
)
def test_expected_losses_say_when_they_left_the_floats(rates, c, start):
    with pytest.raises(ValueError, match="the loss left the range of floats; lower the rates, or begin nearer"):
        expected_losses(rates, c, start, [0] * len(c))


def test_inputs_are_left_alone():
    rates, c, start, noise = np.array([0.1, 0.2]), np.ones(2), np.array([3.0, -4.0]), np.ones(2)
    gradients = np.array([[1.0, 2.0], [3.0, 4.0]])
    kept = [a.copy() for a in (rates, c, start, noise, gradients)]
    expected_losses(rates, c, start, noise)
    adam_updates(gradients)
    for now, before in zip((rates, c, start, noise, gradients), kept, strict=True):
        assert_array_equal(now, before)
