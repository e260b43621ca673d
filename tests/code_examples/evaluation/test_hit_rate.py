import math

import numpy as np
import pytest
from scipy.stats import binomtest

from code_examples.evaluation.hit_rate import (
    check_cutoff,
    check_queries,
    check_query,
    first_hit,
    hit_rate,
    sign_test,
    wilson_interval,
)


def test_agrees_with_trec_eval(trec_eval, drawn):
    rankings, gains = drawn
    relevants = [[i for i, grade in row.items() if grade] for row in gains]
    found = trec_eval(rankings, gains, "success.1,3,5,10")
    for k in (1, 3, 5, 10):
        assert hit_rate(rankings, relevants, k) == pytest.approx(np.mean([row[f"success_{k}"] for row in found]))
    for ranking, relevant in zip(rankings, relevants, strict=True):
        places = np.flatnonzero(np.isin(ranking, relevant))
        assert first_hit(ranking, relevant) == (places[0] + 1 if len(places) else None)


def test_known_ranks_give_known_rates():
    ranking = list(range(1, 11))  # id i stands at rank i
    rates = {k: hit_rate([ranking] * 4, [{1}, {3}, {7}, {11}], k) for k in (1, 2, 3, 6, 7, 10, 99)}
    assert rates == {1: 0.25, 2: 0.25, 3: 0.5, 6: 0.5, 7: 0.75, 10: 0.75, 99: 0.75}
    assert hit_rate([[5, 2]], [[2]], np.int64(2)) == 1.0
    assert hit_rate(np.array([[5, 2], [3, 4]]), [[2], [3]], 1) == 0.5


@pytest.mark.parametrize("n", [1, 2, 7, 72, 5000])
def test_interval_is_that_of_scipy(n):
    for hits in {0, 1, n // 3, n // 2, n - 1, n}:
        expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert wilson_interval(hits, n) == pytest.approx(tuple(expected), abs=1e-12)
        low, high = wilson_interval(np.int64(hits), n)
        assert 0 <= low < high <= 1


def test_rounding_carries_no_end_past_zero_or_one():
    assert min(wilson_interval(0, n)[0] for n in range(1, 130)) == 0
    assert max(wilson_interval(n, n)[1] for n in range(1, 130)) == 1


@pytest.mark.parametrize(("hits", "n"), [(13, 40), (12.5, 30), (0.5, 1), (np.float64(3.5), np.int64(4))])
def test_interval_ends_are_where_the_share_is_just_possible(hits, n):
    """The definition, at halves too: SciPy takes whole hits only."""
    low, high = wilson_interval(hits, n)
    for end in (low, high):
        assert abs(hits / n - end) / math.sqrt(end * (1 - end) / n) == pytest.approx(1.959964, abs=1e-6)
    assert wilson_interval(n - hits, n) == pytest.approx((1 - high, 1 - low))


def test_sign_test_is_that_of_scipy():
    for better in range(9):
        for worse in range(9):
            expected = binomtest(better, better + worse).pvalue if better + worse else 1.0
            assert sign_test(better, worse) == pytest.approx(expected, rel=1e-9)
    assert sign_test(np.int64(70), np.int64(2)) == pytest.approx(binomtest(70, 72).pvalue, rel=1e-9)
    assert sign_test(1500, 1400) == pytest.approx(binomtest(1500, 2900).pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_query(3, {3}), r"ids do not stand in a sequence; pass \[5\] rather than 5"),
        (lambda: check_query([3], 3), "ids do not stand in a sequence"),
        (lambda: check_query([[3], [4]], {3}), "ids do not stand in a sequence"),
        (lambda: check_query("d12", {"d12"}), "ids do not stand in a sequence"),
        (lambda: hit_rate([["d12"]], ["d12"], 1), "ids do not stand in a sequence"),
        (lambda: check_query([3], []), "no id is relevant; leave out a query"),
        (lambda: first_hit([3, 4, 3], {4}), "the ranking names an id twice; keep the first place"),
        (lambda: check_queries([], []), "0 rankings for 0 queries; pass one for each, at least one"),
        (lambda: hit_rate([[1]], [{1}, {2}], 1), "1 rankings for 2 queries"),
        (lambda: hit_rate([[1], [2]], [{1}], 1), "2 rankings for 1 queries"),
        (lambda: check_cutoff(0), "k is 0; pass an integer of at least 1"),
        (lambda: check_cutoff(2.0), r"k is 2\.0; pass"),
        (lambda: hit_rate([[1]], [{1}], -1), "k is -1; pass"),
        (lambda: hit_rate([[1]], [{1}], None), "k is None; pass"),
        (lambda: wilson_interval(0, 0), "0 hits of n = 0; pass an integer n of at least 1, and from 0 to n hits"),
        (lambda: wilson_interval(2.5, 2), r"2\.5 hits of n = 2; pass"),
        (lambda: wilson_interval(-0.5, 2), r"-0\.5 hits of n = 2; pass"),
        (lambda: wilson_interval(math.nan, 2), "nan hits of n = 2; pass"),
        (lambda: wilson_interval(1, 2.0), r"1 hits of n = 2\.0; pass"),
        (lambda: wilson_interval(0, -1), "0 hits of n = -1; pass"),
        (lambda: sign_test(-1, 2), "the counts are -1 and 2; pass integers of 0 or more"),
        (lambda: sign_test(2, -1), "the counts are 2 and -1; pass"),
        (lambda: sign_test(2, 1.0), r"the counts are 2 and 1\.0; pass"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_leaves_its_input_alone():
    ranking, relevant = [4, 9, 2], {2, 7}
    copy, ids = check_query(ranking, relevant)
    copy.append(1)
    ids.clear()
    assert (ranking, relevant) == ([4, 9, 2], {2, 7})
    assert check_queries([ranking], [relevant]) == [([4, 9, 2], {2, 7})]
