import itertools
import re
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.serving.throughput_latency import experts_read, matmul_intensity, measure_flow, pass_time

MODEL = {"used": 30.0, "read": 70.0, "bytes_per_weight": 0.5, "bytes_per_cached": 8.0}
CHIP = {"flops": 1000.0, "bandwidth": 40.0}


@pytest.mark.parametrize(("n", "d_in", "d_out"), [(3, 64, 48), (7, 33, 5), (128, 16, 96)])
def test_intensity_agrees_with_what_a_compiler_counts(n, d_in, d_out):
    product = jax.jit(lambda x, w: x @ w)
    cost = (
        product.lower(jnp.ones((n, d_in), jnp.float32), jnp.ones((d_in, d_out), jnp.float32)).compile().cost_analysis()
    )
    cost = cost[0] if isinstance(cost, list) else cost
    assert_allclose(matmul_intensity(n, d_in, d_out, bytes_per_number=4), cost["flops"] / cost["bytes accessed"])


def test_intensity_tends_to_the_number_of_tokens():
    for n in (1, 8, 300):
        assert_allclose(matmul_intensity(n, 10**7, 10**8), n, rtol=1e-4)
    assert matmul_intensity(5, 40, 30) == matmul_intensity(5, 30, 40) == 2 * matmul_intensity(5, 40, 30, 4)


def loop_time(n_tokens, n_cached, used, read, bytes_per_weight, bytes_per_cached, flops, bandwidth):
    """Count operations and bytes one by one, in exact fractions."""
    operations = sum(2 for _ in range(n_tokens) for _ in range(int(used)))
    weights = sum(Fraction(bytes_per_weight) for _ in range(int(read)))
    cache = sum(Fraction(bytes_per_cached) for _ in range(n_cached))
    hidden = max(operations / Fraction(flops), weights / Fraction(bandwidth))
    return float(cache / Fraction(bandwidth) + hidden)


@pytest.mark.parametrize("n_tokens", [1, 14, 15, 16, 300])
@pytest.mark.parametrize("n_cached", [0, 1, 9])
def test_time_agrees_with_counting(n_tokens, n_cached):
    expected = loop_time(n_tokens, n_cached, **MODEL, **CHIP)
    assert_allclose(pass_time(n_tokens, n_cached, **MODEL, **CHIP), expected, rtol=1e-14)


def test_time_of_a_dense_model_bends_where_the_roofs_meet():
    dense = {**MODEL, "read": MODEL["used"]}
    bend = MODEL["bytes_per_weight"] / 2 * CHIP["flops"] / CHIP["bandwidth"]  # 6.25 tokens
    below, above, twice = (pass_time(n, 0, **dense, **CHIP) for n in (1, 7, 14))
    assert below == pass_time(6, 0, **dense, **CHIP) < above
    assert_allclose(above / below, 7 / bend)
    assert_allclose(twice, 2 * above)


def test_a_faster_part_helps_only_where_it_is_the_slow_one():
    slow_reading, slow_products = (1, 0), (300, 0)
    for sizes, helps, does_not in ((slow_reading, "bandwidth", "flops"), (slow_products, "flops", "bandwidth")):
        before = pass_time(*sizes, **MODEL, **CHIP)
        assert_allclose(pass_time(*sizes, **MODEL, **{**CHIP, helps: 2 * CHIP[helps]}), before / 2)
        assert pass_time(*sizes, **MODEL, **{**CHIP, does_not: 2 * CHIP[does_not]}) == before


@pytest.mark.parametrize(("n_tokens", "n_experts", "top_k"), [(1, 4, 2), (2, 4, 2), (3, 4, 1), (2, 5, 3), (3, 3, 3)])
def test_experts_agree_with_all_ways_to_route(n_tokens, n_experts, top_k):
    routes = list(itertools.combinations(range(n_experts), top_k))
    counts = [len(set().union(*ways)) for ways in itertools.product(routes, repeat=n_tokens)]
    assert_allclose(experts_read(n_tokens, n_experts, top_k), np.mean(counts), rtol=1e-14)


