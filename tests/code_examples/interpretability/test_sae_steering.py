import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from scipy.special import softmax

from code_examples.interpretability.sae_steering import clamp_latent, output_effects
from code_examples.interpretability.sparse_autoencoder import SparseAutoencoder, decode, encode


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def model_of(rng, n_latents=6, d=4):
    shapes = (n_latents, d), n_latents, (n_latents, d), d
    return SparseAutoencoder(*(rng.standard_normal(shape) for shape in shapes))


@pytest.mark.parametrize("k", [None, 2])
@pytest.mark.parametrize("value", [-1.5, 0, 2.25])
@pytest.mark.parametrize("latent", [0, 3, 5])
def test_clamping_changes_the_reconstruction_and_keeps_the_error(latent, value, k, rng):
    model, hidden = model_of(rng), rng.standard_normal((7, 4))
    codes = encode(model, hidden, k)
    wanted = codes.copy()
    wanted[:, latent] = value
    error = hidden - decode(model, codes)
    assert_allclose(clamp_latent(model, hidden, latent, value, k), decode(model, wanted) + error, atol=1e-12)


def test_effects_are_half_the_city_block_distances(rng):
    model, hidden, read = model_of(rng), rng.standard_normal((7, 4)), rng.standard_normal((5, 4))

    def next_token(states):
        return softmax(states @ read.T, axis=1)

    found = output_effects(model, hidden, next_token, strength=0.7)
    expected = [
        np.mean(
            [
                cdist([next_token(h[None])[0]], [next_token((h + 0.7 * row)[None])[0]], "cityblock")[0, 0] / 2
                for h in hidden
            ]
        )
        for row in model.decoder
    ]
    assert_allclose(found, expected, atol=1e-12)
    assert_allclose(output_effects(model, hidden, next_token, 0), 0, atol=1e-12)
    assert found.max() < output_effects(model, hidden, next_token, 50).max() <= 1


MODEL = SparseAutoencoder([[1, 0], [0, 1], [1, 1]], [0, 0, 0], [[1, 0], [0, 1], [1, 1]], [0, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clamp_latent(MODEL, [[1, 2]], 3, 1), "latent is 3; pass an integer from 0 to 2"),
        (lambda: clamp_latent(MODEL, [[1, 2]], -1, 1), "latent is -1; pass an integer from 0 to 2"),
        (lambda: clamp_latent(MODEL, [[1, 2]], 0.5, 1), "latent is 0.5; pass an integer from 0 to 2"),
        (lambda: clamp_latent(MODEL, [[1, 2]], math.nan, 1), "latent is nan; pass an integer from 0 to 2"),
        (lambda: clamp_latent(MODEL, [[1, 2]], 0, math.inf), "value is inf; pass a finite number"),
        (lambda: clamp_latent(MODEL, [[1, 2, 3]], 0, 1), "data have 3 columns; pass 2, as the model has"),
        (lambda: output_effects(MODEL, [[1, 2]], None, math.nan), "strength is nan; pass a finite number"),
        (lambda: output_effects(MODEL, [1, 2], None, 1), "data has shape (2,); pass rows and columns"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_inputs_are_left_alone(rng):
    model, hidden = model_of(rng), rng.standard_normal((3, 4))
    kept = [part.copy() for part in (*model, hidden)]
    clamp_latent(model, hidden, 1, 2.0)
    output_effects(model, hidden, lambda states: softmax(states, axis=1), 1.0)
    for now, before in zip((*model, hidden), kept, strict=True):
        assert_array_equal(now, before)
