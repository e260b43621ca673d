"""Chain of thought: prompts that ask for the steps, and self-consistency, which samples chains and votes.

Accompanies ``docs/prompting/chain-of-thought.md``. A model is any function from a prompt to a text. `reckoner` and
`rationalizer` are no language models: they are rules that do sums, so that every call can be followed.
"""

import re
from numbers import Integral

from code_examples.agents.sampling_and_voting import majority

_STEP = re.compile(r"(start with|add|subtract|multiply by|take it from) (\d+)", re.IGNORECASE)
_SUGGESTION = re.compile(r"I think the answer is (-?\d+)")


def chain_prompt(question, examples=(), cue=""):
    r"""Return a prompt: solved examples, the question, and how the answer begins.

    Parameters
    ----------
    question : str
        What is asked.
    examples : sequence of (str, str)
        Other questions, each with its solution: the bare answer, or the steps and the answer (few-shot).
    cue : str
        First words of the answer, such as "Let's think step by step." (zero-shot).

    Returns
    -------
    str
        The text on which a model continues.

    Raises
    ------
    ValueError
        If there is no question.

    References
    ----------
    .. [1] J. Wei et al., "Chain-of-thought prompting elicits reasoning in large language models," 2022.
    .. [2] T. Kojima et al., "Large language models are zero-shot reasoners," 2022.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_thought import chain_prompt
    >>> chain_prompt("1 + 2?", cue="Step by step:")
    'Q: 1 + 2?\nA: Step by step:'
    >>> print(chain_prompt("1 + 2?", [("2 + 2?", "4.")]))
    Q: 2 + 2?
    A: 4.
    <BLANKLINE>
    Q: 1 + 2?
    A:
    """
    if not question.strip():
        raise ValueError("no question; pass a text")
    solved = "".join(f"Q: {asked}\nA: {solution}\n\n" for asked, solution in examples)
    return f"{solved}Q: {question}\nA: {cue}".rstrip()


def final_answer(text):
    """Return the answer that a text states, without the steps before it.

    Parameters
    ----------
    text : str
        What a model wrote.

    Returns
    -------
    int or None
        The whole number behind the last "The answer is" that has one; None if there is none. Of "4.5", "1,000" and
        "3/4" no part is taken.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_thought import final_answer
    >>> final_answer("3 + 4 = 7. The answer is 7."), final_answer("The answer is 5. No: the answer is -6.")
    (7, -6)
    >>> final_answer("3 + 4 = 7."), final_answer("The answer is 4.5.")
    (None, None)
    """
    stated = re.findall(r"the answer is (-?\d+)(?![.,/]?\d)", text, re.IGNORECASE)
    return int(stated[-1]) if stated else None


def self_consistency(model, prompt, n):
    r"""Sample chains, and return the answer that most of them state.

    Parameters
    ----------
    model : callable
        ``model(prompt)`` returns a text, usually another one each time.
    prompt : str
        What every chain begins with.
    n : int
        Chains to sample, at least 1.

    Returns
    -------
    winner : int or None
        The answer of most chains, of several the first; None if no chain states one.
    votes : dict
        Chains for each answer; a chain without one does not vote.
    cost : dict
        ``calls`` of the model, ``words_in`` its prompts and ``words_out`` of it.

    Raises
    ------
    ValueError
        If `n` is not an integer of at least 1.

    References
    ----------
    .. [1] X. Wang et al., "Self-consistency improves chain of thought reasoning in language models," 2022.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_thought import self_consistency
    >>> chains = iter(["2 + 2 = 4. The answer is 4.", "I do not know.", "The answer is 5.", "The answer is 4."])
    >>> self_consistency(lambda prompt: next(chains), "Q: two and two?\nA:", n=4)
    (4, {4: 2, 5: 1}, {'calls': 4, 'words_in': 20, 'words_out': 21})
    """
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n is {n}; pass an integer of at least 1")
    chains = [model(prompt) for _ in range(n)]
    answers = [answer for answer in map(final_answer, chains) if answer is not None]
    winner, votes = majority(answers) if answers else (None, {})
    words_out = sum(len(chain.split()) for chain in chains)
    return winner, votes, {"calls": int(n), "words_in": int(n) * len(prompt.split()), "words_out": words_out}


