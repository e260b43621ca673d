"""Chunking: a document cut into passages, by paragraph, by number of words, by sentence or by heading.

Accompanies ``docs/retrieval/chunking.md``, whose names it follows: size and overlap, both in words.
Words are what spaces separate, as a reader counts them. Headings belong to no passage.
"""

import re
from dataclasses import dataclass
from numbers import Integral

SENTENCE_END = re.compile(r"(?<=[.?!]) (?=[A-Z0-9])")


@dataclass(frozen=True)
class Chunk:
    """A passage, and where it came from.

    Parameters
    ----------
    document : str
        The name of its document.
    text : str
        Its words.

    Examples
    --------
    >>> from code_examples.retrieval.chunking import Chunk
    >>> Chunk("dpo", "It trains on pairs.").document
    'dpo'
    """

    document: str
    text: str


def chunk_paragraphs(documents):
    r"""Return every paragraph that is no heading as a chunk.

    Parameters
    ----------
    documents : iterable of Document
        With a name, and a text whose paragraphs are separated by empty lines; headings begin with ``## ``.

    Returns
    -------
    list of Chunk
        In the order of the documents; a chunk's place in the list is its id.

    Examples
    --------
    >>> from code_examples.retrieval.chunking import chunk_paragraphs
    >>> from code_examples.shared.corpus import Document
    >>> [c.text for c in chunk_paragraphs([Document("a", "A", "One two.\n\n## Three\n\nFour.")])]
    ['One two.', 'Four.']
    >>> chunk_paragraphs([Document("empty", "Empty", "")])
    []
    """
    return [Chunk(d.name, paragraph) for d in documents for section in _sections(d) for paragraph in section]


def chunk_headings(documents):
    r"""Return what stands before the first heading, and what stands under each, as chunks.

    Parameters
    ----------
    documents : iterable of Document
        As for `chunk_paragraphs`.

    Returns
    -------
    list of Chunk
        In the order of the documents; sections without text give none.

    Examples
    --------
    >>> from code_examples.retrieval.chunking import chunk_headings
    >>> from code_examples.shared.corpus import Document
    >>> [c.text for c in chunk_headings([Document("a", "A", "One.\n\nTwo.\n\n## Three\n\nFour.\n\n## Five")])]
    ['One. Two.', 'Four.']
    >>> [c.text for c in chunk_headings([Document("b", "B", "## Six\n\nSeven.")])]
    ['Seven.']
    """
    return [Chunk(d.name, " ".join(section)) for d in documents for section in _sections(d) if section]


def chunk_words(documents, size, overlap=0):
    """Return windows of so many words over each document, each sharing its first words with the one before.

    Parameters
    ----------
    documents : iterable of Document
        As for `chunk_paragraphs`. A window may begin or end in the middle of a sentence, and never spans documents.
    size : int
        Words of a window, at least 1; the last one of a document may have fewer.
    overlap : int, default 0
        How many words neighbouring windows share, from 0 to `size` - 1.

    Returns
    -------
    list of Chunk
        In the order of the documents.

    Raises
    ------
    ValueError
        If `size` is below 1, or `overlap` is not from 0 to `size` - 1.

    Notes
    -----
    A document of n words longer than a window gives the ceiling of (n - overlap) / (size - overlap) windows.

    Examples
    --------
    >>> from code_examples.retrieval.chunking import chunk_words
    >>> from code_examples.shared.corpus import Document
    >>> [c.text for c in chunk_words([Document("a", "A", "a b c d e f g h")], 4, overlap=1)]
    ['a b c d', 'd e f g', 'g h']

    No window holds only words that the one before it has.

    >>> [c.text for c in chunk_words([Document("a", "A", "a b c d e f g")], 4, overlap=1)]
    ['a b c d', 'd e f g']
    """
    _check(size)
    if not isinstance(overlap, Integral) or not 0 <= overlap < size:
        raise ValueError(f"overlap is {overlap}; pass an integer from 0 to size - 1, here {size - 1}")
    chunks = []
    for document in documents:
        words = _text(document).split()
        starts = range(0, max(len(words) - overlap, 1), size - overlap) if words else ()
        for start in starts:
            chunks.append(Chunk(document.name, " ".join(words[start : start + size])))
    return chunks


