import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import dcg_score, ndcg_score

from code_examples.evaluation.ndcg import dcg, ndcg


def test_agrees_with_trec_eval(trec_eval, drawn):
    rankings, gains = drawn
    exponential = [{i: 2**grade - 1 for i, grade in row.items()} for row in gains]
    for form, row_gains in (("linear", gains), ("exponential", exponential)):
        found = trec_eval(rankings, row_gains, "ndcg", "ndcg_cut.1,3,5,10")
        for ranking, row, expected in zip(rankings, gains, found, strict=True):
            assert ndcg(ranking, row, form=form) == pytest.approx(expected["ndcg"])
            for k in (1, 3, 5, np.int64(10)):
                assert ndcg(ranking, row, k, form) == pytest.approx(expected[f"ndcg_cut_{k}"])


def test_agrees_with_scikit_learn_and_no_base_matters():
    rng = np.random.default_rng(3)
    grades, scores = rng.integers(0, 5, 12), rng.normal(size=12)
    ranking = np.argsort(-scores)
    assert dcg(grades[ranking]) == pytest.approx(dcg_score([grades], [scores]))
    for k, base in itertools.product((None, 1, 4, 12, 40), (2, 10, math.e)):
        expected = ndcg_score([grades], [scores], k=k)
        assert ndcg(ranking, dict(enumerate(grades)), k) == pytest.approx(expected)
        found, best = (dcg_score([grades], [row], k=k, log_base=base) for row in (scores, grades))
        assert found / best == pytest.approx(expected)


def test_a_worked_example_by_hand():
    grades = [3, 2, 3, 0, 1, 2]
    ideal = [3, 3, 2, 2, 1, 0]
    assert dcg(grades) == pytest.approx(sum(g / math.log2(rank + 1) for rank, g in enumerate(grades, 1)))
    assert round(dcg(grades), 3) == 6.861
    assert round(dcg(ideal), 3) == 7.141
    gains = dict(enumerate(grades))
    assert ndcg(range(6), gains) == pytest.approx(dcg(grades) / dcg(ideal))
    assert round(ndcg(range(6), gains, form="exponential"), 3) == 0.949
    assert ndcg(range(6), gains | {6: 3, 7: 2}) < ndcg(range(6), gains)  # two good ones were not found


def test_the_best_of_all_orders_is_the_ideal_and_the_worst_is_its_reverse():
    gains = {0: 4, 1: 0, 2: 1, 3: 2.5}
    for form in ("linear", "exponential"):
        values = {order: ndcg(order, gains, form=form) for order in itertools.permutations(range(4))}
        assert max(values, key=values.get) == (0, 3, 2, 1)
        assert min(values, key=values.get) == (1, 2, 3, 0)
        assert values[0, 3, 2, 1] == 1


def test_limits():
    assert ndcg([], {1: 1}) == 0
    assert ndcg([1], {1: 0.5}) == 1
    assert ndcg([9], {1: 1}) == 0
    assert ndcg([1], {1: 1000}, form="exponential") == 1
    assert dcg(np.array([12, 0], dtype=np.int8), "exponential") == 4095  # more than half precision can hold
    assert dcg([0.5, 1], "exponential") == pytest.approx(math.sqrt(2) - 1 + 1 / math.log2(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dcg([[1, 2]]), "grades are not one row of numbers from 0 to 1000; divide larger ones"),
        (lambda: dcg([1, -1]), "grades are not one row"),
        (lambda: dcg([1, 1001]), "grades are not one row"),
        (lambda: dcg([1, math.nan]), "grades are not one row"),
        (lambda: dcg([1], form="log"), "form is 'log'; pass 'linear' or 'exponential'"),
        (lambda: ndcg([1], {1: 1}, k=0), "k is 0; pass an integer of at least 1"),
        (lambda: ndcg([1], [1]), "gains are no dict; pass the grade of each judged id"),
        (lambda: ndcg([1], {}), "no id is relevant"),
        (lambda: ndcg([1], {1: 0}), "no grade is above 0; leave out a query"),
        (lambda: ndcg([1, 1], {1: 1}), "names an id twice"),
        (lambda: ndcg([2], {1: -1}), "grades are not one row"),
        (lambda: ndcg([2], {1: 3, 5: math.nan, 2: 1}, k=1), "grades are not one row"),
        (lambda: ndcg([2], {1: math.nan, 5: 3, 2: 1}, k=1), "grades are not one row"),
        (lambda: ndcg([2], {1: 2000, 2: 1}, k=1), "grades are not one row"),
        (lambda: ndcg([2], {1: -1, 2: 1}, k=1), "grades are not one row"),
        (lambda: ndcg([2], {1: 1}, form="square"), "form is 'square'"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_leaves_its_input_alone():
    grades, gains = np.array([2.0, 1.0]), {1: 2, 2: 1}
    dcg(grades, "exponential")
    ndcg([2, 1], gains, form="exponential")
    assert grades.tolist() == [2, 1]
    assert gains == {1: 2, 2: 1}
