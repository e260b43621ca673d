"""The search engine, run by Node over a dozen pages: words, spelling, comparisons, order, and whatever may be typed."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldbook import search
from fieldbook.node import find_node
from fieldbook.structure import PARTS

HERE = Path(__file__).parent
BUILD = Path(search.__file__).with_name("build_search.cjs")

MINISEARCH = search.MINISEARCH / "dist" / "umd" / "index.js"


def page(slug: str, title: str, summary: str, aliases=(), questions=(), opening="", sections=(), cards=()) -> dict:
    """Return what the search knows of a page; sections and cards are heading or question, and text."""
    return {
        "slug": slug,
        "title": title,
        "area": "words",
        "summary": summary,
        "aliases": list(aliases),
        "questions": list(questions),
        "opening": opening,
        "sections": [(f"part-{at}", heading, text) for at, (heading, text) in enumerate(sections)],
        "cards": [(f"{slug}-{at}", question, text) for at, (question, text) in enumerate(cards)],
    }


PAGES = sorted(
    [
        page(
            "temperature",
            "Softmax temperature",
            "Divides the scores before they become shares.",
            ["sampling temperature"],
            ["Why is my model so random?", "Why does phi 2 repeat what phi 2 said?"],
            "A divisor of logits sharpens or flattens what is drawn.",
            [("How it works", "Divide the logits by a number."), ("Choosing and tuning", "Begin at one.")],
        ),
        page(
            "nucleus-sampling",
            "Nucleus sampling",
            "Draws from the smallest set that holds most of the mass, whatever the temperature.",
            ["top-p"],
            ["Should I lower temperature or top-p?", "Does temperature come before top-p?"],
            "Temperature and the nucleus interact: temperature first, then temperature decides how many stay.",
            [("Temperature and the nucleus", "Temperature, temperature and temperature.")],
            [("What does temperature do to the nucleus?", "A higher temperature makes it larger.")],
        ),
        page(
            "dense-retrieval",
            "Dense retrieval",
            "Finds text by vectors that a network makes of query and passage.",
            ["embedding search"],
            ["How can I find text that shares no word with my query?"],
        ),
        page(
            "dense-layer",
            "Dense layers",
            "A dense layer joins every input to every output.",
            ["dense network", "all to all"],
            ["Which matrix has no holes?"],
        ),
        page(
            "sparse-retrieval",
            "Sparse retrieval",
            "Finds text by its words, weighed by how rare they are.",
            ["BM25", "lexical search"],
            ["Why is keyword search still used?"],
        ),
        page(
            "rag",
            "Retrieval-augmented generation",
            "Puts what was found before the model.",
            ["RAG"],
            ["How do I make a chatbot answer from my documents?"],
        ),
        page(
            "fine-tuning",
            "Fine-tuning",
            "Trains a model further on examples of the task.",
            ["SFT", "Trainer.train"],
            ["How many examples do I need?"],
        ),
        page(
            "rag-vs-fine-tuning",
            "RAG versus fine-tuning",
            "Which of them puts knowledge into answers at what cost.",
            ["RAG or fine-tuning"],
            ["Should I retrieve or train?"],
        ),
        page(
            "dpo",
            "Direct preference optimization",
            "Learns from pairs without a reward model.",
            ["DPO", "DPOTrainer"],
            ["What is the loss of a pair of answers?"],
        ),
        page(
            "ppo",
            "Proximal policy optimization",
            "Learns from a reward, a bounded step at a time.",
            ["PPO", "clipped objective"],
            ["Why does the policy stay near the old one?"],
        ),
        page(
            "lora",
            "LoRA",
            "Trains two thin matrices beside a frozen one.",
            ["low-rank adaptation", "lora_alpha", "LoraConfig"],
            ["How large should the rank be?"],
        ),
        page(
            "quantization",
            "Quantization",
            "Stores weights in few bits.",
            ["int8", "4-bit", "load_in_4bit"],
            ["Why did my model get worse with smaller weights?"],
            sections=[("Outliers and their channels", "A few channels hold most of the range.")],
        ),
        page(
            "causal-mask",
            "Causal mask",
            "Hides from each position what comes after it.",
            ["torch.tril", "autoregressive mask"],
            ["Why can a token not see the future?"],
        ),
        page(
            "catastrophic-forgetting",
            "Catastrophic forgetting",
            "New training overwrites what was learnt before.",
            [],
            ["Why did my model unlearn its manners?"],
        ),
        page(
            "vector-database",
            "Vector database",
            "Keeps vectors so that the near ones are found quickly.",
            ["ANN index"],
            ["Which store of embeddings should I run?"],
        ),
        page("data", "Data", "What is learnt from.", ["phi 2"], ["Where do examples come from?"]),
        page("zwilling-one", "Zwilling", "Says nothing that its sibling does not say.", [], []),
        page("zwilling-two", "Zwilling", "Says nothing that its sibling does not say.", [], []),
    ],
    key=lambda one: one["slug"],
)
PLACES = [("Notation", "docs/about/notation.html"), ("Kitchen sink", "docs/contributing/kitchen-sink.html")]


class Engine:
    """A process that asks the engine; a call that throws raises `EngineError`."""

    def __init__(self, folder: Path) -> None:
        stemmer = "\n".join(path.read_text(encoding="utf-8") for path in search.STEMMER)
        (folder / "stemmer.js").write_text(stemmer, encoding="utf-8")
        known = json.dumps({"pages": PAGES, "places": PLACES, "parts": PARTS})
        subprocess.run([find_node(), BUILD, search.ENGINE, folder], input=known, encoding="utf-8", check=True)
        command = [find_node(), HERE / "search_engine.cjs", search.ENGINE, MINISEARCH, folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def calls(self, *calls: tuple) -> list:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(calls) + "\n")
        self.process.stdin.flush()
        answers = json.loads(self.process.stdout.readline())
        for answer in answers:
            if isinstance(answer, dict) and "thrown" in answer:
                raise EngineError(answer["thrown"])
        return answers

    def call(self, *call):
        return self.calls(call)[0]

    def ask(self, query: str, limit: int = 30) -> dict:
        return self.call("ask", query, limit)

    def slugs(self, query: str, limit: int = 30) -> list[str]:
        return [result["slug"] for result in self.ask(query, limit)["results"]]

    def marked(self, text: str, query: str) -> list[str]:
        units = text.encode("utf-16-le", "surrogatepass")  # as JavaScript counts them
        ranges = self.call("marks", text, query)
        return [units[2 * start : 2 * stop].decode("utf-16-le", "surrogatepass") for start, stop in ranges]


class EngineError(Exception):
    """What the engine threw."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    opened = Engine(tmp_path_factory.mktemp("engine"))
    yield opened
    opened.process.stdin.close()
    opened.process.wait(timeout=10)
    opened.process.stdout.close()


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fine-tuning", ["fine", "tuning", "finetuning"]),
        ("fine\u2011tuning", ["fine", "tuning", "finetuning"]),
        ("fine\N{EN DASH}tuning", ["fine", "tuning", "finetuning"]),
        ("4-bit", ["4", "bit", "4bit"]),
        ("4 bit", ["4", "bit", "4bit"]),
        ("4bit", ["4bit"]),
        ("int 8", ["int", "8", "int8"]),
        ("int8", ["int8"]),
        ("8 4 x", ["8", "4", "x", "4x"]),
        ("step 1000000", ["step", "1000000"]),
        ("lora_alpha", ["lora", "alpha", "loraalpha"]),
        ("DPOTrainer", ["dpo", "trainer", "dpotrainer"]),
        ("LoraConfig", ["lora", "config", "loraconfig"]),
        ("LoRA, QLoRA, RAGs, LLMs", ["lora", "qlora", "rags", "llms"]),
        ("torch.tril(x)", ["torch", "tril", "torchtril", "x"]),
        ("a/b/c/d/e/f g", ["b", "c", "d", "e", "f", "g"]),
        ("Erdős naïve Ångström", ["erdos", "naive", "angstrom"]),
        ("e\N{COMBINING ACUTE ACCENT}tude", ["etude"]),
        ("ＬｏＲＡ ｆｉｎｅ", ["lora", "fine"]),
        ("\N{LATIN SMALL LIGATURE FI}ne x²", ["fine", "x2"]),
        ("don't the model's", ["models"]),
        ("don\N{RIGHT SINGLE QUOTATION MARK}t", []),
        ("what is the difference of it", ["difference"]),
        ("模型 модель", ["模型", "модель"]),
        ("C++ & (c)", ["c", "c"]),
        ("", []),
        ("--- ... ?!", []),
        ("x" * 39, ["x" * 39]),
        ("x" * 40, []),
    ],
)
def test_the_words_of_a_text(engine, text, words):
    assert engine.call("words", text) == words


