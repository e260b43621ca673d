import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.positional_encoding import frequencies
from code_examples.evaluation.self_extend import mapped_distance, reach, self_extend_scores, stretched_frequencies


@pytest.mark.parametrize(("window", "group"), [(1, 1), (4, 2), (5, 3), (6, 4), (8, 1), (3, 7)])
def test_distances_by_counting_groups(window, group):
    """Beyond the window one counts borders between groups, on top of what the window's own groups leave out."""
    for t in range(40):
        for u in range(t + 1):
            if t - u < window:
                expected = len(range(u, t))
            else:
                borders = sum(p % group == 0 for p in range(u + 1, t + 1))
                expected = borders + window - len(range(group, window + 1, group))
            assert mapped_distance(t, u, window, group) == expected


@pytest.mark.parametrize(
    ("trained", "window", "group"), [(7, 4, 2), (20, 6, 3), (20, 7, 3), (16, 5, 4), (9, 8, 5), (12, 1, 1)]
)
def test_reach_by_search(trained, window, group):
    longest = max(n for n in range(1, 300) if mapped_distance(n - 1, np.arange(n), window, group).max() < trained)
    assert reach(trained, window, group) == longest
    if window % group == 0:
        assert longest == (trained - window) * group + window


def test_distances_grow_and_stay_exact_nearby():
    row = mapped_distance(5000, np.arange(5001), 1024, 5)
    assert (np.diff(row) <= 0).all()
    assert_array_equal(row[-1024:], np.arange(1024)[::-1])
    assert np.bincount(row[: 5001 - 1024]).max() == 5


def test_scores_agree_with_complex_rotation_by_the_mapped_distance():
    rng = np.random.default_rng(2)
    queries, keys = rng.standard_normal((2, 11, 6))
    scores = self_extend_scores(queries, keys, 4, 3)
    with jax.enable_x64(True):
        q, k = (jnp.asarray(x[:, 0::2] + 1j * x[:, 1::2]) for x in (queries, keys))
        theta = 10_000.0 ** (-np.arange(3) / 3)
        for t in range(11):
            for u in range(t + 1):
                turn = jnp.exp(1j * theta * int(mapped_distance(t, u, 4, 3)))
                assert scores[t, u] == pytest.approx(float(jnp.real(jnp.vdot(k[u], q[t] * turn))), abs=1e-12)
    assert np.isneginf(scores[np.triu_indices(11, 1)]).all()
    plain = self_extend_scores(queries, keys, 11, 3)
    assert_allclose(np.tril(self_extend_scores(queries, keys, 2, 1)), np.tril(plain), atol=1e-12)


def test_stretching_at_its_ends():
    for d, factor in ((64, 4), (128, 8.5)):
        original = frequencies(d)
        assert_allclose(stretched_frequencies(d, factor, "interpolation") * factor, original)
        ntk = stretched_frequencies(d, factor, "ntk")
        assert ntk[0] == 1
        assert_allclose(ntk[-1] * factor, original[-1], rtol=1e-12)
        steps = np.diff(np.log(original / ntk))
        assert_allclose(steps, math.log(factor) / (d // 2 - 1), rtol=1e-9)  # even in the logarithm
        for method in ("interpolation", "ntk", "yarn"):
            assert_allclose(stretched_frequencies(d, 1, method), original, rtol=1e-12)


@pytest.mark.parametrize(("d", "trained", "base"), [(128, 4096, 10_000.0), (64, 2048, 500_000.0), (16, 300, 100.0)])
def test_yarn_by_turns_made_in_training(d, trained, base):
    factor, original = 4, frequencies(d, base)
    slowed = original / stretched_frequencies(d, factor, "yarn", trained=trained, base=base)
    turns = trained * original / (2 * math.pi)
    pairs = np.arange(d // 2)
    first_slow = pairs[turns < 1][0] if (turns < 1).any() else d
    last_fast = pairs[turns >= 32][-1] if (turns >= 32).any() else 0
    assert_allclose(slowed[: last_fast + 1], 1)
    assert_allclose(slowed[first_slow:], factor)
    between = 1 / slowed[last_fast : first_slow + 1]  # a straight line in the number of the pair
    assert_allclose(np.diff(between, 2), 0, atol=1e-9)


def test_yarn_keeps_its_range_within_the_head():
    slowed = frequencies(8, 2.0) / stretched_frequencies(8, 3, "yarn", trained=210, base=2.0)
    assert_allclose(1 / slowed, 1 - np.arange(4) / 7 * (1 - 1 / 3))  # from pair 0 to 7, of which 4 exist


@pytest.mark.parametrize(("d", "trained", "base"), [(8, 6, 10_000.0), (4, 50, 1e6), (8, 1, 100.0)])
def test_yarn_where_both_borders_meet(d, trained, base):
    """No pair lies between those that made many turns and those that made less than one."""
    slowed = frequencies(d, base) / stretched_frequencies(d, 3, "yarn", trained=trained, base=base)
    assert_allclose(slowed, [1, *[3] * (d // 2 - 1)])


def test_defaults():
    assert_array_equal(stretched_frequencies(16, 4, "yarn"), stretched_frequencies(16, 4, "yarn", 4096, 10_000.0))
    assert not np.allclose(stretched_frequencies(64, 4, "yarn"), stretched_frequencies(64, 4, "yarn", trained=9000))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mapped_distance(3, 4, 2, 2),
            "positions are not whole numbers from 0, or a key stands after its query",
        ),
        (lambda: mapped_distance(3, -1, 2, 2), "positions are not whole numbers"),
        (lambda: mapped_distance(3.0, 1, 2, 2), "positions are not whole numbers"),
        (lambda: mapped_distance(3, 1.0, 2, 2), "positions are not whole numbers"),
        (lambda: mapped_distance(3, 1, 0, 2), "window is 0 and group 2; pass an integer of at least 1 for each"),
        (lambda: mapped_distance(3, 1, 1.5, 2), "window is 1.5 and group 2; pass an integer"),
        (lambda: mapped_distance(3, 1, 2, 0), "window is 2 and group 0; pass an integer of at least 1 for each"),
        (lambda: reach(8, 8, 2), "window is 8 of 8 trained tokens; pass a shorter window"),
        (lambda: reach(8, 4, 0), "window is 4 and group 0"),
        (lambda: reach(8, np.int64(4), 2.0), "window is 4 and group 2.0"),
        (
            lambda: self_extend_scores(np.ones((3, 2)), np.ones((2, 2)), 1, 1),
            "queries have shape (3, 2) and keys (2, 2)",
        ),
        (lambda: self_extend_scores(np.ones((3, 3)), np.ones((3, 3)), 1, 1), "pass an even integer"),
        (lambda: self_extend_scores(np.ones((3, 2)), np.ones((3, 2)), 0, 1), "window is 0 and group 1"),
        (lambda: stretched_frequencies(8, 2, "pi"), "method is 'pi'; pass 'interpolation', 'ntk' or 'yarn'"),
        (lambda: stretched_frequencies(2, 2, "ntk"), "d is 2, factor 2, trained 4096; pass d of 4, a factor"),
        (lambda: stretched_frequencies(8, 0.5, "ntk"), "d is 8, factor 0.5"),
        (lambda: stretched_frequencies(8, math.inf, "ntk"), "d is 8, factor inf"),
        (lambda: stretched_frequencies(8, math.nan, "yarn"), "d is 8, factor nan"),
        (lambda: stretched_frequencies(8, 2, "yarn", trained=0), "d is 8, factor 2, trained 0"),
        (lambda: stretched_frequencies(7, 2, "yarn"), "d is 7; pass an even integer"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
