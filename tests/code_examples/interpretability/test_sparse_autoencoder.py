import inspect
import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from code_examples.interpretability.sparse_autoencoder import (
    SparseAutoencoder,
    decode,
    encode,
    loss_and_gradient,
    match_directions,
    synthetic_features,
    train_sae,
    unit_rows,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def model_of(rng, n_latents=7, d=4):
    shapes = (n_latents, d), n_latents, (n_latents, d), d
    return SparseAutoencoder(*(rng.standard_normal(shape) for shape in shapes))


def slow_codes(model, x, k=None):
    readings = [
        float(sum(w * (a - c) for w, a, c in zip(row, x, model.decoder_bias, strict=True)) + b)
        for row, b in zip(model.encoder, model.encoder_bias, strict=True)
    ]
    kept = sorted(readings, reverse=True)[:k]
    return [r if r > 0 and r in kept else 0.0 for r in readings]


@pytest.mark.parametrize("k", [None, 1, 2, 3, 7])
def test_codes_and_outputs_agree_with_a_loop(k, rng):
    model, data = model_of(rng), rng.standard_normal((5, 4))
    codes = encode(model, data, k)
    assert_allclose(codes, [slow_codes(model, x, k) for x in data], atol=1e-12)
    expected = [
        [sum(c * row[j] for c, row in zip(code, model.decoder, strict=True)) + model.decoder_bias[j] for j in range(4)]
        for code in codes
    ]
    assert_allclose(decode(model, codes), expected, atol=1e-12)


@pytest.mark.parametrize("k", [2, 17, 59])
def test_top_k_finds_the_largest_of_many(k, rng):
    model, data = model_of(rng, 60, 3), rng.standard_normal((40, 3))
    readings = (data - model.decoder_bias) @ model.encoder.T + model.encoder_bias
    lowest_kept = np.sort(readings, axis=1)[:, -k]
    assert_allclose(encode(model, data, k), np.where(readings >= lowest_kept[:, None], readings, 0).clip(0))


@pytest.mark.parametrize(("penalty", "k"), [(0.7, None), (0.3, 3)])
def test_gradient_agrees_with_differences_of_a_slow_loss(penalty, k, rng):
    model, data = model_of(rng), rng.standard_normal((3, 4))
    shapes, ends = [part.shape for part in model], np.cumsum([part.size for part in model])

    def loss(flat):
        weights = SparseAutoencoder(
            *(p.reshape(s) for p, s in zip(np.split(flat, ends[:-1]), shapes, strict=True)),
        )
        total = 0
        for x in data:
            codes = slow_codes(weights, x, k)
            rebuilt = weights.decoder_bias + sum(c * row for c, row in zip(codes, weights.decoder, strict=True))
            total += math.dist(x, rebuilt) ** 2 + penalty * sum(codes)
        return total / 3

    flat = np.concatenate([part.ravel() for part in model])
    ours, by_weight = loss_and_gradient(model, data, penalty, k)
    assert type(ours) is float
    assert_allclose(ours, loss(flat), rtol=1e-12)
    expected = [(loss(flat + step) - loss(flat - step)) / 2e-5 for step in 1e-5 * np.eye(flat.size)]
    assert_allclose(np.concatenate([part.ravel() for part in by_weight]), expected, atol=1e-7)
    assert [part.shape for part in by_weight] == shapes


def test_training_takes_the_steps_of_adam(rng):
    data = rng.standard_normal((9, 3))
    draws = np.random.default_rng(4)
    start = draws.standard_normal((5, 3))
    start /= np.sqrt((start**2).sum(axis=1))[:, None]
    weights = [start, np.zeros(5), start, data.sum(axis=0) / 9]
    history = []
    for t in range(1, 5):
        rows = [data[i] for i in draws.integers(0, 9, 200)]
        history.append(loss_and_gradient(SparseAutoencoder(*weights), rows, 0.2, 2)[1])
        for part in range(4):
            ages = range(t - 1, -1, -1)
            first = sum(0.1 * 0.9**age * g[part] for age, g in zip(ages, history, strict=True))
            second = sum(0.001 * 0.999**age * g[part] ** 2 for age, g in zip(ages, history, strict=True))
            move = first / (1 - 0.9**t) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
            weights[part] = weights[part] - 0.05 * move
        weights[2] = weights[2] / np.sqrt((weights[2] ** 2).sum(axis=1))[:, None]
    model = train_sae(data, 5, np.random.default_rng(4), penalty=0.2, k=2, n_steps=4, learning_rate=0.05)
    for found, expected in zip(model, weights, strict=True):
        assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_defaults_of_training():
    defaults = {"penalty": 0.0, "k": None, "n_steps": 500, "learning_rate": 0.01}
    parameters = inspect.signature(train_sae).parameters.values()
    assert {p.name: p.default for p in parameters if p.default is not p.empty} == defaults


def test_orthogonal_features_are_recovered(rng):
    directions = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    data, _ = synthetic_features(directions, 1, 500, rng)
    model = train_sae(data, 9, rng, k=1, n_steps=600, learning_rate=0.01)
    cosines, which = match_directions(model.decoder, directions)
    assert cosines.min() > 0.97
    assert len(set(which)) == 6
    rows, columns = linear_sum_assignment(cdist(model.decoder, directions, "cosine"))
    assert_allclose(1 - cdist(model.decoder, directions, "cosine")[rows, columns].mean(), cosines.mean(), atol=0.02)


def test_synthetic_features_are_what_was_asked_for(rng):
    directions = rng.standard_normal((5, 3))
    data, strengths = synthetic_features(directions, 2, 4000, rng)
    assert_allclose(data, [sum(s * d for s, d in zip(row, directions, strict=True)) for row in strengths], atol=1e-12)
    present = strengths > 0
    assert (present.sum(axis=1) == 2).all()
    assert_allclose(present.mean(axis=0), 2 / 5, atol=0.03)
    drawn = strengths[present]
    assert 0.5 <= drawn.min() < 0.51
    assert 1.49 < drawn.max() < 1.5
    assert_allclose(drawn.mean(), 1, atol=0.01)
    pairs = present.T.astype(float) @ present / 4000
    assert_allclose(pairs[~np.eye(5, dtype=bool)], 2 / 5 * 1 / 4, atol=0.025)


def test_matching_agrees_with_a_search_over_angles(rng):
    found, true = rng.standard_normal((6, 3)), rng.standard_normal((4, 3))
    cosines, which = match_directions(found, true)
    angles = [[math.acos(np.dot(f, t) / math.sqrt(np.dot(f, f) * np.dot(t, t))) for f in found] for t in true]
    assert_allclose(np.arccos(cosines), [min(row) for row in angles], atol=1e-9)
    assert which.tolist() == [row.index(min(row)) for row in angles]
    assert_allclose(np.linalg.norm(unit_rows(found), axis=1), 1, rtol=1e-12)
    assert_allclose(np.cross(unit_rows(found), found), 0, atol=1e-12)


MODEL = SparseAutoencoder([[1, 0], [0, 1], [1, 1]], [0, 0, 0], [[1, 0], [0, 1], [1, 1]], [0, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: encode(MODEL, [1, 2]), "data has shape (2,); pass rows and columns, at least one each"),
        (lambda: encode(MODEL, np.zeros((0, 2))), "data has shape (0, 2); pass rows and columns"),
        (lambda: encode(MODEL, [[1, math.nan]]), "an entry of data is not finite; remove or fill NaN"),
        (lambda: encode(MODEL, [[1, 2, 3]]), "data have 3 columns; pass 2, as the model has"),
        (lambda: encode(MODEL, [[1, 2]], k=0), "k is 0; pass an integer of at least 1 and at most 3"),
        (lambda: encode(MODEL, [[1, 2]], k=4), "k is 4; pass an integer of at least 1 and at most 3"),
        (lambda: encode(MODEL, [[1, 2]], k=1.5), "k is 1.5; pass an integer"),
        (lambda: decode(MODEL, [[1, 2]]), "codes have 2 columns; pass 3, as the model has"),
        (lambda: decode(MODEL, [[1, 2, math.inf]]), "an entry of codes is not finite"),
        (lambda: loss_and_gradient(MODEL, [[1, 2]], -0.1), "penalty is -0.1; pass a finite number of at least 0"),
        (lambda: loss_and_gradient(MODEL, [[1, 2]], math.inf), "penalty is inf; pass a finite number"),
        (lambda: loss_and_gradient(MODEL, [[1, 2]], math.nan), "penalty is nan; pass a finite number"),
        (lambda: train_sae([[1, 2]], 0, None), "n_latents is 0; pass an integer of at least 1"),
        (lambda: train_sae([[1, 2]], math.inf, None), "n_latents is inf; pass an integer of at least 1"),
        (lambda: train_sae([[1, 2]], 1, None, n_steps=0), "n_steps is 0; pass an integer of at least 1"),
        (lambda: train_sae([[1, 2]], 1, None, learning_rate=0), "learning_rate is 0; pass a finite number above 0"),
        (lambda: train_sae([[1, 2]], 1, None, learning_rate=math.inf), "learning_rate is inf; pass a finite"),
        (lambda: train_sae([1], 1, None), "data has shape (1,)"),
        (
            lambda: synthetic_features([[1, 0]], 2, 1, None),
            "n_active is 2; pass an integer of at least 1 and at most 1",
        ),
        (lambda: synthetic_features([[1, 0]], 1, 0, None), "n_samples is 0; pass an integer of at least 1"),
        (lambda: synthetic_features([1], 1, 1, None), "directions has shape (1,)"),
        (lambda: unit_rows([[1, 0], [0, 0]]), "a row is zero and has no direction; leave it out"),
        (lambda: unit_rows([]), "rows has shape (0,)"),
        (lambda: match_directions([[1, 0]], [[1, 0, 0]]), "directions have 2 and 3 entries; pass as many in both"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("part", range(4))
def test_refuses_a_model_whose_parts_do_not_fit(part):
    parts = [np.asarray(p, dtype=float) for p in MODEL]
    parts[part] = np.zeros(np.add(parts[part].shape, 1))
    with pytest.raises(ValueError, match=re.escape("pass (n_latents, d), (n_latents,), (n_latents, d), (d,)")):
        decode(SparseAutoencoder(*parts), [[1, 2, 3]])
    parts[part] = np.full(np.shape(MODEL[part]), math.nan)
    with pytest.raises(ValueError, match="an entry of the model is not finite; train it anew"):
        encode(SparseAutoencoder(*parts), [[1, 2]])


def test_inputs_are_left_alone(rng):
    model, data = model_of(rng), rng.standard_normal((5, 4))
    kept = [part.copy() for part in (*model, data)]
    encode(model, data, 2)
    loss_and_gradient(model, data, 0.1)
    decode(model, np.ones((1, 7)))
    train_sae(data, 2, rng, n_steps=2)
    match_directions(model.decoder, data)
    synthetic_features(data, 2, 3, rng)
    for part, before in zip((*model, data), kept, strict=True):
        assert_array_equal(part, before)
