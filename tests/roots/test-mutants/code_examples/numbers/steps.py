"""Reference implementation for ``docs/numbers/steps.md``."""


def double(x):
    """Return twice a number: its example notices every mutant.

    >>> double(3)
    6
    """
    return x + x


def total(values):
    """Return the sum: only its test notices."""
    return sum(values)


def largest(a, b):
    """Return the larger of two: its page notices, but for the one that is equivalent."""
    return a if a > b else b


def down(n):
    """Count down; some mutants never end.

    >>> down(3)
    0
    """
    while n > 0:
        n -= 1
    return n


def unheard(x):
    """Nobody asks."""
    return x * x
