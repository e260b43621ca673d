"""An agent as a loop of thought, action and observation: what it writes, what it reads, how often it arrives.

Accompanies ``docs/agents/agents.md``. The loop itself is :func:`code_examples.agents.tool_use.converse`.
"""

import json

import numpy as np

from code_examples.agents.tool_use import Tool, ToolError, strict
from code_examples.retrieval.similarity import ranking
from code_examples.retrieval.sparse_retrieval import BM25


def search_tool(passages):
    """Return a tool that shows the passages found for a query, one for each page number.

    Parameters
    ----------
    passages : sequence of str
        What is searched, by BM25; at least one.

    Returns
    -------
    Tool
        Its arguments are ``query``, a text, and ``page``, an integer from 1: the rank of the passage to show.

    Raises
    ------
    ValueError
        If there is no passage, from :class:`code_examples.retrieval.sparse_retrieval.BM25`.

    Examples
    --------
    >>> from code_examples.agents.agents import search_tool
    >>> from code_examples.agents.tool_use import run_tool
    >>> tool = search_tool(["a dog", "a cat and a dog", "a bird"])
    >>> run_tool('{"name": "search", "arguments": {"query": "cat", "page": 1}}', [tool])
    '"a cat and a dog"'
    >>> run_tool('{"name": "search", "arguments": {"query": "cat", "page": 4}}', [tool])
    'error: there are only 3 pages; write another query'
    """
    index = BM25(passages)

    def search(query, page):
        if page > len(passages):
            raise ToolError(f"there are only {len(passages)} pages; write another query")
        return passages[ranking(index.scores(query))[int(page) - 1]]

    page = {"type": "integer", "minimum": 1}
    return Tool("search", "Shows one passage found, by its rank.", strict(query={"type": "string"}, page=page), search)


def transcript(messages):
    """Return a conversation in the form of ReAct.

    Parameters
    ----------
    messages : sequence of Message
        As :func:`code_examples.agents.tool_use.converse` returns them, with well-formed calls.

    Returns
    -------
    list of str
        ``"Thought: ..."`` and ``"Action: name(arguments)"`` of the model, ``"Observation: ..."`` of the tools, and
        ``"Answer: ..."`` for a reply without calls. Other messages are left out.

    Notes
    -----
    ReAct [1]_ had the model write all of this as one text; today the action is a call with a schema.

    References
    ----------
    .. [1] S. Yao et al., "ReAct: Synergizing reasoning and acting in language models," 2022.

    Examples
    --------
    >>> from code_examples.agents.agents import transcript
    >>> from code_examples.agents.tool_use import Message
    >>> call = Message("assistant", "Which day?", ('{"name": "today", "arguments": {"zone": "UTC"}}',))
    >>> transcript([Message("user", "?"), call, Message("tool", '"Monday"'), Message("assistant", "Monday.")])
    ['Thought: Which day?', "Action: today(zone='UTC')", 'Observation: "Monday"', 'Answer: Monday.']
    """
    lines = []
    for message in messages:
        if message.role == "tool":
            lines.append(f"Observation: {message.text}")
        elif message.role == "assistant":
            lines.append(f"{'Thought' if message.calls else 'Answer'}: {message.text}")
            for call in map(json.loads, message.calls):
                arguments = ", ".join(f"{name}={value!r}" for name, value in call["arguments"].items())
                lines.append(f"Action: {call['name']}({arguments})")
    return lines


def task_success(step, n_steps, noticed, retries):
    """Return how often a task of several steps succeeds, if errors strike each step independently.

    Parameters
    ----------
    step : float or array_like
        Probability that one attempt at a step is right, from 0 to 1.
    n_steps : int or array_like
        Steps, all of which must be right; at least 0.
    noticed : float
        Probability that a wrong attempt is noticed, from 0 to 1. One that is not noticed ruins the task.
    retries : int
        How often a step is tried again after a noticed error; at least 0.

    Returns
    -------
    ndarray
        Probability that all steps are right; a scalar if both are.

    Raises
    ------
    ValueError
        If a probability is outside 0 to 1, or a count below 0.

    Notes
    -----
    A step succeeds at attempt ``i + 1`` if ``i`` attempts before it were wrong and noticed.

    Examples
    --------
    >>> from code_examples.agents.agents import task_success
    >>> float(task_success(0.5, 2, 0.0, 5))
    0.25
    >>> float(task_success(0.5, 1, 1.0, 2))
    0.875
    >>> float(task_success(0.5, 0, 0.5, 1))
    1.0
    """
    step, n_steps = np.asarray(step, dtype=float), np.asarray(n_steps)
    for name, value in (("step", step), ("noticed", np.asarray(noticed))):
        if not np.all((value >= 0) & (value <= 1)):
            raise ValueError(f"{name} is {value}; pass a probability from 0 to 1")
    for name, value in (("n_steps", n_steps), ("retries", np.asarray(retries))):
        if not np.all(value >= 0):
            raise ValueError(f"{name} is {value}; pass a count of at least 0")
    one = sum(step * ((1 - step) * noticed) ** i for i in range(retries + 1))
    return one**n_steps


def words_read(start, each, n_steps):
    """Return what the model reads over a whole task, where every step reads all that came before.

    Parameters
    ----------
    start : int
        Words before the first step: instructions, tools, question.
    each : int
        Words that a step adds, written and observed.
    n_steps : int
        Calls of the model.

    Returns
    -------
    int
        Words read, without any caching.

    Raises
    ------
    ValueError
        If one of them is below 0.

    Examples
    --------
    Three passes read 100, 110 and 120 words.

    >>> from code_examples.agents.agents import words_read
    >>> words_read(100, 10, 3)
    330
    """
    if min(start, each, n_steps) < 0:
        raise ValueError(f"{start}, {each}, {n_steps} are start, each, n_steps; pass counts of at least 0")
    return n_steps * start + each * n_steps * (n_steps - 1) // 2
