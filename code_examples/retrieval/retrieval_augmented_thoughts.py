"""The control flow of retrieval-augmented thoughts: a draft of steps, then each step revised with its own search.

Accompanies ``docs/retrieval/retrieval-augmented-thoughts.md``, whose names it follows: task, draft, steps, query.
Model and search are arguments, so that a stub can show what is called when.
"""


def retrieval_augmented_thoughts(task, model, search):
    """Return an answer whose every step was revised with passages found for it.

    Parameters
    ----------
    task : str
        What is asked.
    model : callable
        ``model("draft", task)`` returns the steps of an answer, a sequence of at least one str, from the task alone.
        ``model("query", (task, steps))`` returns a search query, a str, for the last of the steps.
        ``model("revise", (task, steps, passages))`` returns the revised steps, as many as it was given.
        ``model("answer", (task, steps))`` returns the answer.
    search : callable
        ``search(query)`` returns passages.

    Returns
    -------
    object
        What the model answers.

    Raises
    ------
    ValueError
        If the draft has no step, is one text, or a revision returns more or fewer steps than it was given.

    Notes
    -----
    Algorithm 1 of [1]_: the steps given are those revised before and the next of the draft, so that a later step
    never influences the search for an earlier one. A revision may change earlier steps as well.

    References
    ----------
    .. [1] Z. Wang et al., "RAT: Retrieval augmented thoughts elicit context-aware reasoning in long-horizon
       generation," 2024, Section 2.2.

    Examples
    --------
    A model that drafts two letters, searches for all that it has, and puts what was found behind the last.

    >>> from code_examples.retrieval.retrieval_augmented_thoughts import retrieval_augmented_thoughts
    >>> def model(task, given):
    ...     if task == "draft":
    ...         return ["a", "b"]
    ...     if task == "revise":
    ...         return given[1][:-1] + [given[1][-1] + given[2][0]]
    ...     return " ".join(given[1])
    >>> retrieval_augmented_thoughts("?", model, lambda query: [f"({query})"])
    'a(a) b(a(a) b)'
    """
    draft = model("draft", task)
    if isinstance(draft, str) or not draft:
        raise ValueError(f"the draft is {draft!r}; let the model return a list of at least one step")
    steps = []
    for i, step in enumerate(draft, start=1):
        query = model("query", (task, [*steps, step]))
        steps = list(model("revise", (task, [*steps, step], search(query))))
        if len(steps) != i:
            raise ValueError(f"revision {i} returns {len(steps)} steps; let the model return as many as it was given")
    return model("answer", (task, steps))
