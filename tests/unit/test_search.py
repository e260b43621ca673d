"""What the search is given of a page, the index of names, and the data that Node writes of them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx import addnodes
from sphinx.errors import ExtensionError

from fieldbook import a_to_z, generated, search
from fieldbook.concept import Concept
from fieldbook.domain import Page
from fieldbook.flashcards import flashcard, flashcard_answer, flashcard_question

CITED = {"refdomain": "cite", "reftype": "p", "reftarget": "hu2021lora"}
LINKED = {"refdomain": "concept", "reftype": "ref", "reftarget": "softmax"}


def words(*parts: str | nodes.Node) -> list[nodes.Node]:
    return [nodes.Text(part) if isinstance(part, str) else part for part in parts]


def paragraph(*parts: str | nodes.Node) -> nodes.paragraph:
    return nodes.paragraph("", "", *words(*parts))


def section(anchor: str, heading: str | list[nodes.Node], *body: nodes.Node) -> nodes.section:
    parts = words(heading) if isinstance(heading, str) else heading
    return nodes.section("", nodes.title("", "", *parts), *body, ids=[anchor, f"{anchor}-too"])


def card(number: int, question: str, *answer: nodes.Node) -> flashcard:
    parts = (flashcard_question("", "", *words(question)), flashcard_answer("", *answer))
    return flashcard("", *parts, card_id=f"lora-{number}", ids=[f"card-lora-{number}"])


def document(*body: nodes.Node) -> nodes.document:
    made = new_document("lora.md")
    made += section("lora", "LoRA", *body)
    return made


def cell() -> nodes.container:
    return nodes.container("", paragraph("In [1]: secret"), nb_element="cell_code")


CITATION = addnodes.pending_xref("", nodes.inline("", "Hu et al."), **CITED)
LINK = addnodes.pending_xref("", nodes.inline("", "softmax"), **LINKED)
SECRETS = [
    nodes.literal_block("", "secret = 1"),
    nodes.math_block("", r"\secret"),
    nodes.comment("", "secret"),
    generated.page_meta("", nodes.Text("secret")),
    cell(),
]


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (paragraph("By ", nodes.math("", "n"), " or ", nodes.math("", "n^2"), "."), "By n or …."),
        (paragraph("As ", CITATION.deepcopy(), " say."), "As say."),
        (paragraph("By ", LINK.deepcopy(), "."), "By softmax."),
        (paragraph("Set ", nodes.literal("", "lora_alpha"), "."), "Set lora_alpha."),
        (paragraph("One ", nodes.emphasis("", "li", nodes.Text("ne")), "\nand another."), "One line and another."),
        (
            nodes.bullet_list("", nodes.list_item("", paragraph("One")), nodes.list_item("", paragraph("two"))),
            "One two",
        ),
        (
            nodes.admonition("", nodes.title("", "The costly mistake"), paragraph("It falls.")),
            "The costly mistake It falls.",
        ),
        (nodes.block_quote("", *(secret.deepcopy() for secret in SECRETS)), ""),
        (nodes.block_quote("", paragraph("Said."), section("x", "Inner", paragraph("Not here."))), "Said."),
        (paragraph(), ""),
    ],
)
def test_the_text_of_a_node_is_what_its_reader_reads_as_prose(node, text):
    assert search.plain(node) == text


def test_a_page_is_its_opening_its_sections_and_its_cards():
    made = document(
        generated.page_meta(""),
        paragraph("It opens."),
        nodes.admonition("", paragraph("It costs.")),
        *(secret.deepcopy() for secret in SECRETS),
        section(
            "how",
            words("How ", nodes.math("", "n"), " works"),
            paragraph("It works."),
            section("inner", "A point", paragraph("Of it."), cell()),
            paragraph("Still."),
        ),
        section(
            "check",
            "Check yourself",
            card(1, "What is it?", paragraph("A pair of matrices."), nodes.literal_block("", "secret")),
            paragraph("Said between."),
            card(2, "Why?", paragraph("It is small."), nodes.bullet_list("", nodes.list_item("", paragraph("So.")))),
        ),
        section("related-concepts", "Related concepts", paragraph("Not here.")),
        section("sources", "Sources", paragraph("Nor here.")),
    )
    opening, sections, cards = search.passages(made)
    assert opening == "It opens. It costs."
    assert sections == [
        ("how", "How n works", "It works. Still."),
        ("inner", "A point", "Of it."),
        ("check", "Check yourself", "Said between."),
    ]
    assert cards == [
        ("card-lora-1", "What is it?", "A pair of matrices."),
        ("card-lora-2", "Why?", "It is small. So."),
    ]
    assert "secret" not in repr((opening, sections, cards))


def page(slug: str, title: str, aliases: list[str] = (), questions: list[str] = ()) -> Page:  # type: ignore[assignment]
    front = Concept(
        summary=f"What {title} is.",
        aliases=tuple(aliases),
        questions=tuple(questions),
        requires=(),
        contrasts=(),
        reviewed="2026-11",
    )
    return Page(f"docs/words/{slug}", slug, "words", title, front)


LORA = page("lora", "LoRA", ["lora_alpha", "low-rank adaptation"], ["How large should the rank be?"])
BROKEN = Page("docs/words/broken", "broken", "words", "Broken", None)


def test_records_are_sorted_and_complete_also_of_a_page_whose_front_matter_is_faulty():
    passages = {LORA.docname: ("It opens.", [("how", "How it works", "So.")], [("card-lora-1", "Why?", "So.")])}
    domain: Any = SimpleNamespace(pages={"lora": LORA, "broken": BROKEN}, data={"passages": passages})
    broken, lora = search.records(domain)
    assert lora == {
        "slug": "lora",
        "title": "LoRA",
        "area": "words",
        "summary": "What LoRA is.",
        "aliases": ("lora_alpha", "low-rank adaptation"),
        "questions": ("How large should the rank be?",),
        "opening": "It opens.",
        "sections": [("how", "How it works", "So.")],
        "cards": [("card-lora-1", "Why?", "So.")],
    }
    empty: dict[str, Any] = {"summary": "", "aliases": (), "questions": (), "opening": "", "sections": [], "cards": []}
    assert broken == {"slug": "broken", "title": "Broken", "area": "words", **empty}


def test_places_are_the_pages_that_are_no_concepts_but_the_home_page():
    titles = ["index", "docs/words/index", "docs/words/lora", "docs/about/notation"]
    app: Any = SimpleNamespace(
        env=SimpleNamespace(titles={name: nodes.title("", f"Title of {name}") for name in titles}),
        config=SimpleNamespace(fieldbook_areas={"words": "Words."}, root_doc="index"),
        builder=SimpleNamespace(get_target_uri=lambda name: f"{name}.html"),
    )
    assert search.places(app) == [
        ("Title of docs/about/notation", "docs/about/notation.html"),
        ("Title of docs/words/index", "docs/words/index.html"),
    ]


# --- what Node writes ------------------------------------------------------------------------------------------------


class Builder:
    """An application that has an output folder."""

    def __init__(self, folder, form: str = "html") -> None:
        self.builder = SimpleNamespace(format=form, search=True)
        self.outdir = str(folder)
        self.env = SimpleNamespace()


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that writes the data of some records, and what it has written."""

    def write(records: list[dict[str, Any]], exception: Exception | None = None, form: str = "html") -> Any:
        app: Any = Builder(tmp_path / "a site", form)
        monkeypatch.setattr(search, "concepts", lambda env: None)
        monkeypatch.setattr(search, "records", lambda domain: records)
        monkeypatch.setattr(search, "places", lambda app: [("Notation", "docs/about/notation.html")])
        search.on_builder_inited(app)
        search.on_build_finished(app, exception)
        assert app.builder.search is (form != "html"), "Sphinx's own index is off where there is ours"
        folder = tmp_path / "a site" / "_static" / "search"
        data = folder / "data.js"
        if not data.exists():
            return sorted(path.name for path in folder.glob("*"))
        text = data.read_text(encoding="utf-8")
        assert text.startswith("globalThis.fieldbookSearchData = {")
        assert text.endswith("};\n")
        return json.loads(text.removeprefix("globalThis.fieldbookSearchData = ")[:-2])

    return write


