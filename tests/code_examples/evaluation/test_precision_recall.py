import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from code_examples.evaluation.precision_recall import average_precision, precision_at, precision_recall_f1, recall_at


def test_agrees_with_trec_eval(trec_eval, drawn):
    rankings, gains = drawn
    found = trec_eval(rankings, gains, "P.1,3,5,10", "recall.1,3,5,10", "map")
    for ranking, row, expected in zip(rankings, gains, found, strict=True):
        relevant = [i for i, grade in row.items() if grade]
        assert average_precision(ranking, relevant) == pytest.approx(expected["map"])
        for k in (1, 3, 5, 10):
            assert precision_at(ranking, relevant, k) == pytest.approx(expected[f"P_{k}"])
            assert recall_at(ranking, relevant, np.int64(k)) == pytest.approx(expected[f"recall_{k}"])


def test_agrees_with_scikit_learn():
    rng = np.random.default_rng(2)
    for n in (2, 5, 30):
        truth = rng.random(n) < 0.4
        truth[0] = True
        scores = rng.normal(size=n)
        ranking = np.argsort(-scores)
        relevant = np.flatnonzero(truth)
        assert average_precision(ranking, relevant) == pytest.approx(average_precision_score(truth, scores))
        for k in range(1, n + 1):
            said = np.isin(np.arange(n), ranking[:k])
            expected = precision_recall_fscore_support(truth, said, average="binary", zero_division=0)[:3]
            counts = (truth & said).sum(), (~truth & said).sum(), (truth & ~said).sum()
            assert precision_recall_f1(*counts) == pytest.approx(expected)
            assert (precision_at(ranking, relevant, k), recall_at(ranking, relevant, k)) == pytest.approx(expected[:2])


def test_f1_is_the_harmonic_mean_and_lies_near_the_smaller():
    precision, recall, f1 = precision_recall_f1(9, 1, 81)
    assert (precision, recall) == (0.9, 0.1)
    assert f1 == pytest.approx(1 / np.mean([1 / precision, 1 / recall]))
    assert recall < f1 < 2 * recall


def test_small_numpy_counts_do_not_overflow():
    found = precision_recall_f1(np.uint8(200), np.uint8(100), np.uint8(250))
    assert found == pytest.approx((2 / 3, 4 / 9, 8 / 15))
    assert [type(value) for value in found] == [float] * 3


def test_average_precision_at_its_limits():
    assert average_precision([], [3]) == 0
    assert average_precision([3], [3]) == 1
    assert average_precision([3, 1, 2], [1, 3]) == 1
    assert average_precision([9, 1, 3], [1, 3]) == pytest.approx((1 / 2 + 2 / 3) / 2)
    for n in range(1, 6):  # all relevant ones at the end of 10
        assert average_precision(range(10), range(10 - n, 10)) == pytest.approx(
            np.mean([i / (10 - n + i) for i in range(1, n + 1)])
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: precision_recall_f1(0, 0, 3), "nothing was returned or nothing is relevant"),
        (lambda: precision_recall_f1(0, 3, 0), "nothing was returned or nothing is relevant"),
        (lambda: precision_recall_f1(-1, 3, 2), r"the counts are \(-1, 3, 2\); pass integers of 0 or more"),
        (lambda: precision_recall_f1(1, 0.5, 2), r"the counts are \(1, 0\.5, 2\)"),
        (lambda: precision_at([1], [1], 0), "k is 0; pass an integer of at least 1"),
        (lambda: recall_at([1], [1], 1.5), r"k is 1\.5; pass"),
        (lambda: precision_at([1, 1], [1], 1), "names an id twice"),
        (lambda: recall_at([1], [], 1), "no id is relevant"),
        (lambda: average_precision([1], []), "no id is relevant"),
        (lambda: average_precision([2, 2], [1]), "names an id twice"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=message):
        call()
