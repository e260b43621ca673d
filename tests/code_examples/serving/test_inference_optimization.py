import re
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.self_attention import scaled_dot_product_attention
from code_examples.serving.inference_optimization import (
    acceptance_rate,
    expected_tokens,
    online_softmax_attention,
    pack_sequences,
    speculative_round,
)

GRID = 4


class Enumerator:
    """Stands in for a generator, and walks through every outcome of every draw with its probability.

    Uniform draws take the middles of GRID equal intervals, which is exact where acceptance is a multiple of 1 / GRID.
    """

    def __init__(self):
        self.path = []  # of each draw: the outcome taken, and how many there are

    def paths(self, run):
        while True:
            self.depth, self.weight = 0, 1.0
            result = run(self)
            if self.weight:
                yield result, self.weight
            while self.path and self.path[-1][0] == self.path[-1][1] - 1:
                self.path.pop()
            if not self.path:
                return
            self.path[-1][0] += 1

    def _next(self, n_outcomes):
        if self.depth == len(self.path):
            self.path.append([0, n_outcomes])
        self.depth += 1
        return self.path[self.depth - 1][0]

    def choice(self, n, p):
        outcome = self._next(n)
        self.weight *= p[outcome]
        return outcome

    def random(self):
        self.weight /= GRID
        return (self._next(GRID) + 0.5) / GRID


def target(text):
    return [[0.5, 0.25, 0.25], [0.375, 0.5, 0.125], [0, 0.375, 0.625]][text[-1] if text else 0]


def draft(text):
    return [[0.25, 0.5, 0.25], [0.5, 0.5, 0], [0.25, 0.25, 0.5]][len(text) % 3]


def law(model, length):
    """The probability of each text of a length under one model alone."""
    texts = {(): 1.0}
    for _ in range(length):
        texts = {(*text, i): mass * p for text, mass in texts.items() for i, p in enumerate(model(text)) if p}
    return texts


def rounds(rng, n_drafted, length):
    text = ()
    while len(text) < length:
        text += tuple(speculative_round(target, draft, text, n_drafted, rng))
    return text[:length]


@pytest.mark.parametrize(("n_drafted", "length"), [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3)])
def test_the_law_of_the_texts_is_exactly_the_targets(n_drafted, length):
    found = Counter()
    for text, weight in Enumerator().paths(lambda rng: rounds(rng, n_drafted, length)):
        found[text] += weight
    expected = law(target, length)
    assert found.keys() == expected.keys()
    assert_allclose([found[text] for text in expected], list(expected.values()), rtol=1e-12)


def test_the_law_of_long_texts_by_chance():
    rng = np.random.default_rng(0)
    found = Counter(rounds(rng, 3, 4) for _ in range(4000))
    expected = law(target, 4)
    frequencies = np.array([found[text] for text in expected])
    assert scipy.stats.chisquare(frequencies, 4000 * np.array(list(expected.values()))).pvalue > 0.01


def test_the_number_of_tokens_agrees_with_the_formula_where_all_are_kept_as_likely():
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.5, 0.25])
    for n_drafted in (1, 2, 3):
        run = lambda rng, n=n_drafted: len(speculative_round(lambda text: p, lambda text: q, (), n, rng))  # noqa: E731
        mean = sum(count * weight for count, weight in Enumerator().paths(run))
        assert_allclose(mean, expected_tokens(acceptance_rate(p, q), n_drafted), rtol=1e-12)


@pytest.mark.parametrize("acceptance", [0, 0.3, 0.8, 0.99])
@pytest.mark.parametrize("n_drafted", [1, 4, 7])
def test_expected_tokens_agree_with_the_printed_formula(acceptance, n_drafted):
    assert_allclose(expected_tokens(acceptance, n_drafted), (1 - acceptance ** (n_drafted + 1)) / (1 - acceptance))
    assert expected_tokens(1, n_drafted) == n_drafted + 1


def test_acceptance_is_one_minus_half_the_distance():
    rng = np.random.default_rng(1)
    for _ in range(20):
        p, q = rng.dirichlet([0.5] * 6, size=2)
        assert_allclose(acceptance_rate(p, q), 1 - np.abs(p - q).sum() / 2)


@pytest.mark.parametrize("block_size", [1, 2, 5, 7, 13, 14, 1000])
def test_blocks_agree_with_attention_in_one_piece(block_size):
    rng = np.random.default_rng(2)
    queries, keys, values = rng.normal(0, 3, (4, 6)), rng.normal(0, 3, (13, 6)), rng.normal(size=(13, 3))
    found = online_softmax_attention(queries, keys, values, block_size)
    assert_allclose(found, scaled_dot_product_attention(queries, keys, values), rtol=1e-12)
    by_jax = jax.nn.softmax(jnp.array(queries @ keys.T / 6**0.5), axis=1) @ values
    assert_allclose(found, by_jax, rtol=1e-4, atol=1e-5)
    assert found.shape == (4, 3)