def record(slug: str, opening: str = "", section: str = "", answer: str = "") -> dict[str, Any]:
    return {
        "slug": slug,
        "title": slug.upper(),
        "area": "words",
        "summary": "One sentence.",
        "aliases": ["</script>", "\u2028"],
        "questions": ["Why?"],
        "opening": opening,
        "sections": [("how", "How it works", section)],
        "cards": [("card-1", "What?", answer)],
    }


def test_the_data_hold_of_a_text_the_words_that_tell_it_from_others(written):
    alphabet = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda omicron rho sigma tau upsilon"
    data = written(
        [
            record("a", "Common things, tokens.", "matrices"),
            record("b", f"Common {alphabet}, token.", alphabet, alphabet),
        ]
    )
    assert data["parts"] == list(search.PARTS)
    assert data["places"] == [["Notation", "docs/about/notation.html"]]
    first, second = data["pages"]
    assert first[:6] == ["a", "A", "words", "One sentence.", ["</script>", "\u2028"], ["Why?"]]
    assert first[6:] == ["", [["how", "How it works", "matric"]], [["card-1", "What?", ""]]], (
        "stems; 'things' is no word"
    )
    assert len(second[6].split()) == 12
    assert not {"common", "token"} & set(second[6].split())
    assert (len(second[7][0][2].split()), len(second[8][0][2].split())) == (4, 2)


