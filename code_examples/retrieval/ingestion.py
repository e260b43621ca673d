"""Ingestion: what printing and extraction do to a text, and the repairs that give it back.

Accompanies ``docs/retrieval/ingestion.md``, whose names it follows: pages are lists of lines, as extracted from a PDF.
"""

import re
from collections import Counter
from itertools import pairwise, zip_longest

LIGATURES = {"ffi": "\ufb03", "ffl": "\ufb04", "ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02"}


def typeset(paragraphs, header, width=40, length=24):
    r"""Return the pages that a plain extraction gives back when paragraphs were typeset and printed to a PDF.

    Parameters
    ----------
    paragraphs : sequence of str
        Text to be set, an empty line after each paragraph.
    header : str
        What stands at the top of every page; at the foot stands "page 1 of 2".
    width : int, default 40
        Most signs of a line, at least 20. Words are broken once, at their own hyphen, or else, from six small letters
        on, by an added one; three letters at least stay on each side of it. What cannot be broken may be longer.
    length : int, default 24
        Lines of text on a page, at least 1.

    Returns
    -------
    list of list of str
        Lines of each page, with ff, fi, fl, ffi and ffl as single signs, as fonts have them.

    Raises
    ------
    ValueError
        If `paragraphs` is a single text, `width` is below 20 or `length` below 1.

    Examples
    --------
    >>> from code_examples.retrieval.ingestion import typeset
    >>> typeset(["Search every catalogue of long-term memory."], "Manual", width=20)
    [['Manual', 'Search every catalo-', 'gue of long-term', 'memory.', '', 'page 1 of 1']]
    >>> typeset(["Search for the long-term memory."], "Manual", width=20, length=2)
    [['Manual', 'Search for the long-', 'term memory.', 'page 1 of 2'], ['Manual', '', 'page 2 of 2']]
    >>> ascii(typeset(["an office"], "Manual")[0][1])
    "'an o\\ufb03ce'"
    """
    if isinstance(paragraphs, str):
        raise ValueError("paragraphs is one text; pass a list of paragraphs")
    if width < 20 or length < 1:
        raise ValueError(f"width is {width} and length {length}; pass at least 20 signs and 1 line")
    lines = [_ligate(line) for paragraph in paragraphs for line in (*_wrap(paragraph, width), "")]
    pages = [lines[start : start + length] for start in range(0, len(lines), length)]
    return [[_ligate(header), *page, f"page {i} of {len(pages)}"] for i, page in enumerate(pages, 1)]


def remove_furniture(pages):
    """Return the pages without first and last lines that come back on more than half of them.

    Parameters
    ----------
    pages : sequence of list of str
        Lines of each page.

    Returns
    -------
    list of list of str
        The same pages; lines count as the same if they differ in numbers alone. Nothing is taken from a single page,
        where nothing can come back.

    Raises
    ------
    ValueError
        If a page is a single text.

    Examples
    --------
    >>> from code_examples.retrieval.ingestion import remove_furniture
    >>> remove_furniture([["Manual", "one", "page 9"], ["Manual", "two", "page 10"], ["Manual", "three", "The end."]])
    [['one'], ['two'], ['three', 'The end.']]
    >>> remove_furniture([["Manual", "one"]])
    [['Manual', 'one']]
    """
    for page in pages:
        _check_lines(page)
    top = Counter(_shape(page[0]) for page in pages if page)
    foot = Counter(_shape(page[-1]) for page in pages if page)
    limit = max(len(pages) / 2, 1)
    kept = []
    for page in pages:
        first = 1 if page and top[_shape(page[0])] > limit else 0
        last = len(page) - 1 if page and foot[_shape(page[-1])] > limit else len(page)
        kept.append(page[first:last])
    return kept


def read_columns(page):
    """Return the lines of a page in columns, one column after the other.

    Parameters
    ----------
    page : sequence of str
        Lines that keep their places, as an extraction by layout gives them: spaces fill what is empty.

    Returns
    -------
    list of str
        The lines of the first column, then those of the next, without spaces at their ends. Two empty places side by
        side, the same in every line, part columns; where none are, the page has one column.

    Raises
    ------
    ValueError
        If `page` is a single text.

    Notes
    -----
    One line across the page, such as a title, hides what parts the columns: take it out first. A table has columns,
    too, and is torn apart: this reads all names first and all numbers after them.

    Examples
    --------
    >>> from code_examples.retrieval.ingestion import read_columns
    >>> read_columns(["A page     columns.", "in two     Read", "           down."])
    ['A page', 'in two', '', 'columns.', 'Read', 'down.']
    >>> read_columns(["One column", "of text"])
    ['One column', 'of text']
    """
    _check_lines(page)
    ink = "".join(max(signs) for signs in zip_longest(*page, fillvalue=" "))  # a space is below every other sign
    starts = [0, *(gap.end() for gap in re.finditer(r"(?<=\S)  +(?=\S)", ink)), None]
    return [line[start:end].rstrip() for start, end in pairwise(starts) for line in page]