def test_salient_words_are_those_of_few_pages_and_the_rest_is_left_out(engine):
    pages_with = {"model": 10, "logit": 1, "rank": 2, "draw": 1}
    text = "The model draws; models rank logits, logits rank logits."
    assert engine.call("salient", text, pages_with, 10, 9) == ["logit", "draw", "rank"]
    assert engine.call("salient", text, pages_with, 10, 1) == ["logit"]
    assert engine.call("salient", "", pages_with, 10, 9) == []


# --- spelling --------------------------------------------------------------------------------------------------------


@cache
def steps(a: str, b: str) -> int:
    """Return the optimal string alignment distance, by its definition."""
    if not a or not b:
        return len(a) + len(b)
    found = min(steps(a[1:], b) + 1, steps(a, b[1:]) + 1, steps(a[1:], b[1:]) + (a[0] != b[0]))
    if len(a) > 1 and len(b) > 1 and a[:2] == b[1::-1]:
        found = min(found, steps(a[2:], b[2:]) + 1)
    return found


@pytest.mark.parametrize(
    ("a", "b", "changes"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("recieve", "receive", 1),
        ("kitten", "sitting", 3),
        ("ca", "abc", 3),
        ("ab", "ba", 1),
    ],
)
def test_distances_worked_out_by_hand(engine, a, b, changes):
    assert engine.call("distance", a, b) == engine.call("distance", b, a) == steps(a, b) == changes


