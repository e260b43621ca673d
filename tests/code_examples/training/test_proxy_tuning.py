import re

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.training.proxy_tuning import carry_offset, proxy_logits

INF, NAN = float("inf"), float("nan")


def three(shape=(4, 6), seed=0):
    return 2 * np.random.default_rng(seed).standard_normal((3, *shape))


@pytest.mark.parametrize("strength", [0.5, 1, 2.5, -1])
@pytest.mark.parametrize("shape", [(7,), (4, 6), (2, 3, 5)])
def test_is_a_product_of_the_probabilities(strength, shape):
    base, expert, anti = three(shape)
    p, e, a = (scipy.special.softmax(z, axis=-1) for z in (base, expert, anti))
    product = p * (e / a) ** strength
    expected = product / product.sum(axis=-1, keepdims=True)
    assert_allclose(scipy.special.softmax(proxy_logits(base, expert, anti, strength), axis=-1), expected, rtol=1e-10)


def test_the_default_strength_is_one():
    base, expert, anti = three()
    assert_array_equal(proxy_logits(base, expert, anti), proxy_logits(base, expert, anti, 1))


def test_log_probabilities_do_as_well_as_logits():
    base, expert, anti = three()
    by_logp = proxy_logits(*(scipy.special.log_softmax(z, axis=-1) for z in (base, expert, anti)), 1.5)
    by_logits = proxy_logits(base, expert, anti, 1.5)
    assert_allclose(scipy.special.softmax(by_logp, axis=-1), scipy.special.softmax(by_logits, axis=-1), rtol=1e-10)


def test_its_own_pair_gives_the_tuned_model_and_no_tuning_the_base():
    base, expert, _ = three()
    assert_allclose(proxy_logits(base, expert, base), expert, rtol=1e-12, atol=1e-14)
    assert_array_equal(proxy_logits(base, expert, expert, 9), base)
    assert_array_equal(proxy_logits(base, expert, 0 * expert, 0), base)


def test_two_steps_of_half_the_strength_are_one():
    base, expert, anti = three()
    half = proxy_logits(base, expert, anti, 0.5)
    assert_allclose(proxy_logits(half, expert, anti, 0.5), proxy_logits(base, expert, anti), rtol=1e-12)


def test_forbidden_tokens_stay_forbidden():
    assert proxy_logits([-INF, 1], [800, 0], [-800, 0], 3).tolist() == [-INF, 1]


@pytest.mark.parametrize(
    "shapes", [((3,), (4,), (3,)), ((3,), (3,), (4,)), ((2, 3), (3,), (3,)), ((), (), ()), ((0,),) * 3]
)
def test_refuses_logits_of_other_vocabularies(shapes):
    message = re.escape(
        f"the logits have shapes {shapes}; pass one logit of each model for each token of one vocabulary"
    )
    with pytest.raises(ValueError, match=message):
        proxy_logits(*(np.ones(shape) for shape in shapes))


def test_refuses_what_is_not_finite():
    good = [1, 2]
    for wrong in ([NAN, 1], [INF, 1], [1, -INF]):
        for some in ((good, wrong, good), (good, good, wrong)):
            with pytest.raises(ValueError, match="the strength or a logit of a proxy is not finite"):
                proxy_logits(*some)
    for strength in (NAN, INF, -INF):
        with pytest.raises(ValueError, match="the strength or a logit of a proxy is not finite"):
            proxy_logits(good, good, good, strength)
    for wrong in ([NAN, 1], [1, INF]):
        with pytest.raises(ValueError, match="a logit of the base is NaN or "):
            proxy_logits(wrong, good, good)


def test_an_offset_is_carried_by_text():
    rng = np.random.default_rng(1)
    proxy_tokens, base_tokens = list("abcdefg"), list("xgbyda")
    offset = rng.standard_normal(7)
    expected = [offset[proxy_tokens.index(t)] if t in proxy_tokens else 0 for t in base_tokens]
    carried = carry_offset(offset, proxy_tokens, base_tokens)
    assert_array_equal(carried, expected)
    assert carried.dtype == np.float64
    assert carry_offset([], [], ["a"]).tolist() == [0]
    assert carry_offset([2], ["a"], []).shape == (0,)
    assert_array_equal(carry_offset(offset, proxy_tokens, proxy_tokens), offset)


@pytest.mark.parametrize(
    ("offset", "tokens"), [([1], ["a", "b"]), ([1, 2], ["a"]), ([1, 2], ["a", "a"]), ([[1, 2]], ["a", "b"]), ([1], [])]
)
def test_refuses_an_offset_that_does_not_fit(offset, tokens):
    with pytest.raises(ValueError, match="pass one offset for each token, each token once") as error:
        carry_offset(offset, tokens, ["a"])
    assert f"offset has shape {np.shape(offset)} for {len(tokens)} tokens, {len(set(tokens))} of them" in str(
        error.value
    )


@pytest.mark.parametrize("wrong", [NAN, INF, -INF])
def test_refuses_an_offset_that_is_not_finite(wrong):
    with pytest.raises(ValueError, match="an offset is not finite; pass the difference of finite logits"):
        carry_offset([1, wrong], ["a", "b"], ["c"])


def test_arguments_are_left_alone():
    logits = three()
    kept = logits.copy()
    proxy_logits(*logits, 2)
    assert_array_equal(logits, kept)
