import re
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.serving.real_time_factor import speed_figures

JOBS = [(60, 0, 6), (3, 1, 4), (10, 2, 4)]  # audio, start, end


def test_figures_by_hand():
    figures = speed_figures(*zip(*JOBS, strict=True))
    expected = {
        "mean_rtf": Fraction(6, 60) + Fraction(3, 3) + Fraction(2, 10),
        "pooled_rtf": Fraction(11, 73),
        "rtfx": Fraction(73, 11),
        "mean_rtfx": Fraction(10 + 1 + 5, 3),
        "throughput": Fraction(73, 6),
    }
    expected["mean_rtf"] /= 3
    assert list(figures) == list(expected)
    assert_allclose(list(figures.values()), [float(value) for value in expected.values()], rtol=1e-14)
    assert {type(value) for value in figures.values()} == {float}


@given(st.lists(st.tuples(st.floats(0.1, 1e3), st.floats(-10, 10), st.floats(0.1, 1e3)), min_size=1, max_size=8))
def test_relations_that_always_hold(jobs):
    media, starts, worked = map(np.array, zip(*jobs, strict=True))
    figures = speed_figures(media, starts, starts + worked)
    factors = worked / media
    assert_allclose(figures["rtfx"], 1 / figures["pooled_rtf"])
    assert_allclose(figures["mean_rtfx"], 1 / scipy.stats.hmean(factors))
    assert_allclose(figures["pooled_rtf"], np.average(factors, weights=media))
    assert figures["mean_rtfx"] >= 1 / figures["mean_rtf"] * (1 - 1e-12)
    assert factors.min() * (1 - 1e-12) <= figures["pooled_rtf"] <= factors.max() * (1 + 1e-12)


def test_jobs_one_after_the_other_have_one_speed():
    figures = speed_figures([60, 3], [1, 7], [7, 10])
    assert figures["throughput"] == figures["rtfx"] == 7


def test_pauses_between_jobs_lower_the_throughput_alone():
    busy, idle = speed_figures([60, 3], [0, 6], [6, 9]), speed_figures([60, 3], [0, 26], [6, 29])
    changed = {name for name in busy if busy[name] != idle[name]}
    assert changed == {"throughput"}
    assert idle["throughput"] == 63 / 29


@pytest.mark.parametrize("parts", [([], [], []), ([1, 2], [0], [1]), ([1], [0], [1, 2]), ([[1]], [[0]], [[1]])])
def test_refuses_shapes_that_do_not_fit(parts):
    shapes = ", ".join(str(np.shape(part)) for part in parts)
    with pytest.raises(ValueError, match=re.escape(f"shapes are {shapes}; pass (n_jobs,) three times")):
        speed_figures(*parts)


@pytest.mark.parametrize(
    "parts", [([0], [0], [1]), ([-1], [0], [1]), ([1, 1], [0, 5], [1, 5]), ([1], [5], [4]), ([np.inf], [0], [1]),
              ([np.nan], [0], [1]), ([1], [0], [np.inf]), ([1], [-np.inf], [1]), ([1], [np.nan], [1])]
)  # fmt: skip
def test_refuses_jobs_that_make_no_sense(parts):
    with pytest.raises(ValueError, match="pass finite times, durations above 0, and ends after their starts"):
        speed_figures(*parts)


def test_inputs_are_left_alone():
    parts = [np.array(column) for column in zip(*JOBS, strict=True)]
    kept = [part.copy() for part in parts]
    speed_figures(*parts)
    for part, before in zip(parts, kept, strict=True):
        assert_array_equal(part, before)
