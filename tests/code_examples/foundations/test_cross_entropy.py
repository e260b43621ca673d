import re

import jax
import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.cross_entropy import cross_entropy, gradient, mean_loss, smooth_labels

INF = float("inf")


def batch(n=7, n_classes=5, scale=3.0, seed=0):
    rng = np.random.default_rng(seed)
    return scale * rng.standard_normal((n, n_classes)), rng.integers(n_classes, size=n)


def targets(n=7, n_classes=5, seed=1):
    return np.random.default_rng(seed).dirichlet(np.ones(n_classes), size=n)


def test_hard_labels_agree_with_scikit_learn():
    z, y = batch()
    q = scipy.special.softmax(z, axis=1)
    expected = sklearn.metrics.log_loss(y, q, labels=range(5))
    assert mean_loss(z, y) == pytest.approx(expected, rel=1e-12)
    assert cross_entropy(np.eye(5)[y], z).mean() == pytest.approx(expected, rel=1e-12)


def test_soft_targets_agree_with_scipy_as_entropy_plus_relative_entropy():
    p, (z, _) = targets(), batch()
    q = scipy.special.softmax(z, axis=1)
    assert_allclose(cross_entropy(p, z), scipy.stats.entropy(p, axis=1) + scipy.stats.entropy(p, q, axis=1), rtol=1e-12)


def test_is_least_where_the_model_is_the_target():
    p = targets()
    least = cross_entropy(p, np.log(p))
    assert_allclose(least, scipy.stats.entropy(p, axis=1), rtol=1e-12)
    for shift in 0.1 * np.eye(5):
        assert (cross_entropy(p, np.log(p) + shift) > least).all()
        assert (cross_entropy(p, np.log(p) - shift) > least).all()


def test_gradient_agrees_with_automatic_differentiation():
    p, (z, _) = targets(), batch()

    def loss(z):
        return -(p * jax.nn.log_softmax(z)).sum()

    with jax.enable_x64(True):
        expected = jax.grad(loss)(z)
    assert_allclose(gradient(p, z), expected, rtol=1e-10, atol=1e-14)


def test_gradient_agrees_with_finite_differences_and_sums_to_zero():
    p, (z, _), step = targets(), batch(), 1e-5
    slope = [(cross_entropy(p, z + e) - cross_entropy(p, z - e)) / (2 * step) for e in step * np.eye(5)]
    assert_allclose(gradient(p, z), np.transpose(slope), atol=1e-9)
    assert_allclose(gradient(p, z).sum(axis=1), 0, atol=1e-15)


def test_a_confident_error_costs_its_lead_in_logits():
    assert cross_entropy([0, 1], [1e4, 0]) == 1e4
    assert cross_entropy([0, 1], [50, 0]) == pytest.approx(50, rel=1e-15)
    assert cross_entropy([1, 0], [10, 0]) == pytest.approx(np.log1p(np.exp(-10)), rel=1e-11)


def test_masked_classes_cost_nothing_unless_they_came():
    assert cross_entropy([0.5, 0, 0.5], [1, -INF, 1]) == pytest.approx(np.log(2))
    assert cross_entropy([0.5, 0.5, 0], [1, -INF, 1]) == INF
    assert mean_loss([[0, -INF]], [1]) == INF


def test_padding_does_not_count_wherever_it_stands():
    z, y = batch(8)
    padded = y.copy()
    padded[[1, 4, 7]] = -100
    kept = [0, 2, 3, 5, 6]
    q = scipy.special.softmax(z, axis=1)
    expected = sklearn.metrics.log_loss(y[kept], q[kept], labels=range(5))
    assert mean_loss(z, padded) == pytest.approx(expected, rel=1e-12)
    assert mean_loss(z.reshape(2, 4, 5), padded.reshape(2, 4)) == pytest.approx(expected, rel=1e-12)
    assert mean_loss(z, np.where(padded == -100, 99, padded), padding=99) == pytest.approx(expected, rel=1e-12)


def test_padding_may_be_a_class_that_the_caller_leaves_out():
    z = np.log([[0.25, 0.75], [0.5, 0.5]])
    assert mean_loss(z, [0, 1], padding=0) == pytest.approx(np.log(2))
    assert mean_loss(z, [1, 0], padding=0) == pytest.approx(np.log(4 / 3))


def test_smoothed_loss_is_the_mixture_of_the_two_losses():
    z, y = batch()
    logq = scipy.special.log_softmax(z, axis=1)
    expected = [-0.9 * row[i] - 0.1 * row.mean() for row, i in zip(logq, y, strict=True)]
    assert_allclose(cross_entropy(smooth_labels(y, 5, 0.1), z), expected, rtol=1e-12)


def test_smoothing_limits():
    assert_array_equal(smooth_labels([1, 0], 2), [[0, 1], [1, 0]])
    assert_allclose(smooth_labels([1, 0], 4, 1), 0.25)
    assert_allclose(smooth_labels(targets(3, 4).argmax(axis=1), 4, 0.3).sum(axis=1), 1)
    assert smooth_labels(0, 1, 0.5).tolist() == [1.0]


