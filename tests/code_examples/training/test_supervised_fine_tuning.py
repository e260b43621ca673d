"""Supervised fine-tuning against Jinja's rendering of the template, loops over examples, and means of means."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.self_attention import scaled_dot_product_attention
from code_examples.foundations.cross_entropy import mean_loss
from code_examples.serving.batching import packed_mask
from code_examples.training.supervised_fine_tuning import chat_segments, pack, token_weights

pytestmark = pytest.mark.unit

CHATML = Template(
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
)
some_messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": st.text(max_size=5)}),
    min_size=1,
    max_size=4,
)
some_examples = st.lists(
    st.lists(st.tuples(st.lists(st.integers(0, 9), max_size=3), st.booleans()), min_size=1, max_size=4).filter(
        lambda pieces: any(ids for ids, _ in pieces)
    ),
    min_size=1,
    max_size=4,
)
some_batches = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4), min_size=1, max_size=4)


@given(some_messages)
def test_text_is_that_of_the_published_template(messages):
    assert "".join(text for text, _ in chat_segments(messages)) == CHATML.render(messages=messages)


@given(some_messages)
def test_what_counts_is_what_the_assistant_writes(messages):
    counted = [text for text, counts in chat_segments(messages) if counts]
    assert counted == [m["content"] + "<|im_end|>" for m in messages if m["role"] == "assistant"]


@given(some_examples)
def test_targets_are_those_of_each_example_alone(examples):
    tokens, targets, lengths = pack(examples)
    expected_tokens, expected_targets = [], []
    for example in examples:
        ids = [token for piece, _ in example for token in piece]
        marks = [counts for piece, counts in example for _ in piece]
        expected_tokens += ids
        expected_targets += [ids[t + 1] if marks[t + 1] else -100 for t in range(len(ids) - 1)] + [-100]
    assert tokens.dtype == targets.dtype == np.int64
    assert tokens.tolist() == expected_tokens
    assert targets.tolist() == expected_targets
    assert lengths == [sum(len(piece) for piece, _ in example) for example in examples]


def test_packed_loss_is_that_of_separate_runs():
    rng = np.random.default_rng(0)
    table, out = rng.standard_normal((10, 6)), rng.standard_normal((6, 10))
    examples = [[([1, 2, 3], False), ([4, 5, 0], True)], [([6], False), ([4, 7, 8, 0], True)]]

    def logits(examples):
        tokens, targets, lengths = pack(examples)
        x = table[tokens]
        return scaled_dot_product_attention(x, x, x, packed_mask(lengths)) @ out, targets

    alone = [mean_loss(*logits([example])) for example in examples]
    weights = token_weights([[3, 4]])
    assert mean_loss(*logits(examples)) == pytest.approx(alone @ (weights * [3, 4]), rel=1e-12)


@pytest.mark.parametrize("batches", [[[1, 9]], [[3, 1], [5]], [[2], [7], [4]], [[2, 6, 3], [1, 1]]])
def test_weights_are_those_of_means_of_means(batches):
    starts = np.cumsum([0, *(n for batch in batches for n in batch)])

    def losses_of(losses):
        answers = [losses[a:b] for a, b in pairwise(starts)]
        rest, means = iter(answers), []
        for batch in batches:
            means.append(np.concatenate([next(rest) for _ in batch]).mean())
        by_sequence = np.mean([answer.mean() for answer in answers])
        return {"token": losses.mean(), "sequence": by_sequence, "micro-batch": np.mean(means)}

    slopes = [losses_of(one) for one in np.eye(starts[-1])]  # each mean is linear in the losses
    for by in ("token", "sequence", "micro-batch"):
        expected = [slope[by] for slope in slopes]
        assert_allclose(np.repeat(token_weights(batches, by), np.diff(starts)), expected, rtol=1e-12)


@given(some_batches, st.sampled_from(["token", "sequence", "micro-batch"]))
def test_weights_sum_to_one_over_all_tokens(batches, by):
    assert token_weights(batches, by) @ np.concatenate(batches) == pytest.approx(1, abs=1e-12)


@given(some_batches)
def test_one_answer_to_a_micro_batch_is_a_mean_by_sequence(batches):
    ones = [[n] for batch in batches for n in batch]
    assert_allclose(token_weights(ones, "micro-batch"), token_weights(batches, "sequence"), rtol=1e-12)


@given(some_batches)
def test_one_micro_batch_is_a_mean_by_token(batches):
    assert_allclose(
        token_weights([[n for batch in batches for n in batch]], "micro-batch"), token_weights(batches), rtol=1e-12
    )


def test_lengths_of_few_bits_do_not_overflow():
    batches = [np.array([200, 100], dtype=np.uint8)]
    assert_array_equal(token_weights(batches, "micro-batch"), [1 / 300, 1 / 300])
    assert_array_equal(token_weights(batches), [1 / 300, 1 / 300])


@pytest.mark.parametrize("message", [{"role": "tool", "content": "x"}, {"content": "x"}, {"role": "user"}])
def test_refuses_a_message_without_role_or_text(message):
    with pytest.raises(ValueError, match=re.escape(f"a message is {message}; pass a role of system, user, assistant")):
        chat_segments([{"role": "user", "content": "x"}, message])


def test_refuses_no_message():
    with pytest.raises(ValueError, match="there is no message; pass at least one"):
        chat_segments([])


@pytest.mark.parametrize("ids", [[], [-1], [0.5], [float("nan")], ["a"], [[1, 2]]])
def test_refuses_what_are_no_tokens(ids):
    with pytest.raises(ValueError, match="pass at least one, each an integer of at least 0"):
        pack([[([1], True)], [(ids, True)]])


def test_refuses_no_example():
    with pytest.raises(ValueError, match="there is no example; pass at least one"):
        pack([])


@pytest.mark.parametrize("batches", [[], [[]], [[1], []], [[0]], [[2, -1]], [[1.5]], [[float("nan")]]])
def test_refuses_what_are_no_micro_batches(batches):
    with pytest.raises(ValueError, match="pass one or more, with integers of at least 1 in each"):
        token_weights(batches)


def test_refuses_an_unknown_mean():
    with pytest.raises(ValueError, match="by is 'batch'; pass 'token', 'sequence' or 'micro-batch'"):
        token_weights([[1]], "batch")


def test_leaves_its_input_alone():
    ids, lengths = np.array([1, 2]), np.array([3, 4])
    pack([[(ids, True)]])
    token_weights([lengths], "micro-batch")
    assert ids.tolist() == [1, 2]
    assert lengths.tolist() == [3, 4]
