"""BLEU: clipped n-gram precisions of a whole corpus, their geometric mean, and a penalty for being short.

Accompanies ``docs/evaluation/bleu.md``, whose names it follows.
"""

import math
import re
from collections import Counter

_RULES = (  # in this order
    (re.compile(r"""([!"#$%&()*+/:;<=>?@\[\\\]^_`{|}~])"""), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def tokenize(text):
    """Split a text into words and punctuation marks as the Conference on Machine Translation does ("13a").

    Parameters
    ----------
    text : str
        Plain text in a language that separates words by spaces.

    Returns
    -------
    list of str
        Its tokens. Case is kept; apostrophes and hyphens stay within words; points and commas within numbers.

    Notes
    -----
    The rules of ``mteval-v13a`` as in [1]_, without its treatment of markup such as ``&amp;``.

    References
    ----------
    .. [1] M. Post et al., "sacreBLEU," tokenizer_re.py.

    Examples
    --------
    >>> from code_examples.evaluation.bleu import tokenize
    >>> tokenize("It's 1,250.5 km, isn't it?")
    ["It's", '1,250.5', 'km', ',', "isn't", 'it', '?']
    >>> tokenize("(A 3-day, well-paid job.)")
    ['(', 'A', '3', '-', 'day', ',', 'well-paid', 'job', '.', ')']
    """
    text = f" {text} "
    for rule, replacement in _RULES:
        text = rule.sub(replacement, text)
    return text.split()


def clipped_matches(hypotheses, references, n):
    """Count the n-grams of a corpus, and those that its references allow.

    Parameters
    ----------
    hypotheses : sequence of sequence of str
        The tokens of each output.
    references : sequence of sequence of sequence of str
        For each output one or more references, each as tokens.
    n : int
        How many tokens make an n-gram, at least 1.

    Returns
    -------
    tuple of int
        Matches and n-grams, each summed over the corpus. An n-gram matches at most as often as it stands in the
        reference that holds it most often.

    Raises
    ------
    ValueError
        If a text is a string rather than tokens, an output has no reference, there is no output, or `n` is no
        integer of at least 1.

    Notes
    -----
    Taking the smaller of two counts is called clipping [1]_.

    References
    ----------
    .. [1] K. Papineni et al., "Bleu: a Method for Automatic Evaluation of Machine Translation," 2002.

    Examples
    --------
    Seven times the same word, of which a reference holds two.

    >>> from code_examples.evaluation.bleu import clipped_matches
    >>> reference = "the cat is on the mat".split()
    >>> clipped_matches([["the"] * 7], [[reference]], 1)
    (2, 7)

    A text shorter than n has no n-grams.

    >>> clipped_matches([["the", "cat"]], [[reference]], 3)
    (0, 0)
    """
    _check(hypotheses, references)
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"n is {n}; pass an integer of at least 1")
    matches = total = 0
    for hypothesis, its_references in zip(hypotheses, references, strict=True):
        found, allowed = _ngrams(hypothesis, n), Counter()
        for reference in its_references:
            allowed |= _ngrams(reference, n)  # the larger count
        matches += (found & allowed).total()  # the smaller count
        total += found.total()
    return matches, total


def brevity_penalty(length, reference_length):
    """Return the factor that lowers the score of outputs shorter than their references.

    Parameters
    ----------
    length, reference_length : int
        Tokens of all outputs, and of the references that they are measured by; 0 or more.

    Returns
    -------
    float
        Dimensionless, from 0 to 1; 1 for outputs that are as long as their references, or longer.

    Raises
    ------
    ValueError
        If a length is negative.

    Notes
    -----
    From [1]_, as [2]_ computes it.

    References
    ----------
    .. [1] K. Papineni et al., "Bleu: a Method for Automatic Evaluation of Machine Translation," 2002.
    .. [2] M. Post et al., "sacreBLEU," metrics/bleu.py.

    Examples
    --------
    >>> from code_examples.evaluation.bleu import brevity_penalty
    >>> round(brevity_penalty(4, 6), 4)  # e to the minus one half
    0.6065
    >>> brevity_penalty(6, 6), brevity_penalty(9, 6), brevity_penalty(0, 6)
    (1.0, 1.0, 0.0)
    """
    if length < 0 or reference_length < 0:
        raise ValueError(f"the lengths are {length} and {reference_length}; pass numbers of tokens, 0 or more")
    if length >= reference_length:
        return 1.0
    return math.exp(1 - reference_length / length) if length else 0.0


def bleu(hypotheses, references, smoothing="exp", effective_order=False):
    """Return the BLEU score of a corpus, from 0 to 100.

    Parameters
    ----------
    hypotheses : sequence of sequence of str
        The tokens of each output.
    references : sequence of sequence of sequence of str
        For each output one or more references, each as tokens.
    smoothing : {"exp", "none"}, default "exp"
        What stands for a precision without any match. "exp": half a match for the first such n, a quarter for the
        next, and so on. "none": zero, which makes the score zero.
    effective_order : bool, default False
        Leave out the n for which the outputs are too short. Meant for single sentences.

    Returns
    -------
    float
        Dimensionless. 0 where not even a word matches.

    Raises
    ------
    ValueError
        If `clipped_matches` refuses the texts, or `smoothing` is unknown.

    Notes
    -----
    Equal to [2]_ with the tokens as given. Of several references the one closest in length counts for the penalty,
    of two equally close the shorter.

    References
    ----------
    .. [1] K. Papineni et al., "Bleu: a Method for Automatic Evaluation of Machine Translation," 2002.
    .. [2] M. Post et al., "sacreBLEU," metrics/bleu.py.

    Examples
    --------
    Five of six words, three of five pairs, two of four triples, one of three quadruples: a twelfth in all.

    >>> from code_examples.evaluation.bleu import bleu
    >>> score = bleu(["the cat is on a mat".split()], [["the cat is on the mat".split()]])
    >>> round((score / 100) ** 4, 6), round(score, 2)
    (0.083333, 53.73)

    Without a matching quadruple, half a match is counted, or the score is zero.

    >>> sat = ["the cat sat on the mat".split()], [["the cat is on the mat".split()]]
    >>> round((bleu(*sat) / 100) ** 4 * 48, 6), bleu(*sat, smoothing="none")
    (1.0, 0.0)
    """
    _check(hypotheses, references)
    if smoothing not in ("exp", "none"):
        raise ValueError(f"smoothing is {smoothing!r}; pass 'exp' or 'none'")
    length = sum(map(len, hypotheses))
    reference_length = sum(
        min((abs(len(reference) - len(hypothesis)), len(reference)) for reference in its_references)[1]
        for hypothesis, its_references in zip(hypotheses, references, strict=True)
    )
    credit, logs = 1.0, []
    for n in range(1, 5):
        matches, total = clipped_matches(hypotheses, references, n)
        if total == 0 and effective_order and n > 1:
            break
        if total == 0 or (matches == 0 and (n == 1 or smoothing == "none")):
            return 0.0
        if matches == 0:
            credit /= 2
        logs.append(math.log((matches or credit) / total))
    return 100 * brevity_penalty(length, reference_length) * math.exp(sum(logs) / len(logs))


def _ngrams(tokens, n):
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def _check(hypotheses, references):
    if not len(hypotheses) == len(references) > 0:
        raise ValueError(
            f"there are {len(hypotheses)} outputs and references for {len(references)}; pass as many, at least one"
        )
    for hypothesis, its_references in zip(hypotheses, references, strict=True):
        if isinstance(its_references, str) or not len(its_references):
            raise ValueError("an output has no list of references; pass one with at least one reference")
        if any(isinstance(text, str) for text in (hypothesis, *its_references)):
            raise ValueError("a text is a string; pass its tokens, as tokenize() returns them")