def expand_ligatures(text):
    r"""Return the text with the letters ff, fi, fl, ffi and ffl in place of the single signs for them.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Everything else as it was; Unicode's form NFKC would also turn a raised 2 into a plain one.

    Examples
    --------
    >>> from code_examples.retrieval.ingestion import expand_ligatures
    >>> expand_ligatures("\ufb01ne o\ufb03ce \ufb02ow, 10\u00b2")
    'fine office flow, 10²'
    """
    for letters, sign in LIGATURES.items():
        text = text.replace(sign, letters)
    return text


def known_words(text):
    r"""Return the words of a text, compounds with their hyphens, without what stands at the ends of hyphenated lines.

    Parameters
    ----------
    text : str
        Lines of text, the more the better.

    Returns
    -------
    set of str
        In lower case, of letters of any script.

    Examples
    --------
    >>> from code_examples.retrieval.ingestion import known_words
    >>> sorted(known_words("The fine-tuning of mo-\ndels."))
    ['fine-tuning', 'of', 'the']
    """
    whole = re.sub(r"[\w-]+-\n\w+", " ", text.lower())
    return set(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", whole))


def join_hyphens(text, known=()):
    r"""Return the text with words that a line break has cut made whole.

    Parameters
    ----------
    text : str
        Lines of text.
    known : collection of str, default ()
        Words of the collection in lower case. A hyphen stays if the compound is known and the joined word is not;
        with no words, every hyphen at the end of a line goes.

    Returns
    -------
    str
        All other line breaks are left.

    Raises
    ------
    ValueError
        If `known` is a single text, in which parts of words would be found, too.

    Examples
    --------
    >>> from code_examples.retrieval.ingestion import join_hyphens
    >>> join_hyphens("Fine-\ntuning of mo-\ndels")
    'Finetuning of models'
    >>> join_hyphens("Fine-\ntuning of mo-\ndels", known={"fine-tuning"})
    'Fine-tuning of models'
    """
    if isinstance(known, str):
        raise ValueError("known is one text; pass its words, known_words(text)")

    def whole(match):
        joined, compound = match[1] + match[2], f"{match[1]}-{match[2]}"
        return compound if compound.lower() in known and joined.lower() not in known else joined

    return re.sub(r"([\w-]*\w)-\n(\w+)", whole, text)


def repair_mojibake(text):
    r"""Return the text with each word whose UTF-8 was read as Windows-1252 read rightly.

    Parameters
    ----------
    text : str
        Any text. Words end at spaces and line breaks.

    Returns
    -------
    str
        Words that are no such bytes are left, so right text stays as it is.

    Notes
    -----
    Each word is turned back into the bytes of Windows-1252, and these are read as UTF-8. Five bytes have no sign in
    Windows-1252, so words with them are left broken, and a right word such as "\u00df\u2014" happens to be valid UTF-8
    and is spoilt. The library ftfy has more cases and guards against that [1]_.

    References
    ----------
    .. [1] R. Speer, ftfy, documentation.

    Examples
    --------
    >>> from code_examples.retrieval.ingestion import repair_mojibake
    >>> repair_mojibake("a na\u00c3\u00afve caf\u00c3\u00a9 in Z\u00fcrich")
    'a naïve café in Zürich'
    """
    return re.sub(r"[^ \n]+", _reread, text)


def _reread(match):
    try:
        return match[0].encode("cp1252").decode("utf-8")
    except UnicodeError:
        return match[0]


def _check_lines(page):
    if isinstance(page, str):
        raise ValueError("a page is one text; pass its lines, text.splitlines()")


def _shape(line):
    """Return a line with every number replaced, so that page numbers do not tell lines apart."""
    return re.sub(r"\d+", "#", line.strip())


def _ligate(text):
    for letters, sign in LIGATURES.items():
        text = text.replace(letters, sign)
    return text


def _wrap(text, width):
    """Return lines of at most `width` signs, where words allow it."""
    lines = [""]
    for word in text.split():
        lead = " " if lines[-1] else ""
        room = width - len(lines[-1] + lead)
        hyphen = word.find("-") + 1
        if len(word) <= room:
            lines[-1] += lead + word
        elif 3 < hyphen <= room and re.fullmatch(r"[A-Za-z]+-[a-z].*", word):
            lines[-1] += lead + word[:hyphen]
            lines.append(word[hyphen:])
        elif room >= 4 and re.fullmatch(r"[a-z]{6,}", word):
            cut = min(room - 1, len(word) - 3)
            lines[-1] += lead + word[:cut] + "-"
            lines.append(word[cut:])
        else:
            lines.append(word)
    return [line for line in lines if line]