@pytest.mark.parametrize("order", [1, -1])
def test_huge_scores_do_not_overflow(order):
    keys = np.array([[-3000.0], [0], [2999], [3000]])[::order]
    values = np.array([[1.0], [2], [3], [4]])[::order]
    expected = (3 * np.exp(-1) + 4) / (np.exp(-1) + 1)
    for block_size in (1, 3):
        assert_allclose(online_softmax_attention([[1.0]], keys, values, block_size), [[expected]], rtol=1e-12)


def slow_pack(lengths, n_slots, block_size):
    free, packed, held = [list(range(block_size)) for _ in range(n_slots // block_size)], 0, 0
    for length in lengths:
        needed = sum(1 for token in range(length) if token % block_size == 0)
        if needed > len(free):
            break
        free, packed, held = free[needed:], packed + 1, held + length
    return packed, held / n_slots


@pytest.mark.parametrize("block_size", [1, 3, 16, 64])
def test_packing_agrees_with_handing_out_blocks(block_size):
    rng = np.random.default_rng(3)
    for _ in range(20):
        lengths = rng.integers(1, 65, 40)
        expected = slow_pack(lengths.tolist(), 500, block_size)
        assert pack_sequences(lengths, 500, block_size) == pytest.approx(expected, rel=1e-12)
    assert pack_sequences([9, 1], 8, 4) == (0, 0.0)
    assert [type(value) for value in pack_sequences([3], 8, 4)] == [int, float]


@pytest.mark.parametrize("wrong", [[0.5, 0.6], [-0.5, 1.5], [], [[1.0]], [float("nan"), 1]])
def test_refuses_what_is_no_distribution(wrong):
    for call in (
        lambda: acceptance_rate(wrong, [0.5, 0.5]),
        lambda: acceptance_rate([0.5, 0.5], wrong),
        lambda: speculative_round(lambda text: wrong, lambda text: [1, 0], (), 1, np.random.default_rng(0)),
        lambda: speculative_round(lambda text: [1, 0], lambda text: wrong, (), 1, np.random.default_rng(0)),
    ):
        with pytest.raises(ValueError, match="pass one row of probabilities that sum to 1"):
            call()


def test_refuses_two_vocabularies():
    with pytest.raises(ValueError, match="target has 1 tokens and draft 2; use one vocabulary"):
        acceptance_rate([1], [0.5, 0.5])
    rng = np.random.default_rng(0)
    for n_target, n_draft in ((1, 2), (2, 1), (3, 2)):
        p, q = np.eye(n_target)[0], np.eye(n_draft)[0]
        with pytest.raises(ValueError, match=f"target has {n_target} tokens and draft {n_draft}; use one vocabulary"):
            speculative_round(lambda text, p=p: p, lambda text, q=q: q, (), 2, rng)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_refuses_an_acceptance_that_is_no_probability(wrong):
    with pytest.raises(ValueError, match=f"acceptance is {wrong}; pass a probability"):
        expected_tokens(wrong, 2)


@pytest.mark.parametrize("wrong", [0, -1, 1.5])
def test_refuses_a_count_below_one(wrong):
    for name, call in (
        ("n_drafted", lambda: expected_tokens(0.5, wrong)),
        ("n_drafted", lambda: speculative_round(target, draft, (), wrong, np.random.default_rng(0))),
        ("block_size", lambda: online_softmax_attention([[1]], [[1]], [[1]], wrong)),
        ("block_size", lambda: pack_sequences([1], 1, wrong)),
        ("n_slots", lambda: pack_sequences([1], wrong, 1)),
    ):
        with pytest.raises(ValueError, match=re.escape(f"{name} is {wrong}; pass an integer of at least 1")):
            call()


@pytest.mark.parametrize("shapes", [((2, 3), (4, 2), (4, 1)), ((2, 3), (4, 3), (5, 1)), ((3,), (4, 3), (4, 1))])
def test_refuses_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match=re.escape(f"shapes are {shapes}; pass (n_queries, d_key)")):
        online_softmax_attention(*(np.ones(shape) for shape in shapes), 2)


def test_refuses_no_keys_and_entries_that_are_not_finite():
    parts = [np.ones((2, 3)), np.ones((4, 3)), np.ones((4, 1))]
    for place in range(3):
        wrong = [part.copy() for part in parts]
        wrong[place][1, 0] = np.inf
        with pytest.raises(ValueError, match="pass at least one key, and finite entries"):
            online_softmax_attention(*wrong, 2)
    with pytest.raises(ValueError, match="pass at least one key"):
        online_softmax_attention(np.ones((2, 3)), np.ones((0, 3)), np.ones((0, 1)), 2)


@pytest.mark.parametrize("wrong", [[], [0], [1, -1], [1.5], [[1]]])
def test_refuses_lengths_that_are_none(wrong):
    with pytest.raises(ValueError, match="lengths must be integers of at least 1, one for each sequence"):
        pack_sequences(wrong, 8, 2)


def test_inputs_are_left_alone():
    parts = [np.ones((2, 3)), np.arange(12.0).reshape(4, 3), np.ones((4, 1))]
    kept, lengths = [part.copy() for part in parts], np.array([3, 5])
    online_softmax_attention(*parts, 3)
    pack_sequences(lengths, 9, 2)
    for part, before in zip(parts, kept, strict=True):
        assert_array_equal(part, before)
    assert_array_equal(lengths, [3, 5])