def test_no_loss_is_plain_zero():
    assert str(float(cross_entropy([1, 0], [0, -INF]))) == "0.0"
    assert str(float(cross_entropy([1], [7]))) == "0.0"
    assert str(mean_loss([[0, -INF]], [0])) == "0.0"


def test_small_unsigned_integers_are_widened():
    assert cross_entropy(np.array([0, 1], dtype=np.uint8), [0, 0]) == pytest.approx(np.log(2))
    assert gradient(np.array([0, 1], dtype=np.uint8), [0, 0]).tolist() == [0.5, -0.5]
    assert mean_loss(np.zeros((1, 2, 5)), np.array([[4, 3]], dtype=np.uint8)) == pytest.approx(np.log(5))


def test_a_target_may_miss_one_by_rounding_only():
    assert cross_entropy([0.5, 0.5 + 5e-10], [0, 0]) == pytest.approx(np.log(2))
    for excess in (1.5e-9, 5e-9, 4e-6):
        with pytest.raises(ValueError, match="a target is no distribution"):
            cross_entropy([0.5, 0.5 + excess], [0, 0])


def test_rows_of_single_precision_are_taken_with_their_rounding():
    low = np.array([0.1, 0.2, 0.7], dtype=np.float32)
    assert low.astype(np.float64).sum() != 1
    assert cross_entropy(low, np.log(low)) == pytest.approx(scipy.stats.entropy([0.1, 0.2, 0.7]), rel=1e-6)
    assert gradient(low, [0, 0, 0]) == pytest.approx([1 / 3 - 0.1, 1 / 3 - 0.2, 1 / 3 - 0.7], abs=1e-7)
    for units in (15, 16):  # units of 2**-24; 16 of them are 8 eps
        assert cross_entropy(np.array([0.5, 0.5 + units * 2**-24], np.float32), [0, 0]) > np.log(2)
    for units in (17, 168):
        with pytest.raises(ValueError, match="a target is no distribution"):
            cross_entropy(np.array([0.5, 0.5 + units * 2**-24], dtype=np.float32), [0, 0])
    half = np.array([0.1, 0.2, 0.7], dtype=np.float16)
    assert cross_entropy(half, [0, 0, 0]) == pytest.approx(np.log(3), rel=1e-3)


@pytest.mark.parametrize("function", [cross_entropy, gradient])
@pytest.mark.parametrize(
    ("target", "logits", "message"),
    [
        ([1, 0], [1, 2, 3], "target has shape (2,), logits (3,); pass one probability for each logit"),
        ([0.5, 0.4], [1, 2], "a target is no distribution; pass probabilities of 0 or more that sum to 1"),
        ([1.5, -0.5], [1, 2], "a target is no distribution; pass probabilities of 0 or more that sum to 1"),
        ([2, 0], [1, 2], "a target is no distribution; pass probabilities of 0 or more that sum to 1"),
        (1.0, 2.0, "a target is no distribution; pass probabilities of 0 or more that sum to 1"),
        ([1, np.nan], [1, 2], "a target is no distribution; pass probabilities of 0 or more that sum to 1"),
        ([0.5, 0.5], [1, np.nan], "a logit is NaN or +inf; pass finite scores"),
        ([0.5, 0.5], [-INF, -INF], "every position is masked (-inf); leave at least one"),
    ],
)
def test_refuses_what_has_no_answer(function, target, logits, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        function(target, logits)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "labels have shape (2,), logits (3, 4); pass one label for each row of logits"),
        ([-100] * 3, "every label is padding; pass at least one token that counts"),
        ([0, 4, 1], "a label is not a class; pass integers from 0 to 3"),
        ([0, -1, 1], "a label is not a class; pass integers from 0 to 3"),
        ([0.0, 1.0, 2.0], "labels are of type float64; pass integers"),
    ],
)
def test_mean_loss_refuses_what_has_no_answer(labels, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        mean_loss(np.zeros((3, 4)), labels)


def test_mean_loss_takes_one_row_but_no_single_logit():
    assert mean_loss([0, 0], 1) == pytest.approx(np.log(2))
    message = "labels have shape (), logits (); pass one label for each row of logits"
    with pytest.raises(ValueError, match=re.escape(message)):
        mean_loss(5, 0)


@pytest.mark.parametrize(
    ("labels", "smoothing", "message"),
    [
        ([3], 0.1, "a label is not a class; pass integers from 0 to 2"),
        ([True], 0.1, "labels are of type bool; pass integers"),
        ([0], 1.1, "smoothing is 1.1; pass a share from 0 to 1"),
        ([0], -0.1, "smoothing is -0.1; pass a share from 0 to 1"),
    ],
)
def test_smooth_labels_refuses_what_has_no_answer(labels, smoothing, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        smooth_labels(labels, 3, smoothing)


def test_leaves_its_input_alone():
    z, y = batch()
    p = targets()
    before = z.copy(), y.copy(), p.copy()
    cross_entropy(p, z), gradient(p, z), mean_loss(z, y), smooth_labels(y, 5, 0.1)
    for now, then in zip((z, y, p), before, strict=True):
        assert_array_equal(now, then)
