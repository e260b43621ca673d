from itertools import combinations

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.prompting.nucleus_sampling import min_p, top_k, top_p

FILTERS = [(top_k, 2), (top_p, 0.6), (min_p, 0.3)]
HAND = [0.05, 0.5, 0.3, 0.15]

# counts out of 64 are exact in binary, so that no sum of them is rounded
counts = st.lists(st.integers(0, 64), min_size=1, max_size=7).filter(sum)


def exact(weights):
    """Sixty-fourths near the weights, with sum 1."""
    shares = np.floor(64 * np.array(weights) / sum(weights))
    shares[np.argmax(shares)] += 64 - shares.sum()
    return shares / 64


def smallest_set(p, mass):
    """The nucleus from its definition: of the sets that reach the mass, the smallest, and of these the heaviest."""
    for size in range(1, len(p) + 1):
        best = max(combinations(range(len(p)), size), key=lambda chosen: sum(p[i] for i in chosen))
        if sum(p[i] for i in best) >= mass:
            return best
    raise AssertionError


def share(p, chosen):
    kept = np.zeros(len(p))
    kept[list(chosen)] = np.asarray(p)[list(chosen)]
    return kept / kept.sum()


@given(counts, st.integers(1, 64))
def test_the_nucleus_is_the_smallest_set_that_reaches_p(weights, mass):
    p = exact(weights)
    assert_allclose(top_p(p, mass / 64), share(p, smallest_set(p, mass / 64)), rtol=1e-14)


def test_top_k_agrees_with_jax():
    rows = np.array([exact(weights) for weights in np.random.default_rng(0).integers(0, 5, (30, 7)) + 1e-9])
    _, chosen = jax.lax.top_k(rows.astype(np.float32), 3)  # ties are many, and go to the first there, too
    for p, best in zip(rows, np.asarray(chosen), strict=True):
        assert_allclose(top_k(p, 3), share(p, best), rtol=1e-14)


@given(counts, st.integers(1, 9))
def test_top_k_keeps_the_heaviest_of_all_sets_of_its_size(weights, k):
    p = exact(weights)
    best = max(combinations(range(len(p)), min(k, len(p))), key=lambda chosen: sum(p[list(chosen)]))
    assert_allclose(top_k(p, k), share(p, best), rtol=1e-14)


@given(counts, st.integers(0, 8))
def test_min_p_keeps_what_is_not_too_far_below_the_best(weights, eighths):
    p = exact(weights)
    best = max(p)
    chosen = [i for i, value in enumerate(p) if 8 * value >= eighths * best]
    assert_allclose(min_p(p, eighths / 8), share(p, chosen), rtol=1e-14)


def test_by_hand():
    assert_allclose(top_p(HAND, 0.7), [0, 0.625, 0.375, 0])
    assert_allclose(top_k(HAND, 3), np.array([0, 10, 6, 3]) / 19)
    assert_allclose(min_p(HAND, 0.3), np.array([0, 10, 6, 3]) / 19)
    assert_allclose(min_p(HAND, 0.31), [0, 0.625, 0.375, 0])


def test_the_ends_of_the_ranges_keep_one_and_all():
    for one in (top_k(HAND, 1), top_p(HAND, 1e-9), top_p(HAND, 0.5), min_p(HAND, 1)):
        assert_array_equal(one, [0, 1, 0, 0])
    for every in (top_k(HAND, 4), top_k(HAND, 5), top_p(HAND, 1), min_p(HAND, 0), min_p(HAND, 0.1)):
        assert_allclose(every, HAND, rtol=1e-15)


def test_p_of_one_keeps_a_tail_that_rounding_would_lose():
    p = np.array([1 - 1e-15, 1e-15, 1e-18])
    assert (top_p(p, 1) > 0).all()
    assert_array_equal(top_p(p, 1 - 1e-12), [1, 0, 0])


def test_of_equals_the_first_are_kept():
    even = np.full(5, 0.2)
    assert_allclose(top_k(even, 2), [0.5, 0.5, 0, 0, 0])
    assert_allclose(top_p(even, 0.5), [1 / 3, 1 / 3, 1 / 3, 0, 0])
    assert_allclose(min_p(even, 1), even)


@pytest.mark.parametrize(("keep", "setting"), FILTERS)
def test_one_token_stays(keep, setting):
    assert_array_equal(keep([1], setting), [1])


@pytest.mark.parametrize(("keep", "setting"), FILTERS)
def test_odds_among_the_kept_stay(keep, setting):
    p = np.array([0.1, 0.4, 0.3, 0.2])
    kept = keep(p, setting)
    assert_allclose(kept.sum(), 1)
    assert_allclose(kept[1] / kept[2], 4 / 3)
    assert_array_equal(p, [0.1, 0.4, 0.3, 0.2])


@pytest.mark.parametrize(("keep", "setting"), FILTERS)
@pytest.mark.parametrize(
    "wrong", [[], 1.0, [[0.5, 0.5]], [0.5, 0.4], [0.6, 0.5], [1.5, -0.5], [np.nan, 1], [np.inf, 0], [0, 0]]
)
def test_refuses_what_is_no_distribution(keep, setting, wrong):
    with pytest.raises(ValueError, match="probabilities must be one row of numbers from 0 to 1 with sum 1"):
        keep(wrong, setting)


def test_takes_a_distribution_in_single_precision():
    p = np.random.default_rng(0).dirichlet(np.ones(1000)).astype(np.float32)
    assert top_p(p, 0.9).dtype == np.float64
    assert_allclose(top_p(p, 1).sum(), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("keep", "setting", "message"),
    [
        (top_k, 0, "k is 0; pass an integer of at least 1"),
        (top_k, 1.0, "k is 1.0; pass an integer"),
        (top_p, 0, "p is 0; pass a number above 0 and at most 1"),
        (top_p, 1.001, "p is 1.001; pass a number above 0"),
        (top_p, np.nan, "p is nan; pass a number above 0"),
        (min_p, -0.001, "p is -0.001; pass a number from 0 to 1"),
        (min_p, 1.001, "p is 1.001; pass a number from 0 to 1"),
        (min_p, np.nan, "p is nan; pass a number from 0 to 1"),
    ],
)
def test_refuses_a_setting_without_meaning(keep, setting, message):
    with pytest.raises(ValueError, match=message):
        keep([0.5, 0.5], setting)
