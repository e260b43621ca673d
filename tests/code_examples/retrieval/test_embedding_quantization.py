import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from code_examples.retrieval.embedding_quantization import (
    binarize,
    bit_scores,
    calibrate,
    decode_int8,
    encode_int8,
    hamming,
)

ROWS = np.random.default_rng(0).normal(size=(20, 21)) * np.linspace(0.1, 9, 21) + 0.2
BITS = ROWS > 0


def test_bits_agree_with_text():
    for row, packed in zip(BITS, binarize(ROWS), strict=True):
        text = "".join("1" if bit else "0" for bit in row) + "000"
        assert [f"{byte:08b}" for byte in packed] == [text[i : i + 8] for i in (0, 8, 16)]
    assert binarize(ROWS).nbytes == 20 * 3
    assert binarize([[0.0, -0.0, 1e-300]]).tolist() == [[0b00100000]]


def test_hamming_agrees_with_scipy():
    packed = binarize(ROWS)
    expected = cdist(BITS, BITS, "hamming") * 21
    assert_allclose([hamming(row, packed) for row in packed], expected, atol=1e-9)
    assert hamming(packed[0], packed).dtype == np.int64
    wide = np.full((1, 300), 255, dtype=np.uint8)  # more than a byte can count
    assert hamming(np.zeros(300, dtype=np.uint8), wide).tolist() == [2400]


def test_bit_scores_agree_with_signs():
    query = np.random.default_rng(1).normal(size=21)
    expected = [sum(x if bit else -x for x, bit in zip(query, row, strict=True)) for row in BITS]
    assert_allclose(bit_scores(query, binarize(ROWS)), expected, rtol=1e-9, atol=1e-12)
    # with a query of signs, it is the width less twice the Hamming distance
    signs = np.where(BITS[3], 1, -1)
    assert_array_equal(bit_scores(signs, binarize(ROWS)), 21 - 2 * hamming(binarize(ROWS)[3], binarize(ROWS)))


def test_codes_are_the_nearest_of_all():
    low, step = calibrate(ROWS)
    levels = low + step * np.arange(256)[:, None]  # (256, d)
    expected = np.abs(ROWS[:, None, :] - levels).argmin(axis=1) - 128
    codes = encode_int8(ROWS, low, step)
    assert codes.dtype == np.int8
    assert_array_equal(codes, expected)
    assert_array_equal(codes.max(axis=0), 127)
    assert_array_equal(codes.min(axis=0), -128)
    assert np.abs(decode_int8(codes, low, step) - ROWS).max() <= step.max() / 2 + 1e-12
    assert (np.abs(decode_int8(codes, low, step) - ROWS) <= step / 2 + 1e-12).all()


def test_ranges_are_those_of_each_dimension():
    low, step = calibrate(ROWS)
    assert_allclose(low, np.sort(ROWS, axis=0)[0])
    assert_allclose(low + 255 * step, np.sort(ROWS, axis=0)[-1])
    low, step = calibrate([[3.0, 1], [3, 2]])
    assert step[0] == 1
    assert decode_int8(encode_int8([[3, 1.5]], low, step), low, step)[0, 0] == 3


def test_outside_the_range_the_end_is_taken():
    low, step = calibrate(ROWS[:5])
    read = decode_int8(encode_int8(ROWS, low, step), low, step)
    clipped = np.clip(ROWS, low, low + 255 * step)
    assert (clipped != ROWS).any()
    assert (np.abs(read - clipped) <= step / 2 + 1e-12).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: binarize([1, 2]), "rows of shape (2,): pass a matrix of finite numbers, not empty"),
        (lambda: binarize([[]]), "rows of shape (1, 0): pass a matrix"),
        (lambda: calibrate([[np.nan]]), "rows of shape (1, 1): pass a matrix"),
        (lambda: encode_int8([1], [0], [1]), "rows of shape (1,): pass a matrix"),
        (lambda: encode_int8([[1, 2]], [0], [1]), "rows have shape (1, 2) and the range (1,); pass as many columns"),
        (lambda: encode_int8([[1]], [0], [0]), "low has shape (1,) and step (1,); pass a finite one of each a column"),
        (lambda: encode_int8([[1]], [np.inf], [1]), "low has shape (1,) and step (1,); pass a finite one"),
        (lambda: encode_int8([[1]], [0], [1, 2]), "low has shape (1,) and step (2,)"),
        (lambda: encode_int8([[1]], 0, 1), "low has shape () and step ()"),
        (lambda: decode_int8([[1, 2]], [0], [1]), "codes have shape (1, 2) and the range (1,); pass as many"),
        (lambda: decode_int8([[1]], [0], [np.nan]), "low has shape (1,) and step (1,)"),
        (lambda: decode_int8([1], [0], [1]), "codes of shape (1,): pass a matrix"),
        (lambda: decode_int8(np.uint8([[128]]), [0], [1]), "a code is no integer from -128 to 127; pass what encode"),
        (lambda: decode_int8([[-129]], [0], [1]), "a code is no integer from -128 to 127"),
        (lambda: decode_int8([[1.5]], [0], [1]), "a code is no integer from -128 to 127"),
        (lambda: hamming([1], [[1]]), "bits are int64 (1,) and rows int64 (1, 1); pass a row and a matrix of uint8"),
        (lambda: hamming(binarize([[1]])[0], [[1]]), "bits are uint8 (1,) and rows int64 (1, 1)"),
        (lambda: hamming(binarize([[1]])[0], binarize([[1] * 9])), "bits are uint8 (1,) and rows uint8 (1, 2)"),
        (lambda: hamming(binarize([[1]])[0], binarize([[1]])[0]), "bits are uint8 (1,) and rows uint8 (1,)"),
        (lambda: bit_scores([[1]], binarize([[1]])), "query has shape (1, 1); pass one row of finite numbers"),
        (lambda: bit_scores([np.inf], binarize([[1]])), "query has shape (1,); pass one row"),
        (lambda: bit_scores([1], [[1]]), "rows are int64 (1, 1); pass a matrix of uint8, one byte for eight"),
        (lambda: bit_scores([1] * 9, binarize([[1] * 8])), "rows are uint8 (1, 1); pass a matrix of uint8"),
        (lambda: bit_scores([1], binarize([[1]])[0]), "rows are uint8 (1,); pass a matrix of uint8"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    copy = ROWS.copy()
    low, step = calibrate(ROWS)
    ranges = low.copy(), step.copy()
    codes = encode_int8(ROWS, low, step)
    kept = codes.copy()
    decode_int8(codes, low, step)
    packed = binarize(ROWS)
    packs = packed.copy()
    hamming(packed[0], packed), bit_scores(ROWS[0], packed)
    for now, before in ((ROWS, copy), (low, ranges[0]), (step, ranges[1]), (codes, kept), (packed, packs)):
        assert_array_equal(now, before)
