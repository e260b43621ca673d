"""The decoder against one written in JAX, its own cut-off texts, published counts of weights, and counted entries."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.transformer import count_flops, count_parameters, forward, init_model

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def uneven_model(rng, sizes=(11, 12, 3, 10)):
    """A model whose gains differ from one another."""
    model = init_model(*sizes, rng)
    for layer in model["layers"]:
        layer["attention_gain"], layer["feed_forward_gain"] = rng.uniform(0.5, 2, (2, sizes[1]))
    model["final_gain"] = rng.uniform(0.5, 2, sizes[1])
    return model


def in_jax(ids, model, n_heads):
    """The same decoder, one token and one head at a time."""
    d = model["embedding"].shape[1]

    def norm(x):
        return x / jnp.sqrt(jnp.mean(x**2))

    pairs = jnp.arange(d) // 2
    stream = []
    for t, token in enumerate(ids):
        angle = t / 10_000 ** (2 * pairs / d)
        stream.append(model["embedding"][token] + jnp.where(jnp.arange(d) % 2, jnp.cos(angle), jnp.sin(angle)))
    for layer in model["layers"]:
        normed = [norm(x) * layer["attention_gain"] for x in stream]
        q, k, v = ([(x @ layer[name]).reshape(n_heads, -1) for x in normed] for name in ("query", "key", "value"))
        for t in range(len(ids)):
            heads = []
            for h in range(n_heads):
                scores = jnp.array([q[t][h] @ k[u][h] for u in range(t + 1)]) / jnp.sqrt(d / n_heads)
                heads.append(jax.nn.softmax(scores) @ jnp.array([v[u][h] for u in range(t + 1)]))
            stream[t] = stream[t] + jnp.concatenate(heads) @ layer["output"]
        for t, x in enumerate(stream):
            y = norm(x) * layer["feed_forward_gain"]
            stream[t] = x + (jax.nn.silu(y @ layer["gate"]) * (y @ layer["up"])) @ layer["down"]
    return jnp.array([norm(x) * model["final_gain"] @ model["unembedding"] for x in stream])


# --- the model ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n_heads", [1, 3, 4])
def test_logits_agree_with_a_decoder_in_jax(n_heads, rng):
    model = uneven_model(rng)
    ids = [4, 0, 10, 4, 7]
    assert_allclose(forward(ids, model, n_heads), in_jax(ids, model, n_heads), rtol=1e-9, atol=1e-11)


def test_each_position_predicts_as_if_the_text_ended_there(rng):
    model = uneven_model(rng)
    ids = rng.integers(11, size=9)
    whole = forward(ids, model, 4)
    assert whole.shape == (9, 11)
    for n in range(1, 10):
        assert_allclose(forward(ids[:n], model, 4), whole[:n], rtol=1e-10, atol=1e-12)


def test_a_token_moves_itself_and_what_follows(rng):
    model = uneven_model(rng)
    ids = rng.integers(11, size=6)
    other = ids.copy()
    other[2] = (other[2] + 1) % 11
    moved = np.abs(forward(other, model, 4) - forward(ids, model, 4)).max(axis=1) > 1e-9
    assert moved.tolist() == [False] * 2 + [True] * 4


def test_order_matters(rng):
    model = uneven_model(rng)
    assert np.abs(forward([1, 2, 3], model, 4)[-1] - forward([2, 1, 3], model, 4)[-1]).max() > 1e-3


def test_weights_are_drawn_with_a_variance_of_one_over_their_rows(rng):
    model = init_model(300, 40, 2, 90, rng)
    shapes = {"query": (40, 40), "key": (40, 40), "value": (40, 40), "output": (40, 40)}
    shapes |= {"gate": (40, 90), "up": (40, 90), "down": (90, 40)}
    for layer in model["layers"]:
        for name, shape in shapes.items():
            assert layer[name].shape == shape
            assert_allclose(layer[name].std() * math.sqrt(shape[0]), 1, atol=0.06)
        assert_array_equal([layer["attention_gain"], layer["feed_forward_gain"]], np.ones((2, 40)))
    assert_allclose(model["embedding"].std() * math.sqrt(300), 1, atol=0.06)
    assert_allclose(model["unembedding"].std() * math.sqrt(40), 1, atol=0.06)
    assert (model["embedding"].shape, model["unembedding"].shape) == ((300, 40), (40, 300))
    assert len({float(array.flat[0]) for layer in model["layers"] for array in layer.values()}) == 2 * 7 + 1


def test_a_seed_gives_the_same_model_again():
    first, again, other = (init_model(3, 2, 1, 2, np.random.default_rng(seed))["embedding"] for seed in (5, 5, 6))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


# --- weights and work --------------------------------------------------------------------------


def test_counts_are_those_of_published_models():
    llama = count_parameters(32000, 4096, 32, 11008)
    assert sum(llama.values()) == 6_738_415_616  # Llama 2 7B
    gpt2 = count_parameters(50257, 768, 12, 3072, ff_matrices=2, tied=True)
    biases = 12 * (3 * 768 + 768 + 3072 + 768) + 25 * 768
    assert sum(gpt2.values()) + biases + 1024 * 768 == 124_439_808  # the smallest GPT-2


@pytest.mark.parametrize("sizes", [(11, 12, 3, 10), (1, 1, 1, 1), (5, 4, 2, 7)])
def test_counts_are_the_entries_of_a_model(sizes, rng):
    model = init_model(*sizes, rng)
    leaves = [model[name] for name in ("embedding", "unembedding", "final_gain")]
    leaves += [array for layer in model["layers"] for array in layer.values()]
    counts = count_parameters(*sizes)
    assert sum(counts.values()) == sum(leaf.size for leaf in leaves)
    assert counts["norms"] == sum(leaf.size for leaf in leaves if leaf.ndim == 1)
    assert counts["embedding"] == model["embedding"].size + model["unembedding"].size
    assert counts["attention"] == sum(
        layer[name].size for layer in model["layers"] for name in ("query", "key", "value", "output")
    )


def test_tied_and_plain_models_are_smaller():
    assert count_parameters(7, 2, 5, 11, 2, True) == {
        "embedding": 14,
        "attention": 80,
        "feed-forward": 220,
        "norms": 22,
    }
    assert count_parameters(7, 2, 5, 11)["embedding"] == 28
    assert count_parameters(7, 2, 5, 11)["feed-forward"] == 330


def test_work_is_counted_product_by_product():
    d, n_heads, context = 12, 3, 8
    products = []

    def multiply(rows, inner, columns):
        products.append(2 * rows * inner * columns)

    for _ in range(3):
        for _ in range(4):
            multiply(1, d, d)
        for _ in range(2):
            multiply(1, d, 10)
        multiply(1, 10, d)
    multiply(1, d, 11)
    flops = count_flops(context, 11, d, 3, 10)
    assert flops["matrices"] == sum(products)
    products.clear()
    for _ in range(3 * n_heads):
        multiply(1, d // n_heads, context)
        multiply(1, context, d // n_heads)
    assert flops["context"] == sum(products)
    assert count_flops(context, 11, d, 3, 10, ff_matrices=2)["matrices"] == flops["matrices"] - 3 * 2 * 10 * d


# --- what has no answer ------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, 1.5, math.inf, math.nan])
@pytest.mark.parametrize("place", range(4))
def test_refuses_sizes_that_are_none(place, wrong, rng):
    sizes = [3, 4, 1, 2]
    sizes[place] = wrong
    name = ("vocabulary_size", "d_model", "n_layers", "d_ff")[place]
    message = re.escape(f"{name} is {wrong}; pass an integer of at least 1")
    for call in (
        lambda: init_model(*sizes, rng),
        lambda: count_parameters(*sizes),
        lambda: count_flops(1, *sizes),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("wrong", [0, 2.5, math.nan])
def test_refuses_a_context_that_is_none(wrong):
    with pytest.raises(ValueError, match=re.escape(f"context is {wrong}; pass an integer of at least 1")):
        count_flops(wrong, 3, 4, 1, 2)


@pytest.mark.parametrize("wrong", [1, 4, 2.5])
def test_refuses_other_numbers_of_matrices(wrong):
    message = re.escape(f"ff_matrices is {wrong}; pass 3 for a gated layer, else 2")
    for call in (lambda: count_parameters(3, 4, 1, 2, wrong), lambda: count_flops(1, 3, 4, 1, 2, wrong)):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("wrong", [[], [[1]], 3])
def test_refuses_ids_that_are_no_row(wrong, rng):
    message = re.escape(f"ids have shape {np.shape(wrong)}; pass one row of at least one id")
    with pytest.raises(ValueError, match=message):
        forward(wrong, init_model(5, 4, 1, 3, rng), 2)


def test_refuses_ids_and_heads_that_the_model_has_not(rng):
    model = init_model(5, 4, 1, 3, rng)
    with pytest.raises(ValueError, match="an id has no row; pass integers from 0 to 4"):
        forward([5], model, 2)
    with pytest.raises(ValueError, match="3 heads cannot share widths"):
        forward([1], model, 3)
    with pytest.raises(ValueError, match="d is 3; pass an even integer of at least 2"):
        forward([1], init_model(5, 3, 1, 2, rng), 1)


def test_counts_are_plain_integers_and_inputs_stay(rng):
    assert all(type(n) is int for n in count_parameters(3.0, np.int64(4), 1.0, 2.0).values())
    assert all(type(n) is int for n in count_flops(2.0, 3.0, 4.0, 1.0, 2.0).values())
    model = uneven_model(rng)
    kept = [array.copy() for layer in model["layers"] for array in layer.values()] + [model["embedding"].copy()]
    forward([1, 2, 3], model, 4)
    now = [array for layer in model["layers"] for array in layer.values()] + [model["embedding"]]
    for before, after in zip(kept, now, strict=True):
        assert_array_equal(before, after)
