import re

import jax
import numpy as np
import pytest
import scipy.special
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.training.knowledge_distillation import distillation_gradient, distillation_loss, train_student

INF, NAN = float("inf"), float("nan")


def tables(n=5, k=3, seed=0):
    return 2 * np.random.default_rng(seed).standard_normal((2, n, k))


@pytest.mark.parametrize("tau", [0.3, 1, 4.5])
def test_the_loss_is_the_mean_relative_entropy_of_scipy_times_the_square(tau):
    student, teacher = tables()
    p, q = scipy.special.softmax(teacher / tau, axis=1), scipy.special.softmax(student / tau, axis=1)
    expected = tau**2 * scipy.stats.entropy(p, q, axis=1).mean()
    assert distillation_loss(student, teacher, tau) == pytest.approx(expected, rel=1e-10)
    assert type(distillation_loss(student, teacher, tau)) is float


def test_the_gradient_is_that_of_automatic_differentiation():
    student, teacher = tables(4, 3)

    def loss(student, tau):
        p = jax.nn.softmax(teacher / tau)
        return tau**2 * (p * (jax.nn.log_softmax(teacher / tau) - jax.nn.log_softmax(student / tau))).sum(axis=1).mean()

    with jax.enable_x64(True):
        derive = jax.jit(jax.grad(loss))
        for tau in (0.5, 1.0, 7.0):
            assert_allclose(distillation_gradient(student, teacher, tau), derive(student, tau), rtol=1e-9, atol=1e-13)


def test_the_default_temperature_is_one():
    student, teacher = tables()
    assert distillation_loss(student, teacher) == distillation_loss(student, teacher, 1)
    assert_array_equal(distillation_gradient(student, teacher), distillation_gradient(student, teacher, 1))


def test_a_label_is_a_teacher_that_excludes_the_rest():
    student = tables()[0]
    labels = np.array([0, 2, 1, 1, 0])
    teacher = np.where(np.eye(3)[labels] == 1, 5.0, -INF)
    expected = -scipy.special.log_softmax(student, axis=1)[np.arange(5), labels].mean()
    assert distillation_loss(student, teacher) == pytest.approx(expected, rel=1e-12)


def test_far_from_each_other_the_loss_is_large_and_not_infinite():
    assert distillation_loss([[2000, 0]], [[0, 2000]]) == pytest.approx(2000)
    assert distillation_loss([[-INF, 0]], [[1, 0]]) == INF
    assert distillation_gradient([[2000, 0]], [[0, 2000]], 3).tolist() == [[3, -3]]


def test_a_high_temperature_matches_centred_logits():
    student, teacher = tables(6, 4)
    gaps = student - teacher
    expected = (gaps - gaps.mean(axis=1, keepdims=True)) / 4 / 6
    assert_allclose(distillation_gradient(student, teacher, 1e6), expected, atol=1e-6)


def test_a_tiny_temperature_leaves_the_first_choice():
    assert distillation_gradient([[3, 1]], [[1, 3]], 1e-308).tolist() == [[1e-308, -1e-308]]


def test_the_student_descends_as_a_loop_over_examples_does():
    rng = np.random.default_rng(3)
    inputs, teacher = rng.standard_normal((6, 2)), rng.standard_normal((6, 3))
    weights = np.zeros((2, 3))
    for _ in range(7):
        step = np.zeros((2, 3))
        for x, logits in zip(inputs, teacher, strict=True):
            gap = scipy.special.softmax(logits / 2) - scipy.special.softmax(x @ weights / 2)
            step += 2 * np.outer(x, gap) / 6
        weights += 0.3 * step
    assert_allclose(train_student(inputs, teacher, 2, 7, 0.3), weights, rtol=1e-9)


def test_a_student_that_can_match_a_linear_teacher_does():
    rng = np.random.default_rng(4)
    inputs, truth = rng.standard_normal((20, 2)), rng.standard_normal((2, 3))
    learned = train_student(inputs, inputs @ truth, 5, 400, 1)
    assert_allclose(learned, truth - truth.mean(axis=1, keepdims=True), atol=1e-6)  # a common shift is not seen


def test_no_step_leaves_the_student_at_zero():
    assert train_student([[1, 2]], [[3, 4, 5]], 1, 0, 0.1).tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("tau", [0, -1, INF, NAN])
def test_refuses_a_temperature_that_is_not_above_zero(tau):
    for call in (distillation_loss, distillation_gradient):
        with pytest.raises(ValueError, match=f"temperature is {tau}; pass a finite number above 0"):
            call([[0, 1]], [[1, 0]], tau)


@pytest.mark.parametrize(
    "shapes", [((2, 3), (3, 3)), ((2, 3), (2, 2)), ((3,), (3,)), ((0, 3), (0, 3)), ((2, 0), (2, 0))]
)
def test_refuses_tables_that_do_not_fit(shapes):
    message = re.escape(f"student and teacher logits have shapes {shapes}; pass two tables of one shape")
    for call in (distillation_loss, distillation_gradient):
        with pytest.raises(ValueError, match=message):
            call(np.ones(shapes[0]), np.ones(shapes[1]))


def test_refuses_logits_without_a_softmax():
    for wrong in ([[NAN, 0]], [[INF, 0]]):
        for some in ((wrong, [[0, 0]]), ([[0, 0]], wrong)):
            with pytest.raises(ValueError, match="logit"):
                distillation_loss(*some)


@pytest.mark.parametrize("inputs", [[1, 2], [[1], [2], [3]], [], [[], []]])
def test_refuses_inputs_that_do_not_fit(inputs):
    message = re.escape(f"inputs have shape {np.shape(inputs)}, teacher logits (2, 2); pass a row for each example")
    with pytest.raises(ValueError, match=message):
        train_student(inputs, [[0, 1], [1, 0]], 1, 1, 0.1)


def test_refuses_what_makes_no_training():
    good = {"inputs": [[1]], "teacher_logits": [[0, 1]], "temperature": 1, "steps": 1, "learning_rate": 0.1}
    for name, wrong, message in (
        ("inputs", [[NAN]], "an input is not finite"),
        ("steps", -1, "steps is -1; pass 0 or more"),
        ("learning_rate", 0, "learning_rate is 0; pass a finite number above 0"),
        ("learning_rate", INF, "learning_rate is inf; pass"),
        ("temperature", 0, "temperature is 0; pass"),
        ("teacher_logits", [0], "student and teacher logits have shapes"),
    ):
        with pytest.raises(ValueError, match=message):
            train_student(**good | {name: wrong})


def test_arguments_are_left_alone():
    student, teacher = tables()
    kept = student.copy(), teacher.copy()
    distillation_gradient(student, teacher, 2)
    train_student(student, teacher, 2, 3, 0.1)
    assert_array_equal((student, teacher), kept)
