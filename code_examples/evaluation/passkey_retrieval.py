"""Passkey retrieval: prompts that hide a number in filler, and readers that pass or fail without understanding.

Accompanies ``docs/evaluation/passkey-retrieval.md``, whose names it follows. The readers are no language models.
"""

import re

from code_examples.evaluation.needle_in_a_haystack import haystack

_TASK = "Important facts are hidden in a long text that does not matter. Find them and remember them."
_FILLER = ("The rain is cold.", "The road is long.", "The lamp is bright.", "On we walk.", "And home again.")


def passkey_prompt(secrets, asked, length, depths):
    """Return a text that holds secrets, and ends in a question for one of them.

    Parameters
    ----------
    secrets : dict of str to (int or str)
        For each name the number that is its pass key, or the name of another secret whose key it shares.
    asked : str
        The name in the question.
    length : int
        Words of filler and secrets together, not exceeded.
    depths : sequence of float, length n_secrets
        For each secret, in the order of the dict, the share of the filler before it, from 0 to 1.

    Returns
    -------
    str
        Task, filler with the secrets, and the beginning of the answer.

    Raises
    ------
    ValueError
        If `asked` is no name of a secret, there is not one depth for each, or `haystack` refuses.

    Notes
    -----
    The form of the prompt is that of [1]_, which hides a single number.

    References
    ----------
    .. [1] A. Mohtashami and M. Jaggi, "Landmark Attention," llama/run_test.py.

    Examples
    --------
    >>> from code_examples.evaluation.passkey_retrieval import passkey_prompt
    >>> text = passkey_prompt({"red": 417}, "red", length=22, depths=[0.5])
    >>> text.split(chr(10))[1]
    'The rain is cold. The red pass key is 417. Remember it. 417 is the red pass key. The road is long.'
    >>> text.split(chr(10))[2]
    'What is the red pass key? The red pass key is'

    A secret may name another one.

    >>> passkey_prompt({"red": "blue"}, "red", length=11, depths=[0]).split(chr(10))[1]
    'The red pass key is the blue pass key. Remember it.'
    """
    if asked not in secrets or len(depths) != len(secrets):
        raise ValueError(
            f"{asked!r} is asked of {len(secrets)} secrets at {len(depths)} depths; pass one depth for each"
        )
    lines = (
        f"The {name} pass key is the {key} pass key. Remember it."
        if isinstance(key, str)
        else f"The {name} pass key is {key}. Remember it. {key} is the {name} pass key."
        for name, key in secrets.items()
    )
    text = haystack(_FILLER, length, [(depth, next(lines)) for depth in depths])
    return "\n".join([_TASK, " ".join(text), f"What is the {asked} pass key? The {asked} pass key is"])


def first_number(prompt):
    """Answer with the first number of the prompt, whatever was asked.

    Parameters
    ----------
    prompt : str
        From `passkey_prompt`.

    Returns
    -------
    str
        Digits; empty if there are none.

    Examples
    --------
    >>> from code_examples.evaluation.passkey_retrieval import first_number
    >>> first_number("It rains. The key is 417, not 5. What is the key? The key is")
    '417'
    >>> first_number("The key is")
    ''
    """
    found = re.search(r"\d+", prompt)
    return found[0] if found else ""


def copy_after(prompt, n):
    """Answer with the word that followed the last n words of the prompt where they stood before, as induction does.

    Parameters
    ----------
    prompt : str
        From `passkey_prompt`.
    n : int
        How many words are compared, at least 1.

    Returns
    -------
    str
        The word after the latest earlier place, without punctuation; empty if there is no such place.

    Raises
    ------
    ValueError
        If `n` is below 1.

    Examples
    --------
    >>> from code_examples.evaluation.passkey_retrieval import copy_after
    >>> two = "The red key is 4. The blue key is 7. The red key is"
    >>> copy_after(two, 2), copy_after(two, 3)
    ('7', '4')
    >>> copy_after(two, 5)
    ''
    """
    if n < 1:
        raise ValueError(f"n is {n}; pass at least 1")
    words = re.findall(r"\w+", prompt)
    for start in range(len(words) - n - 1, -1, -1):
        if words[start : start + n] == words[-n:]:
            return words[start + n]
    return ""
