import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.adaptation.lora import merge_lora
from code_examples.adaptation.multi_adapter_serving import apply_adapters, stack_adapters

INF, NAN = float("inf"), float("nan")


def some_adapters(d_out=4, d_in=6, ranks=(3, 1, 2), seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((d_out, r)), rng.standard_normal((r, d_in)), 0.5 + r) for r in ranks]


def batch(n=7, seed=1):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 6)), rng.standard_normal((4, 6))


def test_a_mixed_batch_is_what_merged_models_give_one_by_one():
    adapters, (inputs, weight), slots = some_adapters(), batch(), [1, -1, 2, 0, 0, 2, -1]
    expected = [
        x @ (weight if s < 0 else merge_lora(weight, *adapters[s])).T for x, s in zip(inputs, slots, strict=True)
    ]
    assert_allclose(apply_adapters(inputs, weight, *stack_adapters(adapters), slots), expected, rtol=1e-10)


def test_every_entry_is_a_sum_over_rank_and_inputs():
    (b_one, a_one, scale), *_ = adapters = some_adapters()
    inputs, weight = batch(2)
    output = apply_adapters(inputs, weight, *stack_adapters(adapters), [0, 0])
    for n in range(2):
        for o in range(4):
            update = sum(scale * b_one[o, r] * a_one[r, i] * inputs[n, i] for r in range(3) for i in range(6))
            assert output[n, o] == pytest.approx(sum(weight[o] * inputs[n]) + update)


def test_the_order_of_the_rows_does_not_matter():
    inputs, weight = batch()
    b, a = stack_adapters(some_adapters())
    slots, order = np.array([1, -1, 2, 0, 0, 2, -1]), np.array([6, 2, 0, 5, 1, 4, 3])
    shuffled = apply_adapters(inputs[order], weight, b, a, slots[order])
    assert_allclose(shuffled, apply_adapters(inputs, weight, b, a, slots)[order], rtol=1e-12)


def test_stacking_pads_with_zeros_and_keeps_the_product():
    adapters = some_adapters()
    b, a = stack_adapters(adapters)
    assert b.shape == (3, 4, 3)
    assert a.shape == (3, 3, 6)
    assert not b[1, :, 1:].any()
    assert not a[1, 1:].any()
    for slot, (b_one, a_one, scale) in enumerate(adapters):
        assert_allclose(b[slot] @ a[slot], scale * (b_one @ a_one), rtol=1e-12)
        assert_array_equal(a[slot, : len(a_one)], a_one)  # the scale is in b


def test_an_empty_batch_and_whole_numbers_pass():
    b, a = stack_adapters([([[1], [2]], [[3, 4, 5]], 2)])
    assert apply_adapters(np.ones((0, 3)), np.ones((2, 3)), b, a, np.zeros(0, dtype=int)).shape == (0, 2)
    output = apply_adapters([[1, 0, 1]], np.eye(2, 3, dtype=np.int8), b, a, [0])
    assert output.tolist() == [[1 + 2 * 1 * 8, 2 * 2 * 8]]
    assert output.dtype == b.dtype == a.dtype == np.float64


def test_a_row_without_an_adapter_takes_nothing_from_any():
    inputs, weight = batch(3)
    b, a = stack_adapters(some_adapters())
    b[-1] = INF  # slot -1 is no adapter, not the last one
    output = apply_adapters(inputs, weight, b, a, [-1, 0, -1])
    assert_allclose(output[[0, 2]], [[sum(w * x) for w in weight] for x in inputs[[0, 2]]], rtol=1e-12)
    assert np.isfinite(output).all()


def test_without_any_adapter_loaded_all_rows_are_of_the_base():
    inputs, weight = batch(2)
    none = np.zeros((0, 4, 3)), np.zeros((0, 3, 6))
    assert_allclose(apply_adapters(inputs, weight, *none, [-1, -1]), inputs @ weight.T, rtol=1e-12)


@pytest.mark.parametrize("slots", [[0, 3], [-2, 0], [0.0, 1.0], [True, False]])
def test_refuses_slots_that_hold_no_adapter(slots):
    inputs, weight = batch(2)
    with pytest.raises(
        ValueError, match=r"a slot holds no adapter; pass integers from 0 to 2, or -1 for the base model"
    ):
        apply_adapters(inputs, weight, *stack_adapters(some_adapters()), slots)


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 5), (4, 6), (3, 4, 3), (3, 3, 6), (2,)),
        ((2, 6), (5, 6), (3, 4, 3), (3, 3, 6), (2,)),
        ((2, 6), (4, 6), (2, 4, 3), (3, 3, 6), (2,)),
        ((2, 6), (4, 6), (3, 4, 2), (3, 3, 6), (2,)),
        ((2, 6), (4, 6), (3, 4, 3), (3, 3, 5), (2,)),
        ((2, 6), (4, 6), (3, 4, 3), (3, 3, 6), (3,)),
        ((2, 6), (4, 6), (3, 4, 3), (3, 3, 6), (2, 1)),
        ((6,), (4, 6), (3, 4, 3), (3, 3, 6), (1,)),
        ((2, 6), (4, 6), (4, 3), (3, 6), (2,)),
    ],
)
def test_refuses_shapes_that_do_not_fit(shapes):
    arrays = [np.ones(shape) for shape in shapes[:4]] + [np.zeros(shapes[4], dtype=int)]
    with pytest.raises(
        ValueError, match=re.escape(f"inputs, weight, b, a and slots have shapes {shapes}; pass (n, d_in)")
    ):
        apply_adapters(*arrays)


def test_refuses_no_adapter():
    with pytest.raises(ValueError, match="there is no adapter; pass at least one"):
        stack_adapters([])


@pytest.mark.parametrize(
    ("b", "a"), [((4, 2), (3, 6)), ((4, 0), (0, 6)), ((4,), (4, 6)), ((4, 2), (2,)), ((5, 2), (2, 6)), ((4, 2), (2, 5))]
)
def test_refuses_factors_that_do_not_fit(b, a):
    message = re.escape(
        f"b and a have shapes {b} and {a}; pass (d_out, rank) and (rank, d_in), with d_out and d_in the"
    )
    with pytest.raises(ValueError, match=message):
        stack_adapters([*some_adapters(), (np.ones(b), np.ones(a), 1)])


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("wrong", [NAN, INF])
def test_refuses_numbers_that_are_not_finite(place, wrong):
    adapter = [np.ones((4, 2)), np.ones((2, 6)), 1.0]
    adapter[place] = adapter[place] * wrong
    with pytest.raises(ValueError, match="a number of an adapter is not finite"):
        stack_adapters([*some_adapters(), tuple(adapter)])


def test_arguments_are_left_alone():
    adapters, (inputs, weight) = some_adapters(), batch()
    kept = inputs.copy(), weight.copy(), adapters[0][0].copy(), adapters[0][1].copy()
    apply_adapters(inputs, weight, *stack_adapters(adapters), [0] * 7)
    for array, before in zip((inputs, weight, *adapters[0][:2]), kept, strict=True):
        assert_array_equal(array, before)
