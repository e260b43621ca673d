import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.retrieval.self_rag import Candidate, critique, segment_score, self_rag, wants_retrieval

FAIR = Candidate("fair", (0.7, 0.3), (0.2, 0.5, 0.3), (0.1, 0.2, 0.3, 0.25, 0.15))
COUNTS = st.integers(0, 5)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(COUNTS, COUNTS).filter(any),
    st.tuples(COUNTS, COUNTS, COUNTS).filter(any),
    st.tuples(*[COUNTS] * 5).filter(any),
)
def test_scores_are_means_over_votes(relevance, support, use):
    """Probabilities as votes: each score is the mean worth of a vote, in exact fractions."""

    def mean(counts, worth):
        votes = [Fraction(value) for count, value in zip(counts, worth, strict=True) for _ in range(count)]
        return float(sum(votes) / len(votes))

    half = Fraction(1, 2)
    expected = mean(relevance, (1, 0)), mean(support, (1, half, 0)), mean(use, (-1, -half, 0, half, 1))
    assert critique(Candidate("", relevance, support, use)) == pytest.approx(expected)


def test_the_scale_of_probabilities_does_not_matter():
    small = Candidate("fair", *(np.array(p) / 1e6 for p in (FAIR.relevance, FAIR.support, FAIR.use)))
    assert critique(small) == pytest.approx(critique(FAIR))


def test_the_score_is_linear_in_the_weights():
    relevance, support, use = critique(FAIR)
    assert segment_score(FAIR, (1, 0, 0)) == pytest.approx(0.7) == relevance
    assert segment_score(FAIR, (0, 1, 0)) == pytest.approx(0.45) == support
    assert segment_score(FAIR, (0, 0, 1)) == pytest.approx(0.075) == use
    assert segment_score(FAIR) == pytest.approx(0.7 + 0.45 + 0.0375)
    assert segment_score(FAIR, [2, -3, 4]) == pytest.approx(1.4 - 1.35 + 0.3)
    worst, best = Candidate("", (0, 1), (0, 0, 1), (1, 0, 0, 0, 0)), Candidate("", (1, 0), (1, 0, 0), (0, 0, 0, 0, 1))
    assert (segment_score(worst), segment_score(best)) == (-0.5, 2.5)


@pytest.mark.parametrize(
    ("yes", "no", "delta", "expected"),
    [
        (0.2, 0.8, 0.19, True),
        (0.25, 0.75, 0.25, False),  # it must exceed the threshold
        (0.0, 0.5, 0.0, False),
        (1e-9, 0.5, 0.0, True),
        (0.5, 0.0, 1.0, False),
        (0.01, 0.03, 0.24, True),
        (0.01, 0.03, 0.26, False),
    ],
)
def test_the_share_of_yes_decides(yes, no, delta, expected):
    assert wants_retrieval(yes, no, delta) is expected


def run(plan, delta=0.2, **options):
    """Run with a plan of marks; every passage gives a candidate whose support is the passage's number."""
    calls = []

    def answer(question, written, passage):
        calls.append((question, list(written), passage))
        return Candidate(f"from {passage}", (1, 1), (float(passage), 0, 10 - float(passage)), (0, 0, 1, 0, 0))

    def write(question, written):
        return f"{question} {len(written)}"

    heard = []
    result = self_rag(
        "q",
        lambda question, written: plan[len(written)] if len(written) < len(plan) else None,
        write,
        answer,
        lambda query: heard.append(query) or ["3", "7", "5"],
        delta,
        **options,
    )
    return result, heard, calls


def test_a_run_of_calls_in_order():
    (written, trace), heard, calls = run([(0.9, 0.1), (0.1, 0.9), (0.5, 0.5)])
    assert written == ["from 7", "q 1", "from 7"]
    assert heard == ["q", "q q 1"]  # the question and the last sentence
    assert [kind for kind, _ in trace] == ["search", *["candidate"] * 3, "keep", "memory", "search"] + [
        "candidate"
    ] * 3 + ["keep"]
    assert trace[1:5] == [("candidate", "from 3"), ("candidate", "from 7"), ("candidate", "from 5"), ("keep", "from 7")]
    assert trace[5:7] == [("memory", "q 1"), ("search", "q q 1")]
    assert calls[0] == ("q", [], "3")
    assert calls[4] == ("q", ["from 7", "q 1"], "7")


def test_by_default_use_counts_one_half():
    backed, dull = (
        Candidate("x", (1, 0), (1, 0, 0), (1, 0, 0, 0, 0)),
        Candidate("y", (1, 0), (1, 0, 3), (0, 0, 1, 0, 0)),
    )
    told = self_rag(
        "q", lambda _, written: None if written else (1, 0), None, lambda *given: given[2], lambda _: [dull, backed]
    )
    assert told[0] == ["x"]  # 1 + 1 - 0.5 against 1 + 0.25; with a whole weight 1 against 1.25


def test_each_keep_is_the_sentence_just_chosen():
    plan = [(1, 0), (1, 0), None]
    _, trace = self_rag(
        "q",
        lambda _, written: plan[len(written)],
        None,
        lambda _, written, passage: Candidate(f"{passage}{len(written)}", (1, 0), (1, 0, 0), (1, 0, 0, 0, 0)),
        lambda _: ["p"],
    )
    assert [text for kind, text in trace if kind == "keep"] == ["p0", "p1"]


def test_threshold_and_weights_are_used():
    assert run([(0.3, 0.7)], delta=0.31)[0][0] == ["q 0"]
    assert run([(0.3, 0.7)], delta=0.29)[0][0] == ["from 7"]
    assert run([(0.3, 0.7)])[0][0] == ["from 7"]  # the default is 0.2
    assert run([(0.3, 0.7)], weights=(1, -1, 0))[0][0] == ["from 3"]
    assert run([(0.3, 0.7)], weights=(1, 0, 1))[0][0] == ["from 3"]  # equal scores: the first
    assert run([])[0] == ([], [])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wants_retrieval(0, 0, 0.5), "yes, no, delta are 0, 0, 0.5; pass numbers from 0 to 1, yes and no not"),
        (lambda: wants_retrieval(1.1, 0.5, 0.5), "numbers from 0 to 1"),
        (lambda: wants_retrieval(0.5, -0.1, 0.5), "numbers from 0 to 1"),
        (lambda: wants_retrieval(0.5, 0.5, np.nan), "numbers from 0 to 1"),
        (lambda: critique(Candidate("", (1,), (1, 0, 0), (1, 0, 0, 0, 0))), "relevance is (1,); pass 2 probabilities"),
        (lambda: critique(Candidate("", (1, 0), (0, 0, 0), (1, 0, 0, 0, 0))), "support is (0, 0, 0); pass 3"),
        (lambda: critique(Candidate("", (1, 0), (1, 0, 0), (1, 0, 0, 0, -1))), "use is (1, 0, 0, 0, -1); pass 5"),
        (lambda: critique(Candidate("", (1, np.nan), (1, 0, 0), (1, 0, 0, 0, 0))), "not all 0"),
        (lambda: segment_score(FAIR, (1, 1)), "weights are [1.0, 1.0]; pass three finite numbers"),
        (lambda: segment_score(FAIR, (1, 1, np.inf)), "pass three finite numbers"),
        (lambda: run([(0.5, 0.5)], delta=2), "numbers from 0 to 1"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    weights = np.array([1.0, 2.0, 3.0])
    segment_score(FAIR, weights)
    assert weights.tolist() == [1, 2, 3]
