import re

import jax
import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.adaptation.adapting_pretrained_models import fine_tune, fit_head
from code_examples.foundations.catastrophic_forgetting import descend

INF, NAN = float("inf"), float("nan")


def some(seed=0):
    rng = np.random.default_rng(seed)
    features, heads = rng.standard_normal((5, 3)), [rng.standard_normal((3, 2)), rng.standard_normal((3, 1))]
    tasks = [(rng.standard_normal((n, 5)), rng.standard_normal((n, m))) for n, m in ((7, 2), (4, 1))]
    return features, heads, tasks


def test_the_head_is_where_a_minimizer_ends():
    features, _, [(inputs, targets), _] = some()
    expected = [scipy.optimize.lsq_linear(inputs @ features, column).x for column in targets.T]
    assert_allclose(fit_head(features, inputs, targets), np.transpose(expected), rtol=1e-8)


def test_the_head_is_the_smallest_where_several_are_best():
    head = fit_head(np.eye(3), [[1, 1, 0]], [[4]])
    assert_allclose(head, [[2], [2], [0]], atol=1e-12)


def test_fine_tuning_descends_as_automatic_differentiation_says():
    features, heads, tasks = some()

    def loss(weights):
        errors = [inputs @ weights[0] @ head - y for (inputs, y), head in zip(tasks, weights[1], strict=True)]
        return sum((error**2).sum() / len(error) / 2 for error in errors)

    weights = (features, heads)
    with jax.enable_x64(True):
        derive = jax.jit(jax.grad(loss))
        for _ in range(4):
            weights = jax.tree.map(lambda w, g: np.asarray(w - 0.05 * g), weights, derive(weights))
    tuned, tuned_heads = fine_tune(features, heads, tasks, steps=4, rate=0.05)
    assert_allclose(tuned, weights[0], rtol=1e-9)
    for head, expected in zip(tuned_heads, weights[1], strict=True):
        assert_allclose(head, expected, rtol=1e-9)


def test_one_step_moves_features_as_a_single_layer_would_with_an_identity_head():
    features, _, [(inputs, _), _] = some()
    targets = np.random.default_rng(9).standard_normal((7, 3))
    tuned, _ = fine_tune(features, [np.eye(3)], [(inputs, targets)], 1, 0.2)
    assert_allclose(tuned, descend(features, inputs, targets, steps=1, rate=0.2), rtol=1e-12)


def test_it_settles_where_a_wide_enough_model_has_no_error():
    features, heads, [_, (inputs, targets)] = some()
    tuned, [head] = fine_tune(features, heads[1:], [(inputs, targets)], 3000, 0.05)
    assert_allclose(inputs @ tuned @ head, targets, atol=1e-4)


def test_no_step_and_no_error_change_nothing():
    features, heads, tasks = some()
    same, same_heads = fine_tune(features, heads, tasks, 0, 0.1)
    assert_array_equal(same, features)
    assert_array_equal(same_heads[1], heads[1])
    solved = [(inputs, inputs @ features @ head) for (inputs, _), head in zip(tasks, heads, strict=True)]
    same, same_heads = fine_tune(features, heads, solved, 50, 0.01)
    assert_allclose(same, features, atol=1e-12)
    assert_allclose(same_heads[0], heads[0], atol=1e-12)


def test_arguments_are_left_alone():
    features, heads, tasks = some()
    kept = features.copy(), heads[0].copy(), tasks[0][0].copy()
    fine_tune(features, heads, tasks, 3, 0.1)
    for array, before in zip((features, heads[0], tasks[0][0]), kept, strict=True):
        assert_array_equal(array, before)


@pytest.mark.parametrize(
    ("steps", "rate", "message"),
    [
        (-1, 0.1, "steps is -1; pass 0 or more"),
        (1, 0, "rate is 0; pass a finite number above 0"),
        (1, NAN, "rate is nan; pass a finite number above 0"),
        (1, INF, "rate is inf; pass a finite number above 0"),
        (200, 1e9, r"the weights overflow at rate 1000000000.0; pass a lower one"),
    ],
)
def test_refuses_what_makes_no_training(steps, rate, message):
    with pytest.raises(ValueError, match=message):
        fine_tune(*some(), steps, rate)


def test_refuses_heads_that_are_not_one_for_each_task():
    features, heads, tasks = some()
    for few_heads, few_tasks in ((heads[:1], tasks), (heads, tasks[:1]), ([], [])):
        message = re.escape(
            f"features have shape (5, 3), and there are {len(few_heads)} heads for {len(few_tasks)} tasks;"
        )
        with pytest.raises(ValueError, match=message):
            fine_tune(features, few_heads, few_tasks, 1, 0.1)
    with pytest.raises(
        ValueError, match=re.escape("features have shape (5,), and there are 1 heads for 1 tasks; pass")
    ):
        fit_head(features[:, 0], *tasks[0])


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [((7, 4), (7, 2)), ((6, 5), (7, 2)), ((7, 5), (7,)), ((7,), (7, 2)), ((0, 5), (0, 2)), ((7, 5), (7, 0))],
)
def test_refuses_shapes_that_do_not_fit(inputs, targets):
    features, heads, _ = some()
    with pytest.raises(ValueError, match=re.escape(f"inputs, targets and head have shapes ({inputs}, {targets}, ")):
        fit_head(features, np.ones(inputs), np.ones(targets))
    with pytest.raises(
        ValueError, match=re.escape(f"inputs, targets and head have shapes ({inputs}, {targets}, (3, 2))")
    ):
        fine_tune(features, heads[:1], [(np.ones(inputs), np.ones(targets))], 1, 0.1)


def test_refuses_a_head_that_does_not_fit():
    features, heads, tasks = some()
    with pytest.raises(ValueError, match=re.escape("shapes ((7, 5), (7, 2), (3, 1)), features (5, 3); pass")):
        fine_tune(features, heads[1:], tasks[:1], 1, 0.1)


@pytest.mark.parametrize("wrong", [NAN, INF])
def test_refuses_values_that_are_not_finite(wrong):
    for place in range(4):
        features, heads, tasks = some()
        arrays = [features, heads[1], *tasks[1]]
        arrays[place][-1, -1] = wrong
        with pytest.raises(ValueError, match="a value is not finite; look for what made NaN or infinity first"):
            fine_tune(features, heads, tasks, 1, 0.1)
