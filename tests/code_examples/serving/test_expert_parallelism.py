"""Expert parallelism against the layer on one device, counts by hand, and enumeration."""

import itertools
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.mixture_of_experts import moe_layer, route
from code_examples.serving.expert_parallelism import (
    all_to_all,
    exchange_bytes,
    expected_devices,
    parallel_moe_layer,
)

pytestmark = pytest.mark.unit


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def layer(rng, n_tokens=24, n_experts=12, d_model=5):
    matrices = rng.standard_normal((n_experts, d_model, d_model))
    experts = [lambda rows, matrix=matrix: np.tanh(rows @ matrix) for matrix in matrices]
    return rng.standard_normal((n_tokens, d_model)), rng.standard_normal((d_model, n_experts)), experts


# --- the exchange ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5])
def test_exchange_is_a_transposition_and_its_own_inverse(n):
    outboxes = [[(a, b) for b in range(n)] for a in range(n)]
    inboxes = all_to_all(outboxes)
    assert inboxes == [[(a, b) for a in range(n)] for b in range(n)]
    assert all_to_all(inboxes) == outboxes


@pytest.mark.parametrize("outboxes", [[[1, 2]], [[1], [2]], [[1, 2], [3]], [[1, 2], [3, 4], [5, 6]]])
def test_refuses_parcels_that_are_not_one_for_each(outboxes):
    message = f"the lengths do not fit; pass for each of {len(outboxes)} devices one parcel to each"
    with pytest.raises(ValueError, match=message):
        all_to_all(outboxes)


# --- the layer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 5, 12])
@pytest.mark.parametrize("n_devices", [1, 2, 3, 4, 12])
def test_devices_compute_what_one_would(k, n_devices, rng):
    x, w_router, experts = layer(rng)
    output, sent = parallel_moe_layer(x, w_router, experts, k, n_devices)
    assert_allclose(output, moe_layer(x, w_router, experts, k), rtol=1e-12)
    expected = np.zeros((n_devices, n_devices), dtype=int)
    for token, row in enumerate(route(x @ w_router, k)[0]):
        for expert in row:
            expected[token * n_devices // 24, expert * n_devices // 12] += 1
    assert_array_equal(sent, expected)
    assert sent.sum() == 24 * k


def test_an_expert_sees_the_rows_of_all_devices_and_no_others(rng):
    x, w_router, _ = layer(rng)
    seen = {i: [] for i in range(12)}
    experts = [lambda rows, i=i: seen[i].extend(rows.tolist()) or rows for i in range(12)]
    parallel_moe_layer(x, w_router, experts, 2, 4)
    chosen, _ = route(x @ w_router, 2)
    for i in range(12):
        assert sorted(seen[i]) == sorted(x[(chosen == i).any(axis=1)].tolist())


@pytest.mark.parametrize("n_devices", [0, -1, 1.5, 5, 8, 24])
def test_refuses_devices_that_cannot_share(n_devices, rng):
    message = re.escape(f"24 tokens and 12 experts cannot be shared out to {n_devices} devices; pass a number that")
    with pytest.raises(ValueError, match=message):
        parallel_moe_layer(*layer(rng), 2, n_devices)


@pytest.mark.parametrize(
    ("x", "w"), [((24, 5), (5, 11)), ((24, 5), (5, 13)), ((24, 5), (4, 12)), ((24,), (24, 12)), ((2, 12, 5), (5, 12))]
)
def test_refuses_shapes_that_do_not_fit(x, w):
    message = re.escape(f"x and w_router have shapes {x} and {w}, with 12 experts; pass (n_tokens, d_model)")
    with pytest.raises(ValueError, match=message):
        parallel_moe_layer(np.ones(x), np.ones(w), [np.negative] * 12, 2, 4)


def test_inputs_are_left_alone(rng):
    x, w_router, experts = layer(rng)
    kept = x.copy(), w_router.copy()
    parallel_moe_layer(x, w_router, experts, 3, 4)
    assert_array_equal(x, kept[0])
    assert_array_equal(w_router, kept[1])


# --- bytes and devices -------------------------------------------------------------------------


def test_bytes_agree_with_rows_that_leave_under_even_routing():
    # Each of 12 tokens goes to the experts after its own number, so that all loads are equal.
    w_router = np.array([[3 * ((e - t) % 12 == 0) + ((e - t) % 12 == 1) for e in range(12)] for t in range(12)], float)
    _, sent = parallel_moe_layer(np.eye(12), w_router, [np.negative] * 12, 2, 12)
    assert sent.sum(axis=0).tolist() == [2] * 12
    assert sent.trace() == 12
    even = 12 * 2 * (1 - 1 / 12)  # rows that leave if each device is as likely as any other
    assert exchange_bytes(12, 7, 2, 12) == pytest.approx(even * 7 * 4)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ((1, 4096, 2, 1), 0),
        ((1, 4096, 2, 10**9), 32768),
        ((3, 5, 2, 4, 1, 2), 3 * 2 * 5 * 3 * 0.75),
        ((3, 5, 2, 4, 2, 1), 3 * 2 * 5 * 3 * 0.75),
        ((3, 5, 2, 4), 3 * 2 * 5 * 4 * 0.75),
        ((0, 5, 2, 4), 0),
        ((3, 5, 0.5, 4, 0, 1), 3 * 0.5 * 5 * 0.75),
    ],
)
def test_bytes_by_hand(call, expected):
    assert exchange_bytes(*call) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("n_experts", "n_devices", "k"), [(4, 2, 2), (6, 3, 2), (6, 2, 4), (6, 6, 3), (8, 4, 8), (5, 1, 2)]
)
def test_expected_devices_agree_with_enumeration(n_experts, n_devices, k):
    share = n_experts // n_devices
    counts = [len({i // share for i in choice}) for choice in itertools.combinations(range(n_experts), k)]
    assert expected_devices(n_experts, n_devices, k) == pytest.approx(np.mean(counts))


@pytest.mark.parametrize("position", range(6))
def test_refuses_counts_that_are_none(position):
    call = [1, 1, 1, 1, 1, 1]
    call[position] = -1
    with pytest.raises(ValueError, match="a count is below 0, or there is no device; pass counts of at least 0"):
        exchange_bytes(*call)
    with pytest.raises(ValueError, match="there is no device"):
        exchange_bytes(1, 1, 1, 0)


@pytest.mark.parametrize(
    ("n_experts", "n_devices", "k"), [(4, 0, 1), (4, 3, 1), (4, 2, 0), (4, 2, 5), (4, -2, 1), (3, 1.5, 1), (4, 2, 1.5)]
)
def test_refuses_placements_that_are_none(n_experts, n_devices, k):
    message = re.escape(
        f"{n_experts} experts, {n_devices} devices and k = {k}; pass a divisor, and k from 1 to n_experts"
    )
    with pytest.raises(ValueError, match=message):
        expected_devices(n_experts, n_devices, k)
