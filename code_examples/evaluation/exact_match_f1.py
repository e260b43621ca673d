"""Exact match and token F1 of an answer against gold answers, after the normalisation of SQuAD.

Accompanies ``docs/evaluation/exact-match-f1.md``, whose names it follows: prediction, answers.
"""

import re
import string
from collections import Counter


def normalize(text):
    """Return a text in the form in which SQuAD compares answers.

    Parameters
    ----------
    text : str
        An answer.

    Returns
    -------
    str
        In lower case, without ASCII punctuation, without the words a, an and the, words parted by one space.

    Raises
    ------
    ValueError
        If `text` is no string.

    Notes
    -----
    In this order, which matters: punctuation goes before articles, and leaves no space behind [1]_.

    References
    ----------
    .. [1] P. Rajpurkar et al., "SQuAD 2.0," evaluation script, 2018.

    Examples
    --------
    >>> from code_examples.evaluation.exact_match_f1 import normalize
    >>> normalize("The U.S.A., a well-known  country!")
    'usa wellknown country'
    >>> normalize("A")
    ''
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no text; pass a string")
    kept = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def exact_match(prediction, answers):
    """Return whether a prediction equals one of the gold answers after normalisation.

    Parameters
    ----------
    prediction : str
        What the system says.
    answers : sequence of str
        All gold answers, at least one; the empty text where the right answer is none.

    Returns
    -------
    bool
        True where they agree.

    Raises
    ------
    ValueError
        If `answers` is one string or empty, or something in it is no string.

    Notes
    -----
    The official scores are the shares and means over all questions, times 100 [1]_.

    References
    ----------
    .. [1] P. Rajpurkar et al., "SQuAD: 100,000+ questions for machine comprehension of text," 2016.

    Examples
    --------
    >>> from code_examples.evaluation.exact_match_f1 import exact_match
    >>> exact_match("A cat sat on a mat.", ["dog", "the cat sat on the mat"])
    True
    >>> exact_match("Barack Obama", ["President Barack Obama"])
    False
    """
    return normalize(prediction) in _gold(answers)


def token_f1(prediction, answers):
    """Return the F1 of the words that a prediction shares with the gold answer that fits best.

    Parameters
    ----------
    prediction : str
        What the system says.
    answers : sequence of str
        All gold answers, at least one; the empty text where the right answer is none.

    Returns
    -------
    float
        From 0 to 1. Where prediction or answer has no word left, 1 if neither has one and 0 otherwise.

    Raises
    ------
    ValueError
        If `answers` is one string or empty, or something in it is no string.

    Notes
    -----
    A word counts as often as it stands in both. Two empty texts agree, as in the script for SQuAD 2.0 [1]_; by that
    for version 1.1 they would get 0. As there, a gold answer without a word left is dropped where another has one.

    References
    ----------
    .. [1] P. Rajpurkar et al., "SQuAD 2.0," evaluation script, 2018.

    Examples
    --------
    Two of two words are right, and two of three are there: 2 * 2 / (2 + 3).

    >>> from code_examples.evaluation.exact_match_f1 import token_f1
    >>> token_f1("Barack Obama", ["Michelle", "President Barack Obama"])
    0.8
    >>> token_f1("Paris", ["Rome"]), token_f1("the", [""])
    (0.0, 1.0)
    """
    said = normalize(prediction).split()
    return max(_overlap(said, answer.split()) for answer in _gold(answers))


def _gold(answers):
    if isinstance(answers, str) or not len(answers):
        raise ValueError(f"answers are {answers!r}; pass a list of at least one string, [''] where there is no answer")
    return [text for text in map(normalize, answers) if text] or [""]


def _overlap(said, gold):
    if not said and not gold:
        return 1.0
    return 2 * (Counter(said) & Counter(gold)).total() / (len(said) + len(gold))