@given(st.lists(st.tuples(st.text("abc", max_size=7), st.text("abc", max_size=7)), max_size=20))
def test_the_distance_is_that_of_its_definition(engine, pairs):
    assert engine.calls(*(("distance", a, b) for a, b in pairs)) == [steps(a, b) for a, b in pairs]


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("lorra", "lora"),  # up to seven letters, one change
        ("lroa", "lora"),
        ("spars retreival", "sparse-retrieval"),
        ("temprature", "temperature"),  # up to eleven, two
        ("tmeprature", "temperature"),
        ("tempreture", "temperature"),
        ("quantzation", "quantization"),
        ("quamtisation", "quantization"),  # more, three
        ("catastrofick forgetting", "catastrophic-forgetting"),
        ("vektor database", "vector-database"),
        ("kuantization", "quantization"),
    ],
)
def test_a_misspelt_name_is_found(engine, typed, slug):
    asked = engine.ask(typed)
    assert asked["results"][0]["slug"] == slug
    assert asked["taken"] != []


@pytest.mark.parametrize(
    ("typed", "meant", "changes", "is_found"),
    [
        ("mosk", "mask", 1, True),
        ("maks", "mask", 1, True),
        ("moskk", "mask", 2, False),
        ("lexcal", "lexical", 1, True),
        ("lexkal", "lexical", 2, False),
        ("temparatur", "temperature", 2, True),
        ("tmeprature", "temperature", 2, True),
        ("tmepratuer", "temperature", 3, False),
        ("quontisetion", "quantization", 3, True),
        ("qunatiaztoin", "quantization", 3, True),
        ("quontisetiom", "quantization", 4, False),
        ("nask", "mask", 1, False),  # a first letter is seldom wrong, and counts for more
        ("kuantization", "quantization", 1, True),
        ("lra", "lora", 1, False),  # too short to tell
        ("mas4", "mask", 1, False),  # a digit is meant as it is typed
    ],
)
def test_as_many_changes_as_the_length_of_a_word_allows(engine, typed, meant, changes, is_found):
    assert steps(typed, meant) == changes
    taken = engine.ask(f"{typed} policy")["taken"]
    assert taken == ([{"word": typed, "taken": meant}] if is_found else [])


