"""Parameter counts against published totals and built matrices, and touched experts against enumeration."""

import itertools
import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from code_examples.architectures.mixtral import count_parameters, experts_touched

pytestmark = pytest.mark.unit

MIXTRAL = {
    "d_model": 4096,
    "d_ff": 14336,
    "n_layers": 32,
    "n_heads": 32,
    "n_kv_heads": 8,
    "d_head": 128,
    "vocab_size": 32000,
}
SMALL = {"d_model": 3, "d_ff": 5, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "d_head": 7, "vocab_size": 11}


def built(d_model, d_ff, n_layers, n_heads, n_kv_heads, d_head, vocab_size, n_experts):
    """All arrays of such a model, by part."""
    parts = {"experts": [], "attention": [], "embeddings": [], "router": [], "norms": []}
    parts["embeddings"] += [np.empty((vocab_size, d_model)), np.empty((d_model, vocab_size))]
    parts["norms"].append(np.empty(d_model))
    for _ in range(n_layers):
        parts["attention"] += [np.empty((d_model, n_heads * d_head)), np.empty((n_heads * d_head, d_model))]
        parts["attention"] += [np.empty((d_model, n_kv_heads * d_head)) for _ in ("key", "value")]
        parts["norms"] += [np.empty(d_model), np.empty(d_model)]
        parts["experts"] += [np.empty((d_model, d_ff)) for _ in range(3 * n_experts)]
        if n_experts > 1:
            parts["router"].append(np.empty((d_model, n_experts)))
    return {name: sum(array.size for array in arrays) for name, arrays in parts.items()}


@pytest.mark.parametrize(
    ("n_experts", "counted", "published"),
    [
        (8, 8, 46_702_792_704),  # keras_hub/src/models/mixtral/mixtral_presets.py
        (1, 1, 7_241_732_096),  # keras_hub/src/models/mistral/mistral_presets.py
        (8, 2, 12_879_925_248),  # 12.9 billion, Mistral AI, "Mixtral of experts", 2023
    ],
)
def test_totals_are_those_published(n_experts, counted, published):
    assert sum(count_parameters(**MIXTRAL, n_experts=n_experts, counted=counted).values()) == published


@pytest.mark.parametrize("n_experts", [1, 2, 6])
def test_parts_are_the_entries_of_arrays_that_are_built(n_experts):
    assert count_parameters(**SMALL, n_experts=n_experts, counted=n_experts) == built(**SMALL, n_experts=n_experts)


@pytest.mark.parametrize("name", SMALL)
def test_each_size_counts_where_it_belongs(name):
    larger = SMALL | {name: SMALL[name] + 1}
    assert count_parameters(**larger, n_experts=3, counted=3) == built(**larger, n_experts=3)


def test_counting_fewer_experts_changes_their_part_alone():
    whole, some = (count_parameters(**SMALL, n_experts=6, counted=n) for n in (6, 2))
    assert some["experts"] * 3 == whole["experts"]
    assert {k: v for k, v in some.items() if k != "experts"} == {k: v for k, v in whole.items() if k != "experts"}


@pytest.mark.parametrize(("n_tokens", "n_experts", "k"), [(1, 4, 2), (2, 4, 2), (3, 4, 1), (2, 5, 3), (3, 3, 3)])
def test_touched_experts_agree_with_enumeration(n_tokens, n_experts, k):
    choices = list(itertools.combinations(range(n_experts), k))
    sizes = [len(set().union(*draw)) for draw in itertools.product(choices, repeat=n_tokens)]
    assert experts_touched(n_tokens, n_experts, k) == pytest.approx(np.mean(sizes))


def test_touched_experts_take_several_batches():
    assert_allclose(experts_touched([0, 1, 2], 8, 2), [0, 2, 3.5])
    assert type(experts_touched(2, 8, 2)) is float


@pytest.mark.parametrize("wrong", [-1, [3, -2], math.nan])
def test_refuses_fewer_than_no_tokens(wrong):
    with pytest.raises(ValueError, match="a number of tokens is below 0; pass 0 or more"):
        experts_touched(wrong, 8, 2)


@pytest.mark.parametrize("name", [*SMALL, "n_experts", "counted"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, math.inf, math.nan])
def test_refuses_sizes_that_are_none(name, wrong):
    sizes = SMALL | {"n_experts": 3, "counted": 2} | {name: wrong}
    with pytest.raises(ValueError, match=re.escape(f"sizes are {tuple(sizes.values())}; pass integers of at least 1")):
        count_parameters(**sizes)


def test_refuses_to_count_more_experts_than_there_are():
    with pytest.raises(ValueError, match="and count at most n_experts"):
        count_parameters(**SMALL, n_experts=2, counted=3)


@pytest.mark.parametrize("k", [0, -1, 9])
def test_refuses_a_choice_that_is_none(k):
    with pytest.raises(ValueError, match=f"k is {k}; pass a number from 1 to 8, the number of experts"):
        experts_touched(1, 8, k)
