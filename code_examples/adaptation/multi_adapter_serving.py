"""Serving many LoRA adapters: requests for different adapters in one batch.

Accompanies ``docs/adaptation/multi-adapter-serving.md``, whose names it follows: the factors b and a of an adapter,
its scale, and the slots in which adapters lie ready.
"""

import numpy as np


def stack_adapters(adapters):
    """Lay adapters of different ranks into slots of one size.

    Parameters
    ----------
    adapters : sequence of tuple
        ``(b, a, scale)`` of each adapter, for one matrix: b of shape (d_out, rank), a of shape (rank, d_in), and
        the scale as `code_examples.adaptation.lora.lora_scale` returns it. Ranks may differ.

    Returns
    -------
    b : ndarray of float64, shape (n_adapters, d_out, largest rank)
        Scale included; the columns beyond an adapter's rank are 0.
    a : ndarray of float64, shape (n_adapters, largest rank, d_in)
        The rows beyond an adapter's rank are 0.

    Raises
    ------
    ValueError
        If there is no adapter, the shapes do not fit, or a number is not finite.

    Notes
    -----
    A zero column times a zero row adds nothing, so a padded adapter does what it did. It takes the room of the
    largest rank, though.

    Examples
    --------
    An adapter of rank 1 beside one of rank 2.

    >>> from code_examples.adaptation.multi_adapter_serving import stack_adapters
    >>> b, a = stack_adapters([([[1]], [[2, 3]], 5), ([[4, 6]], [[1, 0], [0, 1]], 1)])
    >>> b.tolist()
    [[[5.0, 0.0]], [[4.0, 6.0]]]
    >>> a.tolist()
    [[[2.0, 3.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]
    """
    adapters = [(np.asarray(b, dtype=float), np.asarray(a, dtype=float), float(scale)) for b, a, scale in adapters]
    if not adapters:
        raise ValueError("there is no adapter; pass at least one")
    outer = adapters[0][0].shape[:1], adapters[0][1].shape[1:]
    for b, a, scale in adapters:
        sides = b.shape[:1], a.shape[1:]
        if b.ndim != 2 or a.ndim != 2 or 0 in b.shape + a.shape or b.shape[1] != len(a) or sides != outer:
            raise ValueError(
                f"b and a have shapes {b.shape} and {a.shape}; "
                "pass (d_out, rank) and (rank, d_in), with d_out and d_in the same for all adapters"
            )
        if not (np.isfinite(b).all() and np.isfinite(a).all() and np.isfinite(scale)):
            raise ValueError("a number of an adapter is not finite; look for what made NaN or infinity first")
    rank = max(len(a) for _, a, _ in adapters)
    stacked_b, stacked_a = (np.zeros((len(adapters), *shape)) for shape in ((*outer[0], rank), (rank, *outer[1])))
    for slot, (b, a, scale) in enumerate(adapters):
        stacked_b[slot, :, : len(a)] = scale * b
        stacked_a[slot, : len(a)] = a
    return stacked_b, stacked_a


def apply_adapters(inputs, weight, b, a, slots):
    """Return the outputs of a batch in which each row has its own adapter.

    Parameters
    ----------
    inputs : array_like, shape (n, d_in)
        One token in each row.
    weight : array_like, shape (d_out, d_in)
        The frozen matrix that all share.
    b : array_like, shape (n_adapters, d_out, rank)
        As `stack_adapters` returns it.
    a : array_like, shape (n_adapters, rank, d_in)
        As `stack_adapters` returns it.
    slots : array_like of int, shape (n,)
        The adapter of each row, from 0 to n_adapters - 1, or -1 for the base model.

    Returns
    -------
    ndarray of float64, shape (n, d_out)
        One output in each row.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a slot is no integer or holds no adapter.

    Notes
    -----
    What the kernel of [1]_ computes. Here the factors of each row are copied together first (a gather); the
    kernel reads them where they lie.

    References
    ----------
    .. [1] L. Chen et al., "Punica: Multi-Tenant LoRA Serving," 2023.

    Examples
    --------
    Two adapters add 10 and 100 times the input to it; the third row has none.

    >>> import numpy as np
    >>> from code_examples.adaptation.multi_adapter_serving import apply_adapters
    >>> apply_adapters([[1], [2], [3]], [[1]], b=[[[10]], [[100]]], a=[[[1]], [[1]]], slots=[1, 0, -1]).tolist()
    [[101.0], [22.0], [3.0]]

    A server with no adapter loaded is the base model.

    >>> apply_adapters([[4]], [[2]], np.zeros((0, 1, 1)), np.zeros((0, 1, 1)), slots=[-1]).tolist()
    [[8.0]]
    """
    inputs, weight, b, a = (np.asarray(array, dtype=float) for array in (inputs, weight, b, a))
    slots = np.asarray(slots)
    shapes = inputs.shape, weight.shape, b.shape, a.shape, slots.shape
    if [len(shape) for shape in shapes] != [2, 2, 3, 3, 1] or shapes != (
        (len(slots), weight.shape[1]),
        (b.shape[1], a.shape[2]),
        (len(a), len(weight), a.shape[1]),
        a.shape,
        slots.shape,
    ):
        raise ValueError(
            f"inputs, weight, b, a and slots have shapes {shapes}; pass (n, d_in), (d_out, d_in), "
            "(n_adapters, d_out, rank), (n_adapters, rank, d_in) and (n,)"
        )
    if slots.dtype.kind not in "iu" or not ((slots >= -1) & (slots < len(b))).all():
        raise ValueError(f"a slot holds no adapter; pass integers from 0 to {len(b) - 1}, or -1 for the base model")
    outputs, tuned = inputs @ weight.T, slots >= 0  # (n, d_out), (n,)
    own_b, own_a = b[slots[tuned]], a[slots[tuned]]  # (n_tuned, d_out, rank), (n_tuned, rank, d_in)
    read = np.einsum("nri,ni->nr", own_a, inputs[tuned])  # (n_tuned, rank)
    outputs[tuned] += np.einsum("nor,nr->no", own_b, read)
    return outputs