def test_a_word_that_the_site_knows_is_never_taken_for_another(engine):
    assert engine.ask("data dense")["taken"] == []


# --- what is found ---------------------------------------------------------------------------------------------------


def test_the_page_that_defines_a_term_comes_before_one_that_says_it_more_often(engine):
    assert engine.slugs("temperature")[:2] == ["temperature", "nucleus-sampling"]
    said = json.dumps([one for one in PAGES if one["slug"] == "nucleus-sampling"]).lower().count("temperature")
    assert said > 3 * json.dumps([one for one in PAGES if one["slug"] == "temperature"]).lower().count("temperature")


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one["slug"])
def test_every_title_slug_and_alias_finds_its_page_first(engine, one):
    for name in (one["title"], one["slug"], *one["aliases"]):
        first = engine.slugs(name)[0]
        assert first == one["slug"] or (name, first) == ("Zwilling", "zwilling-one"), name


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one["slug"])
def test_every_question_finds_its_page_first_and_says_where(engine, one):
    for question in one["questions"]:
        first = engine.ask(question)["results"][0]
        assert (first["slug"], first["passage"]["label"]) == (one["slug"], question)


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("vector databases", "vector-database"),
        ("causal masks", "causal-mask"),
        ("quantized", "quantization"),
        ("quantizing weights", "quantization"),
        ("clipping objective", "ppo"),
        ("finetuning", "fine-tuning"),
        ("fine tuning", "fine-tuning"),
        ("fine tuned", "fine-tuning"),
        ("retrieval augmented generation", "rag"),
        ("Retrievalaugmented generation", "rag"),
        ("direct-preference optimization", "dpo"),
        ("topp", "nucleus-sampling"),
        ("top p", "nucleus-sampling"),
        ("4 bit", "quantization"),
        ("4bit", "quantization"),
        ("int 8", "quantization"),
        ("load in 4bit", "quantization"),
        ("bm 25", "sparse-retrieval"),
        ("dpo trainer", "dpo"),
        ("dpotrainer", "dpo"),
        ("LORA_ALPHA", "lora"),
        ("tril", "causal-mask"),
        ("ＬｏＲＡ", "lora"),
        ("what is lora?", "lora"),
        ("please explain to me what LoRA means", "lora"),
    ],
)
def test_other_forms_of_a_name(engine, query, slug):
    assert engine.slugs(query)[0] == slug


def test_only_the_last_word_may_be_unfinished(engine):
    assert "vector-database" in engine.slugs("data")  # and what begins so
    assert "vector-database" not in engine.slugs("data learnt")
    assert engine.slugs("sparse retr")[0] == "sparse-retrieval"
    assert engine.ask("sparse retr")["taken"] == []


def test_a_page_says_where_in_it_the_words_stand(engine):
    passage = engine.ask("outliers and their channels")["results"][0]["passage"]
    assert (passage["kind"], passage["anchor"], passage["label"]) == (
        "section",
        "part-0",
        "Outliers and their channels",
    )
    passage = engine.ask("what does temperature do to the nucleus")["results"][0]["passage"]
    assert (passage["kind"], passage["anchor"]) == ("card", "nucleus-sampling-0")
    first = engine.ask("lora")["results"][0]
    assert (first["passage"]["kind"], first["url"]) == ("head", "docs/words/lora.html")


