import math
import re
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import softmax as scipy_softmax
from scipy.stats import entropy, gmean

from code_examples.evaluation.perplexity import context_lengths, effective_choices, perplexity
from code_examples.foundations.cross_entropy import mean_loss


def test_is_one_over_the_geometric_mean():
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 300):
        p = rng.uniform(0.001, 1, n)
        assert perplexity(np.log(p)) == pytest.approx(1 / gmean(p))


def test_is_the_exponential_of_the_usual_loss():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(9, 5)) * 3, rng.integers(0, 5, 9)
    log_probs = np.log(scipy_softmax(logits, axis=1)[np.arange(9), labels])
    assert perplexity(log_probs) == pytest.approx(math.exp(mean_loss(logits, labels)))


def test_a_uniform_model_has_as_many_choices_as_options():
    for n in (1, 2, 6, 50_000):
        assert perplexity(np.full(4, -math.log(n))) == pytest.approx(n)
        assert effective_choices(np.full(n, 1 / n)) == pytest.approx(n)


def test_one_token_that_was_ruled_out_makes_it_infinite():
    assert perplexity([-0.1, -math.inf, -0.1]) == math.inf
    assert effective_choices([0.5, 0.5], [1, 0]) == math.inf
    assert effective_choices([1, 0], [0.25, 0.75]) == pytest.approx(4)
    assert effective_choices([1, 0], [1, 0]) == 1


def test_agrees_with_scipy_and_the_best_model_is_the_truth():
    rng = np.random.default_rng(2)
    for n in (2, 3, 8):
        p, q = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))
        assert effective_choices(p) == pytest.approx(math.exp(entropy(p)))
        assert effective_choices(p, q) == pytest.approx(math.exp(entropy(p) + entropy(p, q)))
        assert effective_choices(p, q) > effective_choices(p)


def test_the_mean_over_a_long_text_comes_to_the_expected_value():
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.1, 0.3])
    text = np.repeat([0, 1, 2], [20, 30, 50])  # each as often as the truth says
    assert perplexity(np.log(q[text])) == pytest.approx(effective_choices(p, q))
    exact = math.prod(Fraction(1, 10) ** 0 / Fraction(str(x)) ** int(n) for x, n in zip(q, (2, 3, 5), strict=True))
    assert effective_choices(p, q) == pytest.approx(float(exact) ** 0.1)


@pytest.mark.parametrize(
    ("n", "window", "stride"),
    [(1, 1, 1), (1, 5, 2), (5, 5, 5), (6, 5, 5), (23, 7, 3), (40, 8, 8), (17, 6, 1), (30, 9, 4)],
)
def test_contexts_are_those_of_moving_the_window_by_hand(n, window, stride):
    expected, begin = [], 0
    while True:
        end = min(begin + window, n)
        expected += [t - begin for t in range(len(expected), end)]
        if end == n:
            break
        begin += stride
    found = context_lengths(np.int64(n), window, stride)
    assert found.tolist() == expected
    assert found.dtype.kind == "i"
    assert (found[window:] >= window - stride).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: perplexity([]), "log_probs holds no token, or a value that is no log-probability"),
        (lambda: perplexity([-1, 0.1]), "pass numbers of at most 0"),
        (lambda: perplexity([-1, math.nan]), "log_probs holds no token, or a value"),
        (lambda: effective_choices([0.5, 0.6]), "p is no distribution; pass a row of probabilities that sum to 1"),
        (lambda: effective_choices([1.5, -0.5]), "p is no distribution"),
        (lambda: effective_choices([[1.0]]), "p is no distribution"),
        (lambda: effective_choices([]), "p is no distribution"),
        (lambda: effective_choices([math.nan, 1]), "p is no distribution"),
        (lambda: effective_choices([1], [0.4]), "q is no distribution"),
        (lambda: effective_choices([1], [0.5, 0.5]), "p has 1 options, q 2; pass one probability for each option"),
        (lambda: context_lengths(0, 4, 2), "tokens 0, window 4, stride 2; pass integers: 1 token or more, stride"),
        (lambda: context_lengths(5, 4, 0), "tokens 5, window 4, stride 0"),
        (lambda: context_lengths(5, 4, 5), "tokens 5, window 4, stride 5"),
        (lambda: context_lengths(5.0, 4, 2), "tokens 5.0, window 4, stride 2; pass integers"),
        (lambda: context_lengths(5, 4.5, 2), "tokens 5, window 4.5, stride 2; pass integers"),
        (lambda: context_lengths(5, 4, 1.5), "tokens 5, window 4, stride 1.5; pass integers"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
