"""Linear autoencoder against scikit-learn's PCA, SciPy's angles, JAX's gradients and what defines it."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from code_examples.foundations.autoencoder import (
    Autoencoder,
    decode,
    encode,
    largest_angle,
    principal_autoencoder,
    squared_errors,
    train_autoencoder,
)

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def sample(rng, n=60, d=5):
    return 3 + rng.standard_normal((n, d)) * np.linspace(2, 0.3, d) @ np.linalg.qr(rng.standard_normal((d, d)))[0]


@pytest.mark.parametrize("n_codes", [1, 2, 5])
def test_principal_agrees_with_scikit_learn(n_codes, rng):
    data, other = sample(rng), sample(rng)
    pca = PCA(n_codes).fit(data)
    model = principal_autoencoder(data, n_codes)
    assert_allclose(model.mean, pca.mean_)
    assert model.encoder.shape == (n_codes, 5)
    assert model.decoder.shape == (5, n_codes)
    rebuilt = pca.inverse_transform(pca.transform(other))
    assert_allclose(decode(model, encode(model, other)), rebuilt, rtol=1e-9, atol=1e-9)
    assert_allclose(squared_errors(model, other), ((other - rebuilt) ** 2).sum(axis=1), atol=1e-9)
    assert_allclose(abs(encode(model, data)), abs(pca.transform(data)), atol=1e-9)


def test_more_codes_than_points_still_give_directions(rng):
    data = rng.standard_normal((2, 6))
    model = principal_autoencoder(data, 4)
    assert_allclose(model.encoder @ model.decoder, np.eye(4), atol=1e-12)
    assert_allclose(squared_errors(model, data), 0, atol=1e-20)


@pytest.mark.parametrize("n_codes", [1, 3])
def test_training_ends_at_the_projection_of_pca(n_codes, rng):
    data = sample(rng)
    model = train_autoencoder(data, n_codes, rng, n_steps=6000)
    directions = PCA(n_codes).fit(data).components_
    assert_allclose(model.decoder @ model.encoder, directions.T @ directions, atol=1e-5)
    assert_allclose(model.mean, data.mean(axis=0))


@pytest.mark.parametrize("rate", [None, 0.01])
def test_a_step_follows_the_gradient_of_automatic_differentiation(rate):
    data = sample(np.random.default_rng(5))
    options = {} if rate is None else {"learning_rate": rate}
    start, after = (train_autoencoder(data, 2, np.random.default_rng(1), n_steps=steps, **options) for steps in (0, 1))
    centred = data - data.mean(axis=0)

    def loss(encoder, decoder):
        return jnp.mean(jnp.sum((centred - centred @ encoder.T @ decoder.T) ** 2, axis=1))

    for begun, gone, slope in zip(start[1:], after[1:], jax.grad(loss, (0, 1))(*start[1:]), strict=True):
        assert_allclose(begun - gone, (rate or 0.05) * slope, rtol=1e-9, atol=1e-15)


def test_the_start_is_small_random_and_that_of_the_seed(rng):
    data = rng.standard_normal((3, 400))
    model, again = (train_autoencoder(data, 100, np.random.default_rng(2), n_steps=0) for _ in range(2))
    for part, other, shape in zip(model[1:], again[1:], ((100, 400), (400, 100)), strict=True):
        assert part.shape == shape
        assert_array_equal(part, other)
        assert 0.098 < part.std() < 0.102
        assert abs(part.mean()) < 0.002
    assert abs(np.corrcoef(model.encoder.ravel(), model.decoder.ravel())[0, 1]) < 0.02


def test_the_default_number_of_steps(rng):
    data = sample(rng)
    first, second = (
        train_autoencoder(data, 1, np.random.default_rng(0), **options) for options in ({}, {"n_steps": 2000})
    )
    assert_array_equal(first.encoder, second.encoder)
    third = train_autoencoder(data, 1, np.random.default_rng(0), learning_rate=1e-5, n_steps=2000)
    assert_array_equal(third.encoder, train_autoencoder(data, 1, np.random.default_rng(0), 1e-5).encoder)
    assert (third.encoder != train_autoencoder(data, 1, np.random.default_rng(0), 1e-5, 2001).encoder).any()


def test_a_change_of_codes_that_the_decoder_undoes_changes_nothing(rng):
    data = sample(rng)
    model = principal_autoencoder(data, 3)
    change = rng.standard_normal((3, 3))
    other = Autoencoder(model.mean, change @ model.encoder, model.decoder @ np.linalg.inv(change))
    assert_allclose(encode(other, data), encode(model, data) @ change.T, atol=1e-9)
    assert_allclose(decode(other, encode(other, data)), decode(model, encode(model, data)), atol=1e-9)


def test_plain_lists_will_do():
    model = Autoencoder([1, 1], [[1, 0]], [[1], [0]])
    assert encode(model, [[3, 9]]).tolist() == [[2]]
    assert decode(model, [[2]]).tolist() == [[3, 1]]
    assert squared_errors(model, [[3, 9], [3, 1]]).tolist() == [64, 0]


@pytest.mark.parametrize("columns", [1, 2, 4])
def test_angles_agree_with_scipy(columns, rng):
    first, second = rng.standard_normal((2, 7, columns))
    expected = np.degrees(scipy.linalg.subspace_angles(first, second).max())
    assert_allclose(largest_angle(first, second), expected, rtol=1e-9)
    assert_allclose(largest_angle(first @ rng.standard_normal((columns, columns)), second), expected, rtol=1e-7)


def test_angles_at_the_ends(rng):
    columns = rng.standard_normal((6, 2))
    assert largest_angle(columns, 3 * columns[:, ::-1]) < 1e-6
    assert largest_angle([[1.0], [0.0]], [[0.0], [2.0]]) == 90
    assert largest_angle(np.eye(4)[:, :2], np.eye(4)[:, 1:3]) == 90
    for tiny in (1e-9, 1e-12):
        assert_allclose(largest_angle([[1], [0]], [[1], [tiny]]), math.degrees(tiny), rtol=1e-6)
    turned = scipy.linalg.orth(rng.standard_normal((9, 9)))
    assert largest_angle(turned[:, :4], turned[:, 4:8]) <= 90


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1.0, 2], "an array has shape (2,); pass rows and columns, at least one each"),
        (np.ones((0, 3)), "an array has shape (0, 3); pass rows and columns, at least one each"),
        (np.ones((3, 0)), "an array has shape (3, 0); pass rows and columns, at least one each"),
        ([[1, math.nan]], "an entry is not finite; remove or fill NaN and infinity first"),
        ([[1, math.inf]], "an entry is not finite; remove or fill NaN and infinity first"),
    ],
)
def test_refuses_data_that_is_none(data, message, rng):
    model = Autoencoder([0, 0], [[1, 0]], [[1], [0]])
    for call in (
        lambda: principal_autoencoder(data, 1),
        lambda: train_autoencoder(data, 1, rng),
        lambda: encode(model, data),
        lambda: decode(model, data),
        lambda: squared_errors(model, data),
        lambda: largest_angle(data, [[1], [2]]),
        lambda: largest_angle([[1], [2]], data),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            call()


@pytest.mark.parametrize("n_codes", [0, -1, 4, 1.5, math.nan])
def test_refuses_a_number_of_codes_that_does_not_fit(n_codes, rng):
    message = re.escape(f"n_codes is {n_codes}; pass an integer from 1 to 3")
    for call in (principal_autoencoder, lambda *some: train_autoencoder(*some, rng)):
        with pytest.raises(ValueError, match=message):
            call(np.eye(5, 3), n_codes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0}, "learning_rate is 0; pass a finite number above 0"),
        ({"learning_rate": math.inf}, "learning_rate is inf; pass a finite number above 0"),
        ({"learning_rate": math.nan}, "learning_rate is nan; pass a finite number above 0"),
        ({"n_steps": -1}, "n_steps is -1; pass an integer of at least 0"),
        ({"n_steps": 1.5}, "n_steps is 1.5; pass an integer of at least 0"),
        ({"n_steps": math.inf}, "n_steps is inf; pass an integer of at least 0"),
        ({"learning_rate": 50}, "the loss rose at learning_rate 50; pass a smaller one"),
        ({"learning_rate": 50, "n_steps": 1}, "the loss rose at learning_rate 50; pass a smaller one"),
    ],
)
def test_refuses_settings_without_a_result(options, message, rng):
    with pytest.raises(ValueError, match=re.escape(message)):
        train_autoencoder(sample(rng), 2, rng, **options)


@pytest.mark.parametrize("rate", [0.005, 0.01, 0.02, 0.022, 0.025, 0.03, 0.04, 0.05])
def test_training_ends_at_the_best_or_refuses(rate):
    points = np.array([[1.0, 2], [2, 4], [-3, -6]])  # the best error is 0; steps above 0.0215 swing
    if rate <= 0.02:
        model = train_autoencoder(points, 1, np.random.default_rng(0), learning_rate=rate)
        assert_allclose(squared_errors(model, points), 0, atol=1e-9)
    else:
        with pytest.raises(ValueError, match=f"the loss rose at learning_rate {rate}; pass a smaller one"):
            train_autoencoder(points, 1, np.random.default_rng(0), learning_rate=rate)


def test_training_longer_than_needed_is_no_rise():
    data = sample(np.random.default_rng(3))
    model = train_autoencoder(data, 2, np.random.default_rng(0), n_steps=20_000)
    best = squared_errors(principal_autoencoder(data, 2), data).mean()
    assert_allclose(squared_errors(model, data).mean(), best, rtol=1e-9)


@pytest.mark.parametrize("huge", [[[1e200, 0], [-1e200, 0]], [[1.7e308, 0], [1.7e308, 0]], [[1e308, 0], [-1e308, 0]]])
def test_refuses_data_whose_squares_overflow(huge, rng):
    for call in (principal_autoencoder, lambda *some: train_autoencoder(*some, rng)):
        with pytest.raises(
            ValueError, match="the squares of the data overflow; divide the data by a large number first"
        ):
            call(huge, 1)


@pytest.mark.parametrize("size", [1e-150, 1e150])
def test_the_best_autoencoder_has_no_unit(size, rng):
    data = sample(rng)
    ours, scaled = principal_autoencoder(data, 2), principal_autoencoder(size * data, 2)
    assert_allclose(scaled.decoder @ scaled.encoder, ours.decoder @ ours.encoder, atol=1e-9)


@pytest.mark.parametrize(
    "shapes",
    [
        ((1,), (1, 2), (2, 1)),
        ((2,), (2,), (2, 1)),
        ((2,), (1, 2), (1, 1)),
        ((2,), (1, 2), (2,)),
        ((1, 2), (1, 2), (2, 1)),
        ((2,), (0, 2), (2, 0)),
    ],
)
def test_refuses_a_model_whose_parts_do_not_fit(shapes):
    model = Autoencoder(*(np.ones(shape) for shape in shapes))
    message = re.escape(f"the model has arrays of shapes {shapes}; pass (d,), (n_codes, d), (d, n_codes)")
    for call in (encode, decode, squared_errors):
        with pytest.raises(ValueError, match=message):
            call(model, [[1, 2]])


@pytest.mark.parametrize("part", [0, 1, 2])
def test_refuses_a_model_that_is_not_finite(part):
    parts = [np.ones(2), np.ones((1, 2)), np.ones((2, 1))]
    parts[part].flat[-1] = math.nan
    for call in (lambda model: encode(model, [[1, 2]]), lambda model: decode(model, [[1]])):
        with pytest.raises(ValueError, match="an entry of the model is not finite; train it anew"):
            call(Autoencoder(*parts))


def test_refuses_what_does_not_fit_the_model():
    model = Autoencoder([0, 0], [[1, 0]], [[1], [0]])
    with pytest.raises(ValueError, match="data have 3 columns; pass 2, as the model was fitted to"):
        encode(model, [[1, 2, 3]])
    with pytest.raises(ValueError, match="data have 1 columns; pass 2, as the model was fitted to"):
        squared_errors(model, [[1]])
    with pytest.raises(ValueError, match="codes have 2 columns; pass 1, as the model has"):
        decode(model, [[1, 2]])


def test_refuses_columns_that_span_no_space_of_their_number():
    with pytest.raises(ValueError, match=re.escape("the shapes are (2, 1) and (3, 1); pass as many columns")):
        largest_angle([[1], [2]], [[1], [2], [3]])
    for pair in (([[1, 2], [1, 2]], np.eye(2)), (np.eye(2), [[1, 2], [1, 2]]), ([[0], [0]], [[1], [0]])):
        with pytest.raises(ValueError, match="the columns are not independent; leave out those that add nothing"):
            largest_angle(*pair)


def test_inputs_are_left_alone(rng):
    data = sample(rng)
    kept = data.copy()
    model = train_autoencoder(data, 2, rng, n_steps=3)
    parts = [part.copy() for part in model]
    squared_errors(model, data)
    principal_autoencoder(data, 2)
    largest_angle(model.decoder, model.decoder + 1)
    assert_array_equal(data, kept)
    for part, before in zip(model, parts, strict=True):
        assert_array_equal(part, before)
