"""Training memory against arrays that are made, and against what published training runs allocated."""

import math
import re

import numpy as np
import pytest

from code_examples.adaptation.peft import training_memory

pytestmark = pytest.mark.unit

LLAMA = 3_212_749_824  # weights of Llama 3.2 3B


def test_bytes_are_those_of_arrays_that_are_made():
    frozen, trained = np.zeros(700, dtype=np.float16), np.zeros(30, dtype=np.float32)
    moments = np.zeros((2, 30), dtype=np.float32)
    assert training_memory(700, 30) == {
        "frozen weights": frozen.nbytes,
        "trained weights": trained.nbytes,
        "gradients": np.zeros_like(trained).nbytes,
        "optimizer state": moments.nbytes,
    }


def test_every_size_counts_where_it_belongs():
    memory = training_memory(100, 10, frozen_bytes=0.5, weight_bytes=2, gradient_bytes=3, state_bytes=7)
    assert list(memory.values()) == [50, 20, 30, 70]
    assert {type(value) for value in training_memory(np.int64(1), 2.0, state_bytes=np.int64(4)).values()} == {float}


@pytest.mark.parametrize(
    ("n_frozen", "n_trained", "sizes", "allocated"),
    [
        # means while training, MetaMathQA runs of the PEFT repository, June 2025: bfloat16, batches of 4
        (0, LLAMA, {"weight_bytes": 2, "gradient_bytes": 2, "state_bytes": 4}, 26.07e9),
        (LLAMA, 9_175_040, {}, 6.92e9),
        (LLAMA, 18_350_080, {}, 7.07e9),
        (LLAMA, 286_720, {}, 6.78e9),
    ],
)
def test_published_runs_allocated_this_much_and_a_little_more(n_frozen, n_trained, sizes, allocated):
    assert 0 < allocated - sum(training_memory(n_frozen, n_trained, **sizes).values()) < 0.4e9


def test_full_training_in_mixed_precision_takes_sixteen_bytes_a_weight():
    # Rajbhandari et al., 2019, ZeRO, section 3.1: 2 + 2 + 12
    assert sum(training_memory(0, 1, weight_bytes=2, gradient_bytes=2, state_bytes=12).values()) == 16
    assert sum(training_memory(0, 1).values()) == 16


@pytest.mark.parametrize("name", ["n_frozen", "n_trained"])
@pytest.mark.parametrize("wrong", [-1, 0.5, math.inf, math.nan])
def test_refuses_a_count_that_is_none(name, wrong):
    counts = {"n_frozen": 0, "n_trained": 0, name: wrong}
    with pytest.raises(ValueError, match=re.escape(f"{name} is {wrong}; pass an integer of at least 0")):
        training_memory(**counts)


@pytest.mark.parametrize("name", ["frozen_bytes", "weight_bytes", "gradient_bytes"])
@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan])
def test_refuses_sizes_that_are_none(name, wrong):
    with pytest.raises(ValueError, match=re.escape(f"{name} is {wrong}; pass a finite number above 0")):
        training_memory(1, 1, **{name: wrong})


@pytest.mark.parametrize("wrong", [-1, math.inf, math.nan])
def test_refuses_a_state_that_is_none(wrong):
    with pytest.raises(ValueError, match=re.escape(f"state_bytes is {wrong}; pass a finite number of at least 0")):
        training_memory(1, 1, state_bytes=wrong)


def test_nothing_at_all_takes_nothing():
    assert set(training_memory(0, 0, state_bytes=0).values()) == {0.0}
