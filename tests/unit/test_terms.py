"""Names of concepts in prose, and the links put in: each rule with what it takes and its nearest neighbour."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from fieldbook import advice, planned, prose, terms
from fieldbook.terms import Entry

ROOT = Path(__file__).parents[2]
SITE = {
    "softmax": Entry("Softmax", ("normalized exponential",)),
    "temperature": Entry("Softmax temperature", ("tau",), requires=("softmax",)),
    "attention": Entry("Attention"),
    "self-attention": Entry("Self-attention: queries, keys and values"),
    "cross-entropy": Entry("Cross-entropy"),
    "embeddings": Entry("Embeddings"),
    "transformer": Entry("Transformer"),
    "rag": Entry("Retrieval-augmented generation"),
    "lora": Entry("LoRA"),
    "the-pile": Entry("The Pile"),
    "use-cases": Entry("Where LLMs and agents are used"),
    "quantization": Entry("Quantization", ("int8", "scale"), contrasts=("attention",)),
    "dpo": Entry("Direct preference optimization", requires=("temperature",)),
}
NAMES = terms.Names(SITE)


def named(text: str) -> list[str]:
    return [f"{text[found.start : found.end]} > {found.slug}" for found in NAMES.find(text)]


def proposed(page: str, slug: str = "dpo") -> list[str]:
    found = terms.proposals(slug, prose.blocks(page), SITE, NAMES)
    return [f"{one.mention.text} > {one.mention.slug}{'' if one.known else '?'}" for one in found]


def linked(page: str, slug: str = "dpo") -> str:
    return advice.insert(page, terms.proposals(slug, prose.blocks(page), SITE, NAMES))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("By softmax.", ["softmax > softmax"]),
        ("By softmaxing.", []),
        ("Softmaxes differ.", ["Softmaxes > softmax"]),
        ("The softmax's rows.", ["softmax > softmax"]),
        ("An embedding, two embeddings.", ["embedding > embeddings", "embeddings > embeddings"]),
        ("A RAG system.", ["RAG > rag"]),
        ("A rag, a Rag.", []),
        ("LoRA, lora, Lora.", ["LoRA > lora"]),
        ("Trained on the Pile.", ["the Pile > the-pile"]),
        ("A look at the pile.", []),
        ("The usual use cases.", []),  # a slug that shares no word with its title names nothing
        ("cross entropy, crossentropy", ["cross entropy > cross-entropy", "crossentropy > cross-entropy"]),
        ("Cross-entropy.", ["Cross-entropy > cross-entropy"]),
        ("cross, entropy", []),
        ("Cross\nentropy.", ["Cross\nentropy > cross-entropy"]),
        ("retrieval augmented generation", ["retrieval augmented generation > rag"]),
        ("Direct preference\n  optimization", ["Direct preference\n  optimization > dpo"]),
        ("The self-attention layer.", ["self-attention > self-attention"]),  # the longest wins
        ("A cross-attention layer.", []),  # another word altogether
        ("softmax-based, post-softmax", []),
        ("softmax(x), softmax.py, np.softmax, a_softmax, softmax[0]", []),
        (
            "(softmax), “softmax”, *softmax*, softmax/temperature.",
            ["softmax > softmax"] * 4 + ["temperature > temperature"],
        ),
        ("LLM.int8() or int8.", ["int8 > quantization"]),
        ("Hugging Face Transformers.", []),  # part of a proper name
        ("Face it: Transformers win.", ["Transformers > transformer"]),
    ],
)
def test_a_name_is_found_as_a_whole_word_and_as_it_is_written(text, found):
    assert named(text) == found


@pytest.mark.parametrize(
    ("page", "slug", "found"),
    [
        ("Softmax and softmax.\n\n## Part\n\nSoftmax.", "temperature", ["Softmax > softmax", "Softmax > softmax"]),
        ("Then softmax, and [it](#softmax).\n\n## Part\n\nSoftmax.", "temperature", ["Softmax > softmax"]),
        ("Softmax.", "softmax", []),  # never to itself
        ("Softmax temperature.", "temperature", []),  # its own name holds another's
        ("Softmax temperature.", "dpo", ["Softmax temperature > temperature"]),
        ("## The softmax\n\n`softmax` $softmax$ [a softmax](#label) ![softmax](x.png) {cite:p}`softmax`", "dpo", []),
        ("```python\nsoftmax\n```\n\n    softmax\n\n% softmax\n\n<p>softmax</p>\n", "dpo", []),
        (":::{flashcard} dpo-1\nWhat is softmax?\n---\nSoftmax.\n:::", "dpo", []),
        (":::{misread} Softmax is hard.\nNo.\n:::", "dpo", []),
        (":::{misread} So.\nSoftmax is soft.\n:::", "dpo", ["Softmax > softmax"]),
        (":::{table} Softmax\n| Softmax | b |\n| --- | --- |\n| a | softmax |\n:::", "dpo", ["softmax > softmax"]),
        ("- a\n  softmax\n\n> a softmax", "dpo", ["softmax > softmax"]),
        ("Pay attention.", "dpo", []),  # everyday English
        ("Pay attention.", "quantization", ["attention > attention?"]),  # where the page contrasts it
        ("We say Attention wins.", "dpo", ["Attention > attention?"]),  # written as its title
        ("Attention wins.", "dpo", []),  # a capital that begins a sentence says nothing
        (
            "On a scale of tau.",
            "dpo",
            ["tau > temperature"],
        ),  # aliases of one word: tau's page is required, that of scale is not
        ("The embedding.", "dpo", ["embedding > embeddings?"]),
        (
            "An embedding.\n\n## Part\n\nOne.\nEmbeddings.",
            "dpo",
            ["embedding > embeddings?", "Embeddings > embeddings"],
        ),
        ("a | softmax\n--- | ---\nb | c", "dpo", []),  # a heading of a column, without marks around the table
        ("[the `max` of softmax](#label) softmax", "dpo", ["softmax > softmax"]),
        ("The *embedding* is a list.", "dpo", ["embedding > embeddings"]),  # introduced here
        ("An embedding (a list of numbers).", "dpo", ["embedding > embeddings"]),
        ("[So](#embeddings).\n\n## Part\n\nAn embedding.", "dpo", ["embedding > embeddings"]),
        ("An embedding.\n\n## Part\n\n[So](#embeddings).", "dpo", ["embedding > embeddings?"]),
        ("Softmax.", "dpo", ["Softmax > softmax"]),  # required through another page
        ("Softmax.", "quantization", ["Softmax > softmax?"]),
    ],
)
def test_what_is_proposed_and_what_a_reader_cannot_know(page, slug, found):
    assert proposed(page, slug) == found


@pytest.mark.parametrize(
    ("page", "mended"),
    [
        ("A softmax, a softmax.", "A [softmax](#softmax), a softmax."),
        ("> The cross\n> entropy.", "> The [cross\n> entropy](#cross-entropy)."),
        ("- *softmax*: so", "- *[softmax](#softmax)*: so"),
        ("| a | b |\n| - | - |\n| softmax | softmax |", "| a | b |\n| - | - |\n| [softmax](#softmax) | softmax |"),
        (
            "| a | b |\n| - | - |\n| x softmax | LoRA |",
            "| a | b |\n| - | - |\n| x [softmax](#softmax) | [LoRA](#lora) |",
        ),
        ("::::{pitfall}\nA softmax.\n::::", "::::{pitfall}\nA [softmax](#softmax).\n::::"),
        ("a*softmax*", "a*softmax*"),
        ("Yes!softmax", "Yes!softmax"),  # nor may it become a picture
        ("\\softmax", "\\softmax"),
    ],
)
def test_a_link_is_put_where_the_words_stand_and_nowhere_twice(page, mended):
    assert linked(page) == mended
    assert linked(mended) == mended


WORDS = ["softmax", "Softmax", "attention", "self-attention", "cross entropy", "LoRA", "RAG", "the Pile", "a", "of"]
INLINE = ["*softmax*", "**LoRA**", "`softmax`", "$x$", "[softmax](#softmax)", "![RAG](y)", "{cite:p}`LoRA`", "&amp;"]
INLINE += ["<b>", "</b>", "<https://softmax.org>", "[a", "](#rag)", "](x)"]
MARKS = ["*", "**", "_", "[", "]", "(", ")", "!", "\\", "^", "-", ":", ".", "|", " ", "\n", "\n\n"]
BLOCKS = ["\n- ", "\n> ", "\n## RAG\n\n", "\n```\nLoRA\n```\n", "\n:::{pitfall}\n", "\n:::\n", "\n:::{misread} LoRA\n"]
BLOCKS += ["\n$$ x $$\n", "\n| a | b |\n| - | - |\n| softmax | RAG |\n"]
PIECES = st.sampled_from([*WORDS, *INLINE, *MARKS, *BLOCKS])


@seed(20261101)
@settings(max_examples=500)
@given(st.lists(PIECES, max_size=30), st.sampled_from(["", " "]))
def test_links_change_no_word_of_any_page_and_are_put_in_once(pieces, between):
    page = between.join(pieces)
    mended = linked(page)
    before, after = prose.blocks(page), prose.blocks(mended)
    assert [prose.unlinked(block.text) for block in after] == [prose.unlinked(block.text) for block in before]
    put_in = [slug for slug, _, _ in terms.linked(after)]
    for slug, _, _ in terms.linked(before):
        put_in.remove(slug)  # what was linked is linked
    assert Counter(mended) - Counter(page) == Counter("".join(f"[](#{slug})" for slug in put_in))
    assert linked(mended) == mended


def test_every_character_of_a_block_is_found_in_its_page():
    for path in sorted(ROOT.glob("docs/*/*.md")):
        page = path.read_text(encoding="utf-8")
        for block in prose.blocks(page):
            if any(span.kind == "math_block" for span in block.spans):
                continue
            assert all(page[block.offset(at)] == letter for at, letter in enumerate(block.text)), path


def test_the_parser_reads_what_the_build_reads():
    settings = (ROOT / "conf.py").read_text(encoding="utf-8")
    assert re.search(r"myst_enable_extensions = (.*)", settings)[1] == str(list(prose.EXTENSIONS)).replace("'", '"')


def test_every_everyday_word_is_the_slug_of_a_page():
    entries, _ = planned.parse((ROOT / planned.PATH).read_text(encoding="utf-8"))
    assert not terms.ORDINARY - entries.keys() - {path.stem for path in ROOT.glob("docs/*/*.md")}
