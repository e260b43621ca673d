"""Automatic prompt optimization: search for a prompt by its score, and by how much the winner's score flatters it.

Accompanies ``docs/prompting/automatic-prompting.md``. A prompt is a row of zeros and ones: which parts it holds.
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StubModel:
    """A stand-in for a model whose accuracy depends on the parts of its prompt. It is no language model.

    An item is answered rightly if its ease, plus for each part of the prompt the part's gain and a quirk of this part
    on this item, is above zero. Ease and quirks are normal. So a part with gain 0 still helps on some items and hurts
    on others.

    Parameters
    ----------
    gains : tuple of float
        By how much each part helps on average, in standard deviations of the ease; at least one part.
    base : float
        Mean ease of an item.
    quirk : float
        Standard deviation of what a part does to an item beyond its gain; at least 0.

    Raises
    ------
    ValueError
        If there is no part, a number is not finite, or `quirk` is below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.prompting.automatic_prompting import StubModel
    >>> model = StubModel(gains=(1.0, 0.0), base=0.0, quirk=0.0)
    >>> model.accuracy((0, 0)), round(model.accuracy((1, 1)), 4)
    (0.5, 0.8413)
    >>> model.score((1, 0), np.array([[-0.5, 0, 0], [-1.5, 0, 0]]))
    0.5
    """

    gains: tuple
    base: float = 0.0
    quirk: float = 0.5

    def __post_init__(self):
        """Refuse what is no stub."""
        if not len(self.gains) or not np.isfinite([*self.gains, self.base, self.quirk]).all() or self.quirk < 0:
            raise ValueError("pass at least one gain, finite numbers, and a quirk of at least 0")

    def draw(self, n_items, rng):
        """Draw items.

        Parameters
        ----------
        n_items : int
            How many, at least 1.
        rng : numpy.random.Generator
            The source of chance.

        Returns
        -------
        ndarray, shape (n_items, 1 + n_parts)
            For each item its ease, then the quirk of each part.

        Examples
        --------
        >>> import numpy as np
        >>> from code_examples.prompting.automatic_prompting import StubModel
        >>> StubModel((0.3, 0.0, 0.1)).draw(5, np.random.default_rng(0)).shape
        (5, 4)
        """
        ease = self.base + rng.standard_normal((n_items, 1))
        return np.hstack([ease, self.quirk * rng.standard_normal((n_items, len(self.gains)))])

    def score(self, prompt, items):
        """Return the share of items that the model answers rightly with a prompt; one call for each item.

        Parameters
        ----------
        prompt : sequence of int
            One for each part that the prompt holds, else zero.
        items : ndarray, shape (n_items, 1 + n_parts)
            As `draw` returns them.

        Returns
        -------
        float
            From 0 to 1.

        Examples
        --------
        >>> import numpy as np
        >>> from code_examples.prompting.automatic_prompting import StubModel
        >>> items = np.array([[0.1, -0.2, 0.9], [-0.1, 0.2, 0.9], [-0.3, 0.0, 0.9]])
        >>> StubModel((0.0, 0.0)).score((1, 0), items)
        0.3333333333333333
        """
        parts = np.array([1, *prompt], dtype=float)
        help_ = items @ parts + np.dot(parts[1:], self.gains)
        return float((help_ > 0).mean())

    def accuracy(self, prompt):
        """Return the share of all items that the model answers rightly, those never drawn included.

        Parameters
        ----------
        prompt : sequence of int
            As in `score`.

        Returns
        -------
        float
            The probability that a sum of normal numbers is above zero.

        Examples
        --------
        Four parts with quirk 0.5 double the variance.

        >>> from code_examples.prompting.automatic_prompting import StubModel
        >>> round(StubModel((1.0, 0.0, 0.0, 0.0)).accuracy((1, 1, 1, 1)), 4)  # of 1 / sqrt 2
        0.7602
        """
        mean = self.base + float(np.dot(prompt, self.gains))
        spread = math.sqrt(1 + self.quirk**2 * sum(prompt))
        return 0.5 * (1 + math.erf(mean / spread / math.sqrt(2)))


def search(start, propose, score, rounds):
    """Search for a prompt: propose changes of what is known, score them, keep the best.

    Parameters
    ----------
    start : tuple
        The first prompt.
    propose : callable
        ``propose(scored)`` returns new prompts; `scored` is a dict of all prompts so far with their scores. Here stands
        the language model of a real system.
    score : callable
        ``score(prompt)`` returns a number, the higher the better. It is called once for each prompt.
    rounds : int
        How often to propose, at least 0.

    Returns
    -------
    course : list of tuple
        The best prompt before the first round and after each; of equals the one that was found first.
    scored : dict
        All prompts that were scored, with their scores.

    Raises
    ------
    ValueError
        If `rounds` is not an integer of at least 0.

    Notes
    -----
    The loop of [1]_, whose proposer is shown prompts with their scores.

    References
    ----------
    .. [1] C. Yang et al., "Large language models as optimizers," 2023.

    Examples
    --------
    >>> from code_examples.prompting.automatic_prompting import search
    >>> course, scored = search(3, lambda scored: [max(scored) + 1, max(scored) + 2], lambda x: -abs(x - 6), rounds=3)
    >>> course, len(scored)
    ([3, 5, 6, 6], 7)
    """
    if not isinstance(rounds, int | np.integer) or rounds < 0:
        raise ValueError(f"rounds is {rounds}; pass an integer of at least 0")
    scored = {start: score(start)}
    course = [start]
    for _ in range(rounds):
        for prompt in propose(scored):
            if prompt not in scored:
                scored[prompt] = score(prompt)
        course.append(max(scored, key=scored.get))
    return course, scored


def neighbours(scored):
    """Propose all prompts that differ from the best in one part: a stub of a language model that rewrites prompts.

    Parameters
    ----------
    scored : dict
        Prompts, tuples of zeros and ones, with their scores; at least one.

    Returns
    -------
    list of tuple
        As many as there are parts.

    Examples
    --------
    >>> from code_examples.prompting.automatic_prompting import neighbours
    >>> neighbours({(0, 0, 0): 0.5, (0, 1, 0): 0.7})
    [(1, 1, 0), (0, 0, 0), (0, 1, 1)]
    """
    best = max(scored, key=scored.get)
    return [(*best[:i], 1 - best[i], *best[i + 1 :]) for i in range(len(best))]


def winners_curse(accuracies, n_items):
    """Return what the best score among candidates promises on average, and what it delivers.

    Parameters
    ----------
    accuracies : array_like, shape (n_candidates,)
        True accuracy of each candidate, from 0 to 1; at least one.
    n_items : int
        Items that each candidate is scored on, drawn anew for each; at least 1.

    Returns
    -------
    promised : float
        Mean score of the candidate with the best score; of equals the first.
    delivered : float
        Mean true accuracy of that candidate.

    Raises
    ------
    ValueError
        If there is no candidate, an accuracy is not from 0 to 1, or `n_items` is not an integer of at least 1.

    Notes
    -----
    Exact: the scores are binomial and independent. Candidates scored on the same items are less independent, and the
    promise then exceeds the delivery by less.

    Examples
    --------
    Two coins, one throw each: the better one shows heads in three of four cases, and is still a coin.

    >>> from code_examples.prompting.automatic_prompting import winners_curse
    >>> winners_curse([0.5, 0.5], 1)
    (0.75, 0.5)
    >>> [round(share, 12) for share in winners_curse([0.7], 20)]
    [0.7, 0.7]
    """
    p = np.asarray(accuracies, dtype=float)
    if p.ndim != 1 or not p.size or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("accuracies must be a row of at least one number from 0 to 1")
    if not isinstance(n_items, int | np.integer) or n_items < 1:
        raise ValueError(f"n_items is {n_items}; pass an integer of at least 1")
    each = np.zeros((p.size, n_items + 1))  # the probability of so many right answers
    each[:, 0] = 1
    for _ in range(n_items):
        each[:, 1:] = each[:, 1:] * (1 - p[:, None]) + each[:, :-1] * p[:, None]
        each[:, 0] *= 1 - p
    at_most = each.cumsum(axis=1)
    below = np.hstack([np.zeros((p.size, 1)), at_most[:, :-1]])
    wins = np.empty_like(each)  # the probability that this candidate wins with this score
    for i in range(p.size):
        wins[i] = each[i] * below[:i].prod(axis=0) * at_most[i + 1 :].prod(axis=0)
    return float(wins.sum(axis=0) @ np.arange(n_items + 1) / n_items), float(wins.sum(axis=1) @ p)