def test_data_that_cannot_be_made_stop_the_build_and_say_why(written):
    faulty = record("a")
    del faulty["sections"]
    with pytest.raises(ExtensionError, match=r"the data of the search could not be made: [\s\S]*TypeError"):
        written([faulty])


def test_no_data_are_written_of_a_build_that_failed_or_writes_no_pages(written):
    assert written([record("a")], exception=ValueError("before")) == [
        "minisearch.LICENSE.txt",
        "minisearch.js",
        "stemmer.js",
    ]


def test_another_builder_keeps_its_own_ways(written):
    assert written([record("a")], form="text") == []


def test_a_site_without_the_library_is_not_built(written, monkeypatch, tmp_path):
    monkeypatch.setattr(search, "MINISEARCH", tmp_path / "nowhere")
    with pytest.raises(ExtensionError, match="MiniSearch is not installed; run 'make html'"):
        written([])


# --- the index of names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("attention", "A"),
        ("Élan", "E"),
        ("Ångström", "A"),
        ("“Attention”", "A"),
        ("__init__", "I"),
        ("[CLS] token", "C"),
        ("4-bit", "0–9"),
        ("²-norm", "0–9"),
        ("ﬁne-tuning", "F"),
        ("ＬｏＲＡ", "L"),
        ("ßtraße", "S"),
        ("β", "Β"),
        ("…", "0–9"),
        ("", "0–9"),
    ],
)
def test_the_letter_of_a_name(name, letter):
    assert a_to_z.letter(name) == letter


def listed(*pages: Page) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    found = a_to_z.index(pages)
    return [(head, [(entry.name, entry.page.slug, entry.is_title) for entry in names]) for head, names in found]


def test_names_stand_in_order_under_their_letters_digits_first():
    pages = [page("b", "Beta", ["éclair", "4-bit", "Ähre"]), page("a", "alpha", ["Eclat", "zeta", "'quoted'"])]
    assert listed(*pages) == [
        ("0–9", [("4-bit", "b", False)]),
        ("A", [("Ähre", "b", False), ("alpha", "a", True)]),
        ("B", [("Beta", "b", True)]),
        ("E", [("éclair", "b", False), ("Eclat", "a", False)]),
        ("Q", [("'quoted'", "a", False)]),
        ("Z", [("zeta", "a", False)]),
    ]


def test_a_name_of_two_pages_stands_twice_and_a_title_once():
    pages = [page("tot", "Tree of thoughts", ["ToT", "Tree of thoughts"]), page("cot", "Chain of thought", ["ToT"])]
    assert listed(*pages) == [
        ("C", [("Chain of thought", "cot", True)]),
        ("T", [("ToT", "cot", False), ("ToT", "tot", False), ("Tree of thoughts", "tot", True)]),
    ]


def test_a_page_whose_front_matter_is_faulty_is_listed_by_its_title_and_no_page_is_no_list():
    assert listed(BROKEN) == [("B", [("Broken", "broken", True)])]
    assert listed() == []


# --- what stands at the end of a page --------------------------------------------------------------------------------


def shown(made: Page) -> list[str]:
    return [node.astext() for part in generated.found_as(made) for node in part.findall(nodes.TextElement)]


def test_the_end_of_a_page_shows_what_it_is_found_by():
    assert shown(LORA) == [
        "Questions answered here",
        "How large should the rank be?",
        "Also found as",
        "lora_alpha, low-rank adaptation",
    ]
    assert shown(page("a", "A", [], ["Why?", "How?"])) == ["Questions answered here", "Why?", "How?"]
    assert shown(page("a", "A", ["B"])) == ["Also found as", "B"]
    assert shown(page("a", "A")) == shown(BROKEN) == []
