"""Byte-level byte-pair encoding: text into token ids and back, without loss.

Accompanies ``docs/foundations/tokenization.md``, whose names it follows: merges, pieces, ids.
Ids 0 to 255 are the bytes, id 256 + i is what merge i made, special tokens come last.
"""

import re
from collections import Counter
from itertools import pairwise

N_BYTES = 256
WORDS = re.compile(r" ?[^\W\d_]+| ?\d+| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s+")


def split_pieces(data):
    r"""Split data into the pieces that no merge may cross.

    Parameters
    ----------
    data : str or bytes
        Any text or any bytes. Text is encoded as UTF-8.

    Returns
    -------
    list of bytes
        Runs of letters, of digits, of other signs, each with one space before it, and runs of
        whitespace. Joined they are `data` again.

    Raises
    ------
    ValueError
        If `data` is neither text nor bytes, or is text that UTF-8 cannot hold (a lone surrogate).

    Notes
    -----
    The pattern of GPT-2 in [1]_ without its English endings ('s, 't), in the dialect of ``re``.

    References
    ----------
    .. [1] OpenAI, tiktoken, ``tiktoken_ext/openai_public.py``, encoding "gpt2".

    Examples
    --------
    >>> from code_examples.foundations.tokenization import split_pieces
    >>> split_pieces("My 2 cats!")
    [b'My', b' 2', b' cats', b'!']
    >>> split_pieces(b"")
    []
    """
    # A byte that is no UTF-8 travels as a surrogate and comes back as the same byte.
    text = _as_bytes(data).decode("utf-8", "surrogateescape")
    return [piece.encode("utf-8", "surrogateescape") for piece in WORDS.findall(text)]


def train_bpe(data, n_merges):
    """Learn which neighbouring tokens to merge, the most frequent pair first.

    Parameters
    ----------
    data : str or bytes
        The training text.
    n_merges : int
        How many merges to learn, from 0 on. Fewer are returned if no pair is left that occurs
        twice.

    Returns
    -------
    list of (int, int)
        The merged pairs in the order in which they were learned; pair i becomes token 256 + i.

    Raises
    ------
    ValueError
        If `n_merges` is negative, or `data` is not text or bytes.

    Notes
    -----
    Section 3.2 of [1]_, on bytes instead of characters. Every place where two tokens are
    neighbours counts, even if two such places overlap: "aaa" holds the pair "aa" twice, although
    only one of the two can be merged. Of pairs that are equally frequent, the one with the
    smallest ids is taken, so that the result depends on nothing but the text.

    References
    ----------
    .. [1] R. Sennrich, B. Haddow and A. Birch, "Neural machine translation of rare words with
       subword units," ACL 2016.

    Examples
    --------
    "ab" and "bc" occur twice each, and a (97) is smaller than b (98); then "ab" with "c" (99).

    >>> from code_examples.foundations.tokenization import train_bpe
    >>> train_bpe("abcabc", 10)
    [(97, 98), (256, 99)]

    Nothing occurs twice, so nothing is learned.

    >>> train_bpe("abc", 10)
    []

    Two pairs that overlap are two; what is left of them, "aa" and "a", occurs once.

    >>> train_bpe("aaa", 10)
    [(97, 97)]
    """
    if n_merges < 0:
        raise ValueError(f"n_merges is {n_merges}; pass 0 or more")
    words = Counter(split_pieces(data))  # bytes are sequences of ids
    merges = []
    while len(merges) < n_merges:
        counts = Counter()
        for word, frequency in words.items():
            for pair in pairwise(word):
                counts[pair] += frequency
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if best is None or counts[best] < 2:
            break
        new = N_BYTES + len(merges)
        merges.append(best)
        words = {tuple(merge(word, best, new)): n for word, n in words.items()}
    return merges


