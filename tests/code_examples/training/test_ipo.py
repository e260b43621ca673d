"""IPO against TRL's published formula, JAX, finite differences and the closed form of the optimum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.training.dpo import train_policy
from code_examples.training.ipo import ipo_gradient, ipo_loss

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)

ROWS = tuple(np.array(row) for row in ([-10.0, -31, -4], [-14.0, -30, -9], [-12.0, -33, -3.5], [-13.0, -35, -2]))


def trl(chosen, rejected, ref_chosen, ref_rejected, beta):
    """The loss named "ipo" of TRL 1.16.0, written anew, on log-probabilities that are already averaged."""
    return jnp.square((chosen - ref_chosen) - (rejected - ref_rejected) - 1 / (2 * beta)).mean()


TRL = jax.jit(jax.value_and_grad(trl, (0, 1)))  # compiled once for all values of beta


@pytest.mark.parametrize("beta", [0.01, 0.1, 0.5, 3.0])
def test_value_and_gradient_agree_with_trl_and_jax(beta):
    value, gradient = TRL(*ROWS, beta)
    assert_allclose(ipo_loss(*ROWS, beta=beta), value, rtol=1e-12)
    assert type(ipo_loss(*ROWS, beta=beta)) is float
    for ours, theirs in zip(ipo_gradient(*ROWS, beta=beta), gradient, strict=True):
        assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("side", [0, 1])
def test_gradient_agrees_with_finite_differences(side):
    for i in range(3):
        values = []
        for step in (1e-4, -1e-4):
            rows = [row.copy() for row in ROWS]
            rows[side][i] += step
            values.append(ipo_loss(*rows, beta=0.7))
        assert_allclose(ipo_gradient(*ROWS, beta=0.7)[side][i], (values[0] - values[1]) / 2e-4, rtol=1e-7)


def test_the_gap_at_the_optimum_is_linear_in_the_share_of_votes():
    """Votes p against 1 - p end at a gap of (2p - 1) / (2 beta), which is finite where all agree."""
    for share in (0.5, 0.8, 1.0):
        pairs = np.array([[0, 1], [1, 0]])
        log_reference = np.log([0.3, 0.7])

        def gradient(chosen, rejected, share=share, pairs=pairs, log_reference=log_reference):
            both = ipo_gradient(chosen, rejected, *log_reference[pairs.T], beta=0.25)
            return [np.array([share, 1 - share]) * part for part in both]

        last = train_policy(gradient, log_reference, pairs, 200, 0.2)[-1]
        gap = last[0] - last[1] - (log_reference[0] - log_reference[1])
        assert_allclose(gap, (2 * share - 1) * 2, atol=1e-9)


def test_arguments_stay_as_they_were():
    rows = [row.copy() for row in ROWS]
    ipo_loss(*rows, beta=1)
    ipo_gradient(*rows, beta=1)
    assert_array_equal(rows, ROWS)


@pytest.mark.parametrize("function", [ipo_loss, ipo_gradient])
def test_refusals(function):
    for beta in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"beta is {beta}; pass a finite number above 0"):
            function(*ROWS, beta=beta)
    for i, name in enumerate(("chosen", "rejected", "ref_chosen", "ref_rejected")):
        rows = list(ROWS)
        rows[i] = np.array([0, np.nan, 0])
        with pytest.raises(ValueError, match=f"^{name} holds a number that is not finite"):
            function(*rows, beta=1)
        rows[i] = np.zeros(2)
        with pytest.raises(ValueError, match="pass the same number of pairs"):
            function(*rows, beta=1)
