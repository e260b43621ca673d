"""Prompt tuning against slow sums, finite differences, a longer text, and the counts of PEFT's documentation."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import approx_fprime
from scipy.special import log_softmax

from code_examples.adaptation.prompt_tuning import answer_logits, count_parameters, init_prompt, prompt_gradient

pytestmark = pytest.mark.unit


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parts(rng, n_virtual=2, n_texts=4, n_tokens=3, d=5, d_key=6, d_value=7, n_answers=3):
    shapes = (n_virtual, d), (n_texts, n_tokens, d)
    matrices = (d, d_key), (d, d_key), (d, d_value), (d_value, n_answers)
    prompt, texts = (rng.standard_normal(shape) for shape in shapes)
    return prompt, texts, tuple(rng.standard_normal(shape) for shape in matrices)


def slow(rows, w_query, w_key, w_value, w_output):
    """The answer of the last row, weight by weight."""
    query = rows[-1] @ w_query
    weights = [math.exp(float(query @ (row @ w_key)) / math.sqrt(len(query))) for row in rows]
    return sum(w * (row @ w_value) for w, row in zip(weights, rows, strict=True)) / sum(weights) @ w_output


def test_answers_agree_with_slow_sums_over_all_tokens(rng):
    prompt, texts, model = parts(rng)
    for text, logits in zip(texts, answer_logits(prompt, texts, model), strict=True):
        assert_allclose(logits, slow(np.vstack([prompt, text]), *model), rtol=1e-10)


def test_real_tokens_as_a_prompt_are_a_longer_text(rng):
    prompt, texts, model = parts(rng)
    longer = np.array([np.vstack([prompt, text]) for text in texts])
    assert_allclose(answer_logits(prompt, texts, model), answer_logits(prompt[:0], longer, model))


@pytest.mark.parametrize("n_virtual", [1, 2, 4])
def test_the_gradient_agrees_with_finite_differences(n_virtual, rng):
    prompt, texts, model = parts(rng, n_virtual)
    labels = [2, 0, 1, 2]

    def loss(flat):
        logits = answer_logits(flat.reshape(prompt.shape), texts, model)
        return -log_softmax(logits, axis=1)[range(4), labels].mean()

    numerical = approx_fprime(prompt.ravel(), loss, 1e-6).reshape(prompt.shape)
    assert_allclose(prompt_gradient(prompt, texts, labels, model), numerical, atol=3e-6)


def test_equal_virtual_tokens_get_equal_gradients(rng):
    prompt, texts, model = parts(rng)
    gradient = prompt_gradient(np.repeat(prompt[:1], 6, axis=0), texts, [0, 1, 2, 0], model)
    assert_allclose(gradient, np.repeat(gradient[:1], 6, axis=0))


# --- start and count ---------------------------------------------------------------------------


def test_a_start_repeats_or_cuts_the_text(rng):
    table = rng.standard_normal((9, 4))
    assert_array_equal(init_prompt(table, [3, 8, 1], 7), table[[3, 8, 1, 3, 8, 1, 3]])
    assert_array_equal(init_prompt(table, np.array([3, 8, 1]), 2.0), table[[3, 8]])
    assert np.linalg.matrix_rank(init_prompt(table, [5], 6)) == 1
    start = init_prompt(table, [0], 1)
    start[0, 0] = 99
    assert table[0, 0] != 99


def test_counts_agree_with_the_documentation_of_peft():
    assert count_parameters(8, 1024) == 8192  # bigscience/bloomz-560m
    assert count_parameters(5, 4096) == 20480  # T5-XXL, Figure 2 of Lester et al.
    assert round(count_parameters(256, 12288) / 1e6, 1) == 3.1  # prefix-embedding tuning of GPT-3
    assert count_parameters(3, 5, 2) == np.empty((3 * 2, 5)).size
    assert type(count_parameters(np.int64(3), 2.0)) is int


# --- what has no answer ------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, 1.5, math.inf, math.nan])
def test_refuses_a_size_that_is_none(wrong):
    for k, name in enumerate(("n_virtual", "d_model", "n_parts")):
        sizes = [2, 2, 2]
        sizes[k] = wrong
        with pytest.raises(ValueError, match=re.escape(f"{name} is {wrong}; pass an integer of at least 1")):
            count_parameters(*sizes)
    with pytest.raises(ValueError, match=re.escape(f"n_virtual is {wrong}; pass an integer of at least 1")):
        init_prompt([[1]], [0], wrong)


@pytest.mark.parametrize("ids", [[3], [-1], [0.5], [[0]], ["a"]])
def test_refuses_ids_that_are_not_in_the_table(ids):
    with pytest.raises(ValueError, match="an id is not in the table; pass a list of row numbers"):
        init_prompt(np.ones((3, 2)), ids, 1)


def test_refuses_a_text_without_tokens_and_a_table_that_is_none():
    with pytest.raises(ValueError, match="the text has no token; pass at least one id"):
        init_prompt(np.ones((3, 2)), [], 1)
    with pytest.raises(ValueError, match="an id is not in the table"):
        init_prompt(np.ones(3), [0], 1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_refuses_embeddings_that_are_not_finite_where_the_text_has_them(wrong):
    table = [[1.0, 2.0], [3.0, wrong], [5.0, 6.0]]
    with pytest.raises(ValueError, match="an embedding of the text is not finite"):
        init_prompt(table, [0, 1], 2)
    assert init_prompt(table, [2, 0], 3).tolist() == [[5, 6], [1, 2], [5, 6]]


@pytest.mark.parametrize(
    ("place", "shape"),
    [
        *((0, shape) for shape in ((5,), (2, 4))),
        *((1, shape) for shape in ((3, 5), (4, 3, 4), (0, 3, 5), (4, 0, 5))),
        *((2, (4, 6)), (3, (5, 5)), (3, (4, 6)), (4, (4, 7)), (5, (6, 3)), (5, (7,))),
    ],
)
def test_refuses_shapes_that_do_not_fit(place, shape, rng):
    prompt, texts, model = parts(rng)
    given = [prompt, texts, *model]
    given[place] = np.ones(shape)
    message = re.escape(f"prompt, texts and model have shapes {[part.shape for part in given]}; pass (n_virtual, d)")
    for call in (lambda *some: answer_logits(*some), lambda *some: prompt_gradient(*some[:2], [0] * 4, some[2])):
        with pytest.raises(ValueError, match=message):
            call(given[0], given[1], given[2:])


@pytest.mark.parametrize("place", range(6))
def test_refuses_numbers_that_are_not_finite(place, rng):
    prompt, texts, model = parts(rng)
    given = [prompt, texts, *model]
    given[place].flat[-1] = math.inf
    with pytest.raises(ValueError, match="a number is not finite; look for what made NaN or infinity first"):
        answer_logits(given[0], given[1], given[2:])


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 1, 2, 3], [0, 1, 2, -1], [[0, 1, 2, 0]], [0, 1, 2, 0.5]])
def test_refuses_labels_that_are_no_answers(labels, rng):
    prompt, texts, model = parts(rng)
    with pytest.raises(ValueError, match="labels must be 4 integers from 0 to 2, one for each text"):
        prompt_gradient(prompt, texts, labels, model)


def test_arguments_are_left_alone(rng):
    prompt, texts, model = parts(rng)
    kept = [part.copy() for part in (prompt, texts, *model)]
    prompt_gradient(prompt, texts, [0, 1, 2, 0], model)
    for part, before in zip((prompt, texts, *model), kept, strict=True):
        assert_array_equal(part, before)