def merge(ids, pair, new):
    """Replace each occurrence of a pair by one token, from left to right.

    Parameters
    ----------
    ids : sequence of int
        Token ids.
    pair : (int, int)
        The neighbours to replace.
    new : int
        The id that replaces them.

    Returns
    -------
    list of int
        The shorter sequence.

    Examples
    --------
    Of three equal tokens the first two are merged.

    >>> from code_examples.foundations.tokenization import merge
    >>> merge([7, 7, 7], (7, 7), 256)
    [256, 7]
    """
    merged, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == tuple(pair):
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def encode(data, merges, special=()):
    """Turn text or bytes into token ids.

    Parameters
    ----------
    data : str or bytes
        What to encode. Any bytes will do.
    merges : sequence of (int, int)
        From `train_bpe`.
    special : sequence of str, default ()
        Special tokens that `data` may hold, non-empty and all different. Token i of them has the
        id ``256 + len(merges) + i``. Leave it empty for text from outside: then the same
        characters are ordinary text.

    Returns
    -------
    list of int
        The ids.

    Raises
    ------
    ValueError
        If `data` is not text or bytes, or `special` is a single string, or holds an empty or a
        repeated one.

    Notes
    -----
    In each piece the pair that was learned first is merged, everywhere, until none is left, as
    in ``bpe_encode`` of [1]_.

    References
    ----------
    .. [1] OpenAI, tiktoken, ``tiktoken/_educational.py``.

    Examples
    --------
    >>> from code_examples.foundations.tokenization import encode, train_bpe
    >>> merges = train_bpe("abcabc", 10)
    >>> encode("abcab", merges)
    [257, 256]

    Without merges every byte is a token; the euro sign has three.

    >>> encode("€", [])
    [226, 130, 172]
    """
    if isinstance(special, str) or not all(special) or len(set(special)) < len(special):
        raise ValueError(f"special is {special!r}; pass a list of different, non-empty strings")
    ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
    data = _as_bytes(data)
    parts, marks = [data], {}
    if special:
        marks = {mark.encode("utf-8"): N_BYTES + len(ranks) + i for i, mark in enumerate(special)}
        longer_first = sorted(marks, reverse=True)  # a mark stands before all that are its beginning
        parts = re.split(b"(" + b"|".join(map(re.escape, longer_first)) + b")", data)
    ids = []
    for part in parts:
        if part in marks:
            ids.append(marks[part])
        else:
            for piece in split_pieces(part):
                ids += _encode_piece(piece, ranks)
    return ids


def decode(ids, merges, special=()):
    r"""Turn token ids back into bytes.

    Parameters
    ----------
    ids : sequence of int
        Token ids, in any order.
    merges : sequence of (int, int)
        From `train_bpe`.
    special : sequence of str, default ()
        The special tokens, as in `encode`.

    Returns
    -------
    bytes
        The bytes of the tokens, one after the other. A single token need not be valid UTF-8.

    Raises
    ------
    ValueError
        If an id is in no vocabulary.

    Examples
    --------
    >>> from code_examples.foundations.tokenization import decode, train_bpe
    >>> decode([257, 256], train_bpe("abcabc", 10)).decode()
    'abcab'

    The first byte of a euro sign alone is no text.

    >>> decode([226], [])
    b'\xe2'
    """
    table = vocabulary(merges, special)
    for i in ids:
        if not 0 <= i < len(table):
            raise ValueError(f"id {i} is in no vocabulary; pass ids from 0 to {len(table) - 1}")
    return b"".join(table[i] for i in ids)


def vocabulary(merges, special=()):
    r"""List the bytes that each token stands for.

    Parameters
    ----------
    merges : sequence of (int, int)
        From `train_bpe`.
    special : sequence of str, default ()
        The special tokens, as in `encode`.

    Returns
    -------
    list of bytes
        The bytes of token i stand at place i.

    Examples
    --------
    >>> from code_examples.foundations.tokenization import vocabulary
    >>> vocabulary([(97, 98), (256, 99)], ["<end>"])[255:]
    [b'\xff', b'ab', b'abc', b'<end>']
    >>> len(vocabulary([]))
    256
    """
    table = [bytes([byte]) for byte in range(N_BYTES)]
    for left, right in merges:
        table.append(table[left] + table[right])
    return table + [mark.encode("utf-8") for mark in special]


def _encode_piece(piece, ranks):
    """Merge inside one piece, the pair that was learned first before all others."""
    ids = list(piece)
    while len(ids) > 1:
        pair = min(pairwise(ids), key=lambda pair: ranks.get(pair, len(ranks)))
        if pair not in ranks:
            break
        ids = merge(ids, pair, N_BYTES + ranks[pair])
    return ids


def _as_bytes(data):
    """Return the UTF-8 of text, and bytes as they are."""
    if isinstance(data, bytes):
        return data
    if not isinstance(data, str):
        raise ValueError(f"data is a {type(data).__name__}; pass text (str) or bytes")
    try:
        return data.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("the text holds a lone surrogate; pass valid Unicode, or bytes") from error
