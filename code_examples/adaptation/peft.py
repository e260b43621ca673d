"""What training keeps in memory for weights that are trained, and for those that are frozen.

Accompanies ``docs/adaptation/peft.md``, whose names it follows.
"""

import math


def training_memory(n_frozen, n_trained, frozen_bytes=2, weight_bytes=4, gradient_bytes=4, state_bytes=8):
    """Say how many bytes training holds besides activations.

    Parameters
    ----------
    n_frozen : int
        Weights that are read but not trained, at least 0.
    n_trained : int
        Weights that are trained, at least 0.
    frozen_bytes : float, default 2
        Bytes of one frozen weight, above 0: 2 for bfloat16, 0.5 for 4 bits.
    weight_bytes, gradient_bytes : float, default 4
        Bytes of one trained weight and of its gradient, above 0.
    state_bytes : float, default 8
        Bytes that the optimizer keeps for each trained weight, at least 0: 8 for two float32 moments,
        12 with a float32 copy of a bfloat16 weight besides, 0 for plain gradient descent.

    Returns
    -------
    dict of str to float
        Bytes of the ``frozen weights``, ``trained weights``, ``gradients`` and ``optimizer state``.

    Raises
    ------
    ValueError
        If a count is no integer of at least 0, or a number of bytes is out of range.

    Notes
    -----
    Adam keeps two running means for each trained weight, algorithm 1 of [1]_. Activations, which
    depend on batch and length and hardly on what is trained, come on top.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization," 2014, algorithm 1.

    Examples
    --------
    A thousand frozen weights in two bytes, ten trained ones in float32 with Adam.

    >>> from code_examples.adaptation.peft import training_memory
    >>> training_memory(1000, 10)
    {'frozen weights': 2000.0, 'trained weights': 40.0, 'gradients': 40.0, 'optimizer state': 80.0}

    All trained, everything in bfloat16: eight bytes a weight.

    >>> sum(training_memory(0, 1000, weight_bytes=2, gradient_bytes=2, state_bytes=4).values())
    8000.0

    Nothing trained, four bits.

    >>> sum(training_memory(1000, 0, frozen_bytes=0.5).values())
    500.0
    """
    for name, count in (("n_frozen", n_frozen), ("n_trained", n_trained)):
        if not 0 <= count < math.inf or count != int(count):
            raise ValueError(f"{name} is {count}; pass an integer of at least 0")
    sizes = {"frozen_bytes": frozen_bytes, "weight_bytes": weight_bytes, "gradient_bytes": gradient_bytes}
    for name, size in sizes.items():
        if not 0 < size < math.inf:
            raise ValueError(f"{name} is {size}; pass a finite number above 0")
    if not 0 <= state_bytes < math.inf:
        raise ValueError(f"state_bytes is {state_bytes}; pass a finite number of at least 0")
    return {
        "frozen weights": float(n_frozen * frozen_bytes),
        "trained weights": float(n_trained * weight_bytes),
        "gradients": float(n_trained * gradient_bytes),
        "optimizer state": float(n_trained * state_bytes),
    }