def test_the_name_of_a_part_finds_no_page(engine):
    assert engine.slugs("choosing and tuning")[:1] != ["temperature"]


def test_pages_that_are_no_concepts_are_found_by_their_title_alone(engine):
    assert engine.ask("notation")["places"] == [["Notation", "docs/about/notation.html"]]
    assert engine.ask("the kitchen sinks")["places"] == [["Kitchen sink", "docs/contributing/kitchen-sink.html"]]
    assert engine.ask("kitchen")["places"] == engine.ask("")["places"] == []


# --- comparisons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "sides"),
    [
        ("dpo vs ppo", ["dpo", "ppo"]),
        ("DPO vs. PPO?", ["DPO", "PPO"]),
        ("dpo versus ppo", ["dpo", "ppo"]),
        ("dpo v. ppo", ["dpo", "ppo"]),
        ("dpo or ppo", ["dpo", "ppo"]),
        ("  dpo against ppo  ", ["dpo", "ppo"]),
        ("dpo compared to ppo", ["dpo", "ppo"]),
        ("dpo compared with ppo", ["dpo", "ppo"]),
        ("compare dpo and ppo", ["dpo", "ppo"]),
        ("comparing dpo with ppo", ["dpo", "ppo"]),
        ("comparison of dpo and ppo", ["dpo", "ppo"]),
        ("comparison between dpo and ppo", ["dpo", "ppo"]),
        ("difference between dpo and ppo", ["dpo", "ppo"]),
        ("What are the differences between dpo and ppo?", ["dpo", "ppo"]),
        ("how is dpo different from ppo", ["dpo", "ppo"]),
        ("how does dpo differ from ppo?", ["dpo", "ppo"]),
        ("dpo differs from ppo", ["dpo", "ppo"]),
        ("which is better: dpo or ppo?", ["dpo", "ppo"]),
        ("should I use dpo or ppo", ["dpo", "ppo"]),
        ("is it cheaper to pick dpo or ppo", ["dpo", "ppo"]),
        ("dpo", None),
        ("", None),
        ("vs", None),
        ("or", None),
        ("vs ppo", None),
        ("dpo vs", None),
        ("dpo and ppo", None),
        ("the order of layers", None),
        ("what is dpo for", None),
    ],
)
def test_the_sides_of_a_comparison(engine, query, sides):
    assert engine.call("sides", query) == sides


@pytest.mark.parametrize(
    ("query", "both"),
    [
        ("dpo vs ppo", ["dpo", "ppo"]),
        ("ppo vs dpo", ["ppo", "dpo"]),
        ("what is the difference between lora and quantization?", ["lora", "quantization"]),
        ("difference between dense and sparse retrieval", ["dense-retrieval", "sparse-retrieval"]),
        ("sparse vs dense retrieval", ["sparse-retrieval", "dense-retrieval"]),
        ("lora or fine tuning", ["lora", "fine-tuning"]),
    ],
)
def test_a_comparison_shows_both_of_its_sides(engine, query, both):
    asked = engine.ask(query)
    slugs = [result["slug"] for result in asked["results"]]
    assert asked["compared"]
    assert slugs[:2] == both
    assert len(slugs) == len(set(slugs))


def test_the_page_that_bears_the_name_of_a_comparison_comes_before_its_sides(engine):
    for query in ("rag vs fine-tuning", "RAG or fine tuning", "rag versus fine-tuning?"):
        assert engine.slugs(query)[:3] == ["rag-vs-fine-tuning", "rag", "fine-tuning"], query