def reckoner(rng=None, slip=0.0, misread=0.0):
    r"""Return a stand-in for a model that can do one operation in its head, and any number on paper.

    It knows questions such as "Start with 3, add 4, multiply by 5." and four verbs: add, subtract, multiply by, take it
    from. If the prompt holds an equals sign or the words "step by step", it writes an equation for each operation that
    is not written yet, and goes on from the last result that it finds; else it answers at once.

    Parameters
    ----------
    rng : numpy.random.Generator, optional
        Draws the errors; needed where there are any.
    slip : float
        Probability that an operation comes out one too high or one too low, from 0 to 1.
    misread : float
        Probability that "take it from" is read as "subtract", from 0 to 1.

    Returns
    -------
    callable
        ``model(prompt)`` returns the continuation of the prompt.

    Raises
    ------
    ValueError
        If a probability is out of range or lacks an `rng`, or, when called, a prompt holds no such question.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_thought import reckoner
    >>> model = reckoner()
    >>> model("Q: Start with 3, add 4, multiply by 5.\nA: Let's think step by step.")
    '3 + 4 = 7. 7 * 5 = 35. The answer is 35.'
    >>> model("Q: Start with 3, add 4, multiply by 5.\nA:")
    'The answer is 7.'
    >>> model("Q: Start with 3, add 4, multiply by 5.\nA: 3 + 4 = 8.")
    '8 * 5 = 40. The answer is 40.'
    """
    for name, value in (("slip", slip), ("misread", misread)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; pass a probability from 0 to 1")
    if (slip or misread) and rng is None:
        raise ValueError("errors are drawn; pass a generator as rng")

    def happens(probability):
        return probability > 0 and rng.random() < probability

    def equation(value, verb, number):
        if verb == "take it from" and not happens(misread):
            left, sign, right = number, "-", value
        else:
            left, sign, right = value, {"add": "+", "multiply by": "*"}.get(verb, "-"), number
        result = {"+": left + right, "-": left - right, "*": left * right}[sign]
        return f"{left} {sign} {right}", result + (int(rng.choice([-1, 1])) if happens(slip) else 0)

    def model(prompt):
        question, _, written = prompt.rpartition("Q: ")[2].partition("\nA:")
        steps = [(verb.lower(), int(number)) for verb, number in _STEP.findall(question)]
        if len(steps) < 2 or steps[0][0] != "start with":
            raise ValueError(f"the question is {question!r}; pass one such as 'Start with 3, add 4.'")
        done = [int(result) for result in re.findall(r"= (-?\d+)", written)]
        value, chain = (done or [steps[0][1]])[-1], []
        on_paper = "=" in prompt or "step by step" in prompt
        for verb, number in steps[1 + len(done) :] if on_paper else steps[1:2]:
            term, value = equation(value, verb, number)
            chain.append(f"{term} = {value}.")
        return " ".join([*(chain if on_paper else []), f"The answer is {value}."])

    return model


def rationalizer(prompt):
    r"""Continue a prompt as `reckoner` does, but end at an answer that the question suggests, and do not say so.

    Parameters
    ----------
    prompt : str
        A prompt whose question may hold "I think the answer is 36".

    Returns
    -------
    str
        The continuation, with the suggestion as the last result.

    Raises
    ------
    ValueError
        As the model of `reckoner` does.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_thought import rationalizer
    >>> rationalizer("Q: Start with 3, add 4, multiply by 5. I think the answer is 36.\nA: Let's think step by step.")
    '3 + 4 = 7. 7 * 5 = 36. The answer is 36.'
    >>> rationalizer("Q: Start with 3, add 4.\nA:")
    'The answer is 7.'
    """
    text = reckoner()(prompt)
    suggested = _SUGGESTION.search(prompt.rpartition("Q: ")[2])
    if suggested is None:
        return text
    wanted = suggested[1]
    text = re.sub(r"= -?\d+(?=\. The answer)", f"= {wanted}", text)
    return re.sub(r"-?\d+\.$", f"{wanted}.", text)
