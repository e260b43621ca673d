"""Needle in a haystack: a generator with controls, and a reader without understanding to try it on.

Accompanies ``docs/evaluation/needle-in-a-haystack.md``, whose names it follows. The reader is no language model: it
counts words that question and sentence share, so that what its map shows is known beforehand.
"""

from functools import lru_cache

import numpy as np

from code_examples.shared.corpus import tokens

_EMPTY_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "has",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "the",
        "to",
        "was",
        "what",
        "when",
        "where",
        "which",
        "who",
    ]
)


def haystack(filler, length, planted=()):
    """Return filler sentences with other sentences planted at chosen depths.

    Parameters
    ----------
    filler : sequence of str
        Sentences, each with at least one word; repeated from the start when they run out.
    length : int
        Words of the whole text, planted ones included, that are not exceeded.
    planted : iterable of (float, str)
        Depth and sentence: the needle, distractors, several needles, or nothing. At depth 0 a sentence stands
        first, at depth 1 last; between, after the last filler sentence that ends within this share of the filler's
        words. Those of one depth keep their order.

    Returns
    -------
    list of str
        Sentences.

    Raises
    ------
    ValueError
        If there is no filler, a sentence has no word, a depth is outside 0 to 1, or `length` is too small for what
        is planted.

    Notes
    -----
    As in [1]_, a sentence is planted at a break between two others, and the filler makes room for it.

    References
    ----------
    .. [1] G. Kamradt, "Needle In A Haystack," llm_needle_haystack_tester.py.

    Examples
    --------
    Room for three sentences of filler, of which one ends within half of its words.

    >>> from code_examples.evaluation.needle_in_a_haystack import haystack
    >>> haystack(["It rains.", "We wait here."], 10, [(0.5, "Ann sings.")])
    ['It rains.', 'Ann sings.', 'We wait here.', 'It rains.']
    >>> haystack(["It rains."], 5)
    ['It rains.', 'It rains.']
    """
    planted = sorted(planted, key=lambda some: some[0])
    if not len(filler) or not all(_words(text) for text in [*filler, *(text for _, text in planted)]):
        raise ValueError("there is no filler, or a sentence has no word; pass sentences of at least one word")
    if not all(0 <= depth <= 1 for depth, _ in planted):
        raise ValueError("a depth is outside 0 to 1; pass the share of the text before the sentence")
    room = length - sum(len(_words(text)) for _, text in planted)
    if room < 0:
        raise ValueError(f"length is {length}, too small for what is planted; pass at least {length - room}")
    ends, text = [0], []
    while ends[-1] + len(_words(following := filler[len(text) % len(filler)])) <= room:
        text.append(following)
        ends.append(ends[-1] + len(_words(following)))
    for depth, sentence in reversed(planted):
        text.insert(int(np.searchsorted(ends, depth * ends[-1] + 1e-9, side="right")) - 1, sentence)
    return text


def visible(sentences, first, last):
    """Return the sentences that lie wholly within the first or the last words of a text.

    Parameters
    ----------
    sentences : sequence of str
        The text.
    first, last : int
        How many words are seen from the start and from the end, 0 or more.

    Returns
    -------
    list of str
        The sentences seen, in their order: all of them, if the text is short enough.

    Raises
    ------
    ValueError
        If `first` or `last` is negative.

    Examples
    --------
    >>> from code_examples.evaluation.needle_in_a_haystack import visible
    >>> visible(["It rains.", "We wait here.", "It rains again."], first=4, last=3)
    ['It rains.', 'It rains again.']
    >>> visible(["It rains."], first=0, last=0)
    []
    """
    if first < 0 or last < 0:
        raise ValueError(f"first is {first} and last is {last}; pass numbers of words, 0 or more")
    ends = np.cumsum([0, *(len(_words(text)) for text in sentences)])
    seen = (ends[1:] <= first) | (ends[:-1] >= ends[-1] - last)
    return [text for text, shown in zip(sentences, seen, strict=True) if shown]


def match(sentences, question):
    """Answer a question by the sentence that shares most words with it: a reader that understands nothing.

    Parameters
    ----------
    sentences : sequence of str
        The text.
    question : str
        Words such as "the" and "who" do not count.

    Returns
    -------
    str
        The sentence with the most different words of the question, the first of equals; empty if none has any.

    Examples
    --------
    >>> from code_examples.evaluation.needle_in_a_haystack import match
    >>> match(["It rains.", "Ann sings in Rome.", "Bo sings."], "Who sings in Rome?")
    'Ann sings in Rome.'
    >>> match(["It rains."], "Who is it?")
    ''
    """
    asked = set(_words(question)) - _EMPTY_WORDS
    shared = [len(asked.intersection(_words(text))) for text in sentences]
    return sentences[int(np.argmax(shared))] if any(shared) else ""


def needle_map(reader, filler, needle, question, answer, lengths, depths, distractors=()):
    """Return for each depth and length whether a reader finds the needle.

    Parameters
    ----------
    reader : callable
        Takes the sentences of a text and the question, returns its reply as a str.
    filler : sequence of str
        As in `haystack`.
    needle, question, answer : str
        What is planted, what is asked, and the word that a right reply must hold.
    lengths : sequence of int, length n_lengths
        Words of the texts.
    depths : sequence of float, length n_depths
        From 0 to 1.
    distractors : iterable of (float, str)
        Further sentences, planted in every text.

    Returns
    -------
    ndarray of bool, shape (n_depths, n_lengths)
        Whether the words of the reply include `answer`, in any case.

    Raises
    ------
    ValueError
        If `haystack` refuses, or `answer` is not one word.

    Examples
    --------
    A reader that always says the last sentence finds the needle only there.

    >>> from code_examples.evaluation.needle_in_a_haystack import needle_map
    >>> last = lambda sentences, question: sentences[-1]
    >>> needle_map(last, ["It rains."], "Ann sings.", "Who sings?", "ann", [8, 9, 4], [0.5, 1]).tolist()
    [[False, False, False], [True, True, True]]
    """
    if len(_words(answer)) != 1:
        raise ValueError(f"answer is {answer!r}; pass one word")
    found = [
        [
            _words(answer)[0] in _words(reader(haystack(filler, length, [(depth, needle), *distractors]), question))
            for length in lengths
        ]
        for depth in depths
    ]
    return np.array(found)


@lru_cache(maxsize=4096)  # the same sentences stand in every text of a map
def _words(text):
    return tuple(tokens(text))