def test_what_only_looks_like_a_comparison_is_none(engine):
    for query in ("lora vs wombats", "wombats or lora", "wombats vs zebras", "the vs a"):
        assert not engine.ask(query)["compared"], query
    assert engine.slugs("wombats vs zebras") == []


# --- what may be typed -----------------------------------------------------------------------------------------------

NOTHING = [
    "",
    " ",
    "?",
    "---",
    "'",
    '"',
    "\\",
    "the",
    "what is it",
    "how do I",
    "a",
    "x",
    "q z",
    "\N{FULLWIDTH SOLIDUS}",
]
NOTHING += [
    "qwrtzpsdfg",
    "asdf ghjk",
    "wombats and zebras",
    "recipe for apple pie",
    "🙂",
    "🙂🙃",
    "\0",
    "\N{ZERO WIDTH SPACE}",
]
NOTHING += ["undefined", "null", "NaN", "5", "-1", "3.14", "0x10", "1e999", "true"]
NOTHING += ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "x" * 5000, "?" * 5000]
NOTHING += ["مرحبا بالعالم", "שלום עולם", "你好", ".*", "(((", "[a-z]+", "^$", "\\d{3}", "(?<=x)", "$&", "a{1000}"]
NOTHING += ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'; DROP TABLE pages; --", "%00", "&lt;"]


@pytest.mark.parametrize("query", NOTHING, ids=lambda query: repr(query[:30]))
def test_nothing_is_found_where_nothing_is_meant(engine, query):
    asked = engine.ask(query)
    assert asked["results"] == []
    assert asked["compared"] is False
    assert asked["more"] is False


@pytest.mark.parametrize("query", NOTHING, ids=lambda query: repr(query[:30]))
def test_what_is_typed_beside_a_name_does_not_hide_it(engine, query):
    if len(query) < 100:
        asked = engine.ask(f"low-rank adaptation {query}")
        assert "lora" in {found["slug"] for found in (*asked["results"], *asked["near"])}
    assert engine.marked(f"LoRA {query}", f"lora {query}")[0] == "LoRA"


def test_only_so_much_of_a_query_is_looked_at(engine):
    assert engine.slugs(f"lora {'?' * 5000}")[0] == "lora"
    assert engine.slugs(f"{'?' * 5000} lora") == []
    assert engine.slugs("lora " * 1000)[0] == "lora"


def test_as_many_results_as_are_asked_for_and_the_first_ones(engine):
    every = engine.slugs("retrieval", 1000)
    assert len(every) > 2
    for limit in (0, 1, 2, len(every)):
        asked = engine.ask("retrieval", limit)
        assert [result["slug"] for result in asked["results"]] == every[:limit]
        assert asked["more"] is (limit < len(every))


def test_what_comes_near_is_told_where_nothing_is_found(engine):
    asked = engine.ask("reward wombats zebras lions")
    assert asked["results"] == []
    assert "ppo" in {found["slug"] for found in asked["near"]}
    asked = engine.ask("model wombats zebras lions tigers")
    assert asked["results"] == []
    assert len(asked["near"]) == 3
    assert len(engine.ask("model wombats zebras lions tigers", 2)["near"]) == 2


def test_pages_that_say_the_same_stand_in_the_order_of_the_data(engine):
    found = engine.ask("zwilling")["results"]
    assert [result["slug"] for result in found] == ["zwilling-one", "zwilling-two"]
    assert found[0]["score"] == found[1]["score"]
    assert engine.ask("zwilling") == engine.ask("zwilling"), "the second is looked up from what is remembered"
    turned = engine.call("data")
    turned["pages"].reverse()
    engine.call("open", turned)
    try:
        assert engine.slugs("zwilling") == ["zwilling-two", "zwilling-one"]
    finally:
        engine.call("open")


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("LoRA trains thin matrices.", "lora", ["LoRA"]),
        ("LoRA, lora and QLoRA", "what is lora", ["LoRA", "lora"]),
        ("It quantized weights.", "quantization", ["quantized"]),
        ("Temperature first.", "temprature", ["Temperature"]),
        ("Fine-tuning and tuning", "fine-tuning", ["Fine-tuning", "tuning"]),
        ("🙂 LoRA 🙂", "lora", ["LoRA"]),
        ("catastrophic", "catas", ["catastrophic"]),
        ("The model of the data", "the of", []),
        ("", "lora", []),
        ("LoRA", "", []),
        ("<mark>LoRA</mark>", "lora <mark>", ["mark", "LoRA", "mark"]),
    ],
)
def test_the_words_meant_are_marked(engine, text, query, marked):
    assert engine.marked(text, query) == marked