def test_all_experts_are_read_in_the_end():
    assert_allclose(experts_read(10_000, 64, 2), 64, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_littles_law_holds_for_any_log(seed):
    rng = np.random.default_rng(seed)
    arrivals = rng.uniform(-5, 5, 40).round(1)  # some at the same moment
    departures = arrivals + rng.exponential(3, 40).round(1) + 0.1
    in_flight, rate, latency = measure_flow(arrivals, departures)
    assert_allclose(in_flight, rate * latency, rtol=1e-12)
    window = np.linspace(arrivals.min(), departures.max(), 200_001)[:-1]
    seen = (arrivals[:, None] <= window) & (window < departures[:, None])
    assert_allclose(in_flight, seen.sum(axis=0).mean(), rtol=1e-3)
    assert_allclose([rate, latency], [40 / (departures.max() - arrivals.min()), np.mean(departures - arrivals)])


def test_flow_does_not_depend_on_order_or_clock():
    arrivals, departures = np.array([0.0, 1, 3, 3]), np.array([4.0, 2, 6, 3])
    expected = measure_flow(arrivals, departures)
    swap = [2, 0, 3, 1]
    assert_allclose(measure_flow(arrivals[swap], departures[swap]), expected)
    assert_allclose(measure_flow(arrivals + 100, departures + 100), expected)
    assert [type(side) for side in expected] == [float] * 3


@pytest.mark.parametrize("wrong", [0, -1, float("inf"), float("nan")])
def test_refuses_what_is_not_positive(wrong):
    def message(name):
        return re.escape(f"{name} is {wrong}; pass a finite number above 0")

    for place, name in enumerate(["n_tokens", "d_in", "d_out", "bytes_per_number"]):
        with pytest.raises(ValueError, match=message(name)):
            matmul_intensity(*(wrong if place == i else 2 for i in range(4)))
    for name in ("n_tokens", *MODEL, *CHIP):
        with pytest.raises(ValueError, match=message(name)):
            pass_time(**{"n_tokens": 1, "n_cached": 1, **MODEL, **CHIP, name: wrong})
    for place, name in enumerate(["n_tokens", "n_experts", "top_k"]):
        with pytest.raises(ValueError, match=message(name)):
            experts_read(*(wrong if place == i else 2 for i in range(3)))


@pytest.mark.parametrize("wrong", [-1, float("inf"), float("nan")])
def test_refuses_a_cache_without_meaning(wrong):
    with pytest.raises(ValueError, match=re.escape(f"n_cached is {wrong}; pass a finite number of at least 0")):
        pass_time(1, wrong, **MODEL, **CHIP)


def test_refuses_more_experts_than_there_are():
    with pytest.raises(ValueError, match="top_k is 3; pass at most the 2 experts that there are"):
        experts_read(1, 2, 3)


@pytest.mark.parametrize(
    ("arrivals", "departures", "message"),
    [
        ([], [], "shapes (0,) and (0,) do not fit; pass (n_requests,) twice"),
        ([1, 2], [3], "shapes (2,) and (1,) do not fit"),
        ([[1]], [[3]], "shapes (1, 1) and (1, 1) do not fit"),
        ([1, 2], [3, 1], "pass finite times, each departure at or after its arrival"),
        ([1, float("nan")], [3, 4], "pass finite times"),
        ([1, 2], [3, float("inf")], "pass finite times"),
        ([1, 2], [1, 2], "and some time in between"),
    ],
)
def test_refuses_a_log_without_answer(arrivals, departures, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        measure_flow(arrivals, departures)


def test_inputs_are_left_alone():
    arrivals, departures = np.array([3.0, 0, 1]), np.array([6.0, 4, 2])
    measure_flow(arrivals, departures)
    assert_array_equal(arrivals, [3, 0, 1])
    assert_array_equal(departures, [6, 4, 2])
