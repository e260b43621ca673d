"""The Pile against the published columns, and against counts that the paper gives elsewhere."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.training.the_pile import COMPONENTS, bits_per_byte, mixture

pytestmark = pytest.mark.unit

NAMES = list(COMPONENTS)
RAW, EPOCHS, DOCUMENT_KIB = np.array(list(COMPONENTS.values())).T

# Gao et al. 2020, Table 1, columns "Effective Size" (GiB) and "Weight" (%).
PUBLISHED = """
    227.12 18.11  180.55 14.40  151.44 12.07  125.54 10.01  112.42 8.96  95.16 7.59  76.73 6.12  64.39 5.13
    45.81 3.65  38.53 3.07  27.19 2.17  19.47 1.55  19.13 1.53  15.49 1.24  11.03 0.88  9.45 0.75  9.17 0.73
    7.80 0.62  7.47 0.60  4.76 0.38  3.79 0.30  1.76 0.14
"""


def test_columns_are_the_published_ones():
    expected = np.array(PUBLISHED.split(), dtype=float).reshape(-1, 2)
    effective, weights = mixture(RAW, EPOCHS)
    assert_allclose(effective, expected[:, 0], rtol=0, atol=0.011)  # sizes are rounded before they are multiplied
    assert_allclose(100 * weights, expected[:, 1], rtol=0, atol=0.006)


def test_document_sizes_are_the_published_ones():
    assert DOCUMENT_KIB.tolist() == [
        *(4.33, 30.55, 538.36, 3.85, 46.61, 5.25, 15.06, 2.16, 4.08, 1.30, 398.73),
        *(30.48, 1.11, 8.00, 545.48, 369.87, 68.87, 4.92, 22.55, 73.37, 2.11, 1.78),
    ]


def test_totals_are_the_published_ones():
    assert len(COMPONENTS) == 22
    assert RAW.sum() == pytest.approx(825.18, abs=1e-9)
    assert mixture(RAW, EPOCHS)[0].sum() == pytest.approx(1254.20, abs=0.01)
    documents = RAW * 2**20 / DOCUMENT_KIB
    assert RAW.sum() * 2**20 / documents.sum() == pytest.approx(5.91, abs=0.005)


@pytest.mark.parametrize(
    ("name", "count"),  # Appendix C; for Books3 the data set card of a copy
    [
        ("ArXiv", 1_264_405),
        ("Stack Exchange", 15_622_475),
        ("PubMed Abstracts", 15_518_009),
        ("BookCorpus2", 17_868),
        ("YouTube Subtitles", 173_651),
        ("NIH ExPorter", 939_668),
        ("OpenWebText2", 17_103_059),
        ("Books3", 196_640),
    ],
)
def test_sizes_give_the_counted_documents(name, count):
    i = NAMES.index(name)
    assert RAW[i] * 2**20 / DOCUMENT_KIB[i] == pytest.approx(count, rel=0.004)


@given(st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0.1, 10)), min_size=1, max_size=8))
def test_weights_are_how_often_a_draw_of_bytes_falls_there(parts):
    sizes, epochs = zip(*parts, strict=True)
    effective, weights = mixture(sizes, epochs)
    total = sum(size * passes for size, passes in parts)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    for i, (size, passes) in enumerate(parts):
        assert effective[i] == pytest.approx(size * passes, rel=1e-12)
        assert weights[i] * total == pytest.approx(size * passes, rel=1e-9)


def test_weights_do_not_depend_on_the_unit():
    assert_allclose(mixture(RAW * 2**30, EPOCHS)[1], mixture(RAW, EPOCHS)[1], rtol=1e-12)


@pytest.mark.parametrize(("sizes", "epochs"), [([], []), ([1, 2], [1]), (1, 1), ([[1, 2]], [[1, 2]])])
def test_refuses_shapes_that_do_not_fit(sizes, epochs):
    message = f"sizes have shape {np.shape(sizes)}, epochs {np.shape(epochs)}; pass one of each for every component"
    with pytest.raises(ValueError, match=re.escape(message)):
        mixture(sizes, epochs)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_refuses_what_is_no_size(wrong):
    message = "a size or a number of epochs is not positive and finite; leave that component out"
    with pytest.raises(ValueError, match=message):
        mixture([1, wrong], [1, 1])
    with pytest.raises(ValueError, match=message):
        mixture([1, 1], [wrong, 1])


@given(st.integers(1, 50), st.floats(0, 20))
def test_bits_per_byte_are_those_of_an_arithmetic_coder(tokens, loss):
    text = "é" * 30  # 60 bytes in UTF-8
    n_bytes = len(text.encode())
    bits = tokens * math.log2(math.exp(loss))  # ideal code length of all tokens
    assert bits_per_byte(loss, tokens / n_bytes) == pytest.approx(bits / n_bytes, rel=1e-9, abs=1e-12)


def test_two_tokenizers_agree_on_a_text():
    # One token of 8 bits, or two of 4: the perplexities differ, the bits per byte do not.
    assert bits_per_byte(8 * math.log(2), 1 / 4) == pytest.approx(bits_per_byte(4 * math.log(2), 2 / 4), rel=1e-12)


@pytest.mark.parametrize("loss", [-0.1, float("nan"), float("inf")])
def test_refuses_what_is_no_loss(loss):
    with pytest.raises(ValueError, match=f"loss is {loss}; pass a finite number of nats, at least 0"):
        bits_per_byte(loss, 1)


@pytest.mark.parametrize("ratio", [0, -1, float("nan"), float("inf")])
def test_refuses_what_is_no_ratio(ratio):
    with pytest.raises(ValueError, match=f"tokens per byte are {ratio}; pass a positive, finite ratio"):
        bits_per_byte(1, ratio)


def test_leaves_its_input_alone():
    sizes, epochs = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    mixture(sizes, epochs)
    assert_array_equal(sizes, [1, 2])
    assert_array_equal(epochs, [2, 1])