NO_LIST = [None, {}, [], 5, "pages", {"pages": None}, {"pages": {}}, {"pages": "x"}]
NO_PAGE = [[None], [[]], [["slug", "Title"]], [["a", "A", "b", "", [], [], "", [["x", "Heading", "text"]], []]]]


@pytest.mark.parametrize(
    ("data", "said"),
    [*((data, "no search data") for data in NO_LIST), *(({"pages": pages}, "TypeError") for pages in NO_PAGE)],
    ids=repr,
)
def test_damaged_data_are_refused_at_once(engine, data, said):
    with pytest.raises(EngineError, match=said):
        engine.call("open", False if data is None else data)
    assert engine.slugs("lora")[0] == "lora", "the engine before it is as it was"


def test_a_site_without_pages_finds_nothing(engine):
    engine.call("open", {"pages": [], "parts": []})
    try:
        assert engine.ask("lora")["results"] == []
        assert engine.marked("LoRA", "lora") == ["LoRA"]
    finally:
        engine.call("open")


# --- anything --------------------------------------------------------------------------------------------------------

WORDS = sorted(
    {word for one in PAGES for text in (one["title"], *one["aliases"], *one["questions"]) for word in text.split()}
)
typed = st.one_of(
    st.text(max_size=300),
    st.text(st.characters(), max_size=30),  # halves of pairs, too
    st.text("ab-_./' ?<>\\", max_size=40),
    st.lists(
        st.sampled_from([*WORDS, "vs", "or", "difference between", "and", "4", "?", "__proto__"]), max_size=12
    ).map(" ".join),
)


@given(query=typed, text=typed, limit=st.integers(0, 40))
def test_any_text_is_answered_in_order_and_marked_inside(engine, query, text, limit):
    asked, ranges, before, after = (
        *engine.calls(("ask", query, limit), ("marks", text, query)),
        *engine.calls(("ask", query, 1000), ("ask", query, limit)),
    )
    assert after == asked
    slugs = [result["slug"] for result in asked["results"]]
    assert slugs == [result["slug"] for result in before["results"]][:limit]
    assert len(slugs) == len(set(slugs))
    assert set(slugs) <= {one["slug"] for one in PAGES}
    if not asked["compared"]:
        scores = [result["score"] for result in asked["results"]]
        assert scores == sorted(scores, reverse=True)
        assert all(score > 0 for score in scores)
    assert not (asked["results"] and asked["near"])
    edges = [edge for both in ranges for edge in both]
    assert edges == sorted(set(edges)), "they neither touch nor overlap"
    assert all(0 <= edge <= len(text.encode("utf-16-le", "surrogatepass")) // 2 for edge in edges)


def test_a_second_is_enough_for_all_that_is_typed_here(engine):
    before = engine.call("seconds")
    longest = [
        "vs ".join(["lora "] * 60),
        "or " * 66,
        "a" * 200,
        "lora-" * 40,
        "difference between " * 10,
        "4 bit " * 33,
    ]
    for query in (*NOTHING, *longest, *(question for one in PAGES for question in one["questions"])):
        engine.calls(("ask", query, 30), ("marks", query, query), ("sides", query[:200]))
    assert engine.call("seconds") - before < 1