def chunk_sentences(documents, size):
    """Return runs of whole sentences, as many as fit into so many words.

    Parameters
    ----------
    documents : iterable of Document
        As for `chunk_paragraphs`. A sentence ends at a full stop, question mark or exclamation mark before a space
        and a capital letter or a digit.
    size : int
        The most words of a chunk, at least 1; a longer sentence is a chunk by itself.

    Returns
    -------
    list of Chunk
        In the order of the documents.

    Raises
    ------
    ValueError
        If `size` is below 1.

    Examples
    --------
    >>> from code_examples.retrieval.chunking import chunk_sentences
    >>> from code_examples.shared.corpus import Document
    >>> document = Document("a", "A", "One two. Three four five. Six? See et al. and so on.")
    >>> [c.text for c in chunk_sentences([document], 5)]
    ['One two. Three four five.', 'Six?', 'See et al. and so on.']
    """
    _check(size)
    chunks = []
    for document in documents:
        run = []
        for sentence in SENTENCE_END.split(_text(document)):
            words = sentence.split()
            if run and len(run) + len(words) > size:
                chunks.append(Chunk(document.name, " ".join(run)))
                run = []
            run += words
        if run:
            chunks.append(Chunk(document.name, " ".join(run)))
    return chunks


def relevant(chunks, query):
    """Return the ids of the chunks that hold the evidence of a query, whole.

    Parameters
    ----------
    chunks : sequence of Chunk
        What is searched.
    query : Query
        With an evidence.

    Returns
    -------
    list of int
        Places in `chunks`, ascending; none if every cut has split the evidence.

    Examples
    --------
    >>> from code_examples.retrieval.chunking import Chunk, relevant
    >>> from code_examples.shared.corpus import Query
    >>> chunks = [Chunk("a", "rates add"), Chunk("a", "add up to one"), Chunk("a", "all add up to one")]
    >>> relevant(chunks, Query("sum of the probabilities", "a", "add up to one"))
    [1, 2]
    """
    return [i for i, chunk in enumerate(chunks) if query.evidence in chunk.text]


def first_words(chunks, ranking, words):
    r"""Return the text that a limit of so many words lets through: the passages in their order, the last one cut.

    Parameters
    ----------
    chunks : sequence of Chunk
        What was searched.
    ranking : iterable of int
        Ids of chunks, best first.
    words : int
        How many words are handed over, at least 1.

    Returns
    -------
    str
        The passages, each on a line of its own, so that no evidence arises between two of them.

    Raises
    ------
    ValueError
        If `words` is below 1.

    Examples
    --------
    >>> from code_examples.retrieval.chunking import Chunk, first_words
    >>> first_words([Chunk("a", "one two"), Chunk("a", "three four five")], [1, 0], 4)
    'three four five\none'
    >>> first_words([Chunk("a", "one two"), Chunk("a", "three four five")], [1, 0], 3)
    'three four five'
    """
    _check(words, "words")
    lines = []
    for i in ranking:
        if words > 0:
            lines.append(" ".join(chunks[i].text.split()[:words]))
            words -= len(lines[-1].split())
    return "\n".join(lines)


def _sections(document):
    """Return the paragraphs before the first heading, and those under each heading, as lists."""
    sections = [[]]
    for paragraph in filter(None, document.text.split("\n\n")):
        if paragraph.startswith("## "):
            sections.append([])
        else:
            sections[-1].append(paragraph)
    return sections


def _text(document):
    """Return the text without its headings, in one line."""
    return " ".join(chunk.text for chunk in chunk_paragraphs([document]))


def _check(size, name="size"):
    if not isinstance(size, Integral) or size < 1:
        raise ValueError(f"{name} is {size}; pass an integer of at least 1")
