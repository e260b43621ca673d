"""The small book: every construct, serial and parallel, fresh and after an edit, as HTML and as text."""

from __future__ import annotations

import os
import re

import pytest


def test_a_good_book_builds_without_a_word(project):
    built = project.build()
    assert built.warnings == []

    mean = built.page("docs/numbers/mean.html")
    article = mean.select_one("article")
    # computed and given numbers
    assert "With 6 as the largest value the mean is 3.00." in article.text
    # links: to a page by its slug, to a planned one as plain text
    assert article.select_one('#how-it-works a[href="median.html"]').text == "median"
    assert article.select_one("#how-it-works span.fb-planned").text == "attention"
    # what nobody wrote
    assert re.fullmatch(r"Numbers · \d+ min · facts checked 2026-11", article.select_one(".fb-meta").text)
    related = [item.select_one("p").text for item in article.select("#related-concepts li")]
    assert related == ["Median", "Token", "Median"]  # own contrast, named by another page, needed by
    token = built.page("docs/words/token.html").select_one("article")
    assert token.select_one(".fb-meta").text.endswith("needs Median")
    assert [node.text for node in token.select(".citation .label")] == ["[Gauss 1809]", "[Tukey et al. 1960]"]
    assert token.select(".citation")[1].text.strip().endswith("Read: the abstract.")
    # callouts
    assert article.select_one(".fb-pitfall .admonition-title").text == "The costly mistake"
    assert article.select_one(".fb-misread .admonition-title").text == "“The mean is the typical value”"
    # cards: question, folded answer with a fence that holds the separator
    card = article.select_one("details#card-mean-2")
    assert "open" not in card.attrs
    assert card.select_one("summary").text.startswith("What is the mean of")
    assert card.select_one(".fb-answer p").text == "It is 3:"
    assert "---" in card.select_one(".fb-answer pre").text
    # mathematics: rendered, with MathML, style sheet on this page only
    assert len(article.select(".math math")) >= 4
    assert article.select_one('#how-it-works a.reference[href="#equation-eq-mean"]').text == "(1)"
    assert mean.select_one('link[href*="katex.css"]')
    assert not built.page("docs/numbers/median.html").select_one('link[href*="katex.css"]')
    # figures: inline, named, captioned, following the theme
    figure = article.select_one("figure#fig-mean-values")
    assert figure.select_one("svg")["aria-label"] == "Three values and their mean 3.0."
    assert figure.select_one("figcaption .caption-text").text == "The mean is 3.0."
    assert "var(--fb-c0" in str(figure)
    ids = [node["id"] for node in mean.select("[id]")]
    assert [name for name in ids if ids.count(name) > 1] == []
    # description, report link
    assert mean.select_one('meta[name="description"]')["content"] == "The sum of all values divided by their number."
    assert "docs/numbers/mean.md" in mean.select_one(".fb-report a")["href"]

    listing = built.page("docs/words/index.html").select_one("article")
    listed = [[part.text for part in item.select("p")] for item in listing.select("li")]
    assert listed == [["Token", "The unit a model reads and writes."], ["Attention"]]
    home = built.page("index.html").select_one("article")
    assert [item.text for item in home.select(".fb-areas .fb-count")] == ["2 pages", "1 page, 1 to come"]
    assert home.select_one('form[role="search"] input[name="q"]')


def test_the_text_writer_shows_what_the_pages_say(project):
    built = project.build("text", out="text")
    assert built.warnings == []
    text = (built.out / "docs/numbers/mean.txt").read_text(encoding="utf-8")
    for shown in (
        "What moves the mean without bound?",
        "One value.",
        "[Three values and their mean 3.0.]",
        "The mean is 3.0.",
        "Needed by",
        "* Median",
        "The value in the middle of the sorted ones.",
    ):
        assert shown in text


def differing(one, other) -> list[str]:
    """Return the files on which two builds differ, byte by byte."""
    first, second = one.files(), other.files()
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


def test_a_parallel_build_gives_the_same_site(project):
    serial = project.build_apart(out="serial")
    parallel = project.build_apart("--jobs", "2", out="parallel")
    assert parallel.warnings == serial.warnings == []
    assert differing(serial, parallel) == []


EDITS = {
    "title": [("docs/numbers/median.md", "# Median", "# The median")],
    "slug no longer planned": [
        ("docs/planned.yml", "attention: Attention", "attentive: Attentive"),
        ("docs/numbers/mean.md", "[attention](#attention)", "[attention](#attentive)"),
        ("docs/about/index.md", "[attention](#attention)", "[attention](#attentive)"),
    ],
    "summary": [("docs/numbers/mean.md", "The sum of all values", "All values summed and")],
    "prerequisite added": [("docs/words/token.md", "requires: [median]", "requires: [median, mean]")],
    "contrast removed": [("docs/numbers/mean.md", "contrasts: [median]", "contrasts: []")],
    "planned title": [("docs/planned.yml", "attention: Attention", "attention: Attending")],
    "imported module": [
        ("code_examples/numbers/mean.py", "sum(values) / len(values)", "sum(sorted(values)) / len(values)")
    ],
    "bibliography": [("docs/references.bib", "Theoria motus", "Theoria motus corporum")],
    "bibliography key": [
        ("docs/references.bib", "@book{gauss1809theoria", "@book{gauss1809motus"),
        ("docs/numbers/mean.md", "gauss1809theoria{Section 177}", "gauss1809motus{Section 177}"),
        ("docs/words/token.md", "gauss1809theoria,", "gauss1809motus,"),
    ],
    "card": [("docs/numbers/median.md", "Half of them.", "One half of them.")],
    "title under a label": [("docs/about/index.md", "## Marks", "## Signs")],
    "title of a page linked by its path": [("docs/words/token.md", "# Token", "# A token")],
    "title's markup": [("docs/numbers/median.md", "# Median", "# *Median*")],
    "a word on no page any more": [("docs/numbers/median.md", "Distances.", "Gaps.")],
}


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS.keys())
def test_an_incremental_build_gives_what_a_fresh_one_gives(project, edits):
    before = project.build(out="incremental").files()
    for path, old, new in edits:
        project.edit(path, old, new)
    incremental = project.build(out="incremental")
    fresh = project.build(out="fresh")
    assert incremental.warnings == fresh.warnings == []
    assert differing(incremental, fresh) == []
    after = incremental.files()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if edits[0][0].endswith(".py"):
        assert changed == {"docs/numbers/mean.zip"}  # which holds the module; no output is another
    else:
        assert any(name.endswith(".html") for name in changed)


def test_names_and_questions_reach_the_index_and_the_search_without_a_fresh_build(project):
    project.write("docs/about/a-to-z.md", "# A to Z\n\n```{a-to-z}\n```\n")
    project.edit("docs/about/index.md", "\nfurther\n", "\nfurther\na-to-z\n")
    before = project.build(out="incremental")
    assert before.warnings == []
    listed = [item.text for item in before.page("docs/about/a-to-z.html").select(".fb-index li")]
    assert listed == ["arithmetic mean: Mean", "average: Mean", "Mean", "Median", "Token", "word piece: Token"]
    assert before.page("docs/about/a-to-z.html").select_one(".fb-index strong a[href='../words/token.html']")

    project.edit(
        "docs/numbers/median.md", "aliases: []", "aliases: [50th percentile]\nquestions: [Which is in the middle?]"
    )
    project.edit("docs/words/token.md", "# Token", "# Piece of text")
    after = project.build(out="incremental")
    fresh = project.build(out="fresh")
    assert after.warnings == fresh.warnings == []
    assert differing(after, fresh) == []
    wanted = ["50th percentile: Median", "arithmetic mean: Mean", "average: Mean", "Mean", "Median"]
    wanted += ["Piece of text", "word piece: Piece of text"]
    for name in ("docs/about/a-to-z.html", "search.html"):
        assert [item.text.strip() for item in after.page(name).select(".fb-index li")] == wanted, name
    article = after.page("docs/numbers/median.html").select_one("#related-concepts")
    assert "Which is in the middle?" in article.text
    assert "50th percentile" in article.text
    data = after.files()["_static/search/data.js"].decode()
    for part in (
        "Which is in the middle?",
        "50th percentile",
        "Piece of text",
        "docs/about/a-to-z.html",
        "card-mean-2",
    ):
        assert part in data
    assert "Token" not in data


def test_a_changed_source_makes_no_page_be_read_again_and_only_those_that_cite_it_be_written(project):
    built = project.build()
    trees = {path: path.stat().st_mtime_ns for path in (built.out.parent / "doctrees").rglob("*.doctree")}
    assert trees
    pages = [built.out / "docs" / name for name in ("numbers/mean.html", "words/token.html", "numbers/median.html")]
    before = [path.stat().st_mtime_ns for path in pages]
    project.edit("docs/references.bib", "Theoria motus", "Theoria motus corporum")
    assert project.build().warnings == []
    assert {path: path.stat().st_mtime_ns for path in trees} == trees
    changed = [path.stat().st_mtime_ns != time for path, time in zip(pages, before, strict=True)]
    assert changed == [True, True, False]
    assert ["corporum" in path.read_text(encoding="utf-8") for path in pages] == changed


FAULTY_EDITS = {
    "label renamed": (
        lambda project: project.edit("docs/about/index.md", "(marks)=", "(signs)="),
        "docs/numbers/index.md:6: WARNING: unknown slug 'marks' in a link",
    ),
    "page deleted": (
        lambda project: (project.root / "docs/words/token.md").unlink(),
        "docs/words/index.md:6: WARNING: toctree contains reference to nonexisting document 'docs/words/token'",
    ),
    "page linked by its path deleted": (
        lambda project: (project.root / "docs/words/token.md").unlink(),
        "docs/about/further.md:3: WARNING: the link to '/docs/words/token.md' leads nowhere; correct the path",
    ),
    "page no longer UTF-8": (
        lambda project: (project.root / "docs/words/token.md").write_bytes(b"# Token\n\n\xe9\n"),
        "docs/words/token.md:3: WARNING: the file is not UTF-8 (byte 0xe9); save it as UTF-8 [fieldbook.encoding]",
    ),
}


@pytest.mark.parametrize(("edit", "fault"), FAULTY_EDITS.values(), ids=FAULTY_EDITS.keys())
def test_an_incremental_build_says_what_a_fresh_one_says(project, edit, fault):
    assert project.build(out="incremental").warnings == []
    edit(project)
    said = sorted(project.build(out="incremental").warnings)
    assert said == sorted(project.build(out="fresh").warnings)
    assert any(line.startswith(fault) for line in said), said
    assert sorted(project.build(out="incremental").warnings) == said


def test_contents_decide_what_is_read_again_not_times(project):
    page = project.root / "docs/numbers/median.md"
    text = page.read_text(encoding="utf-8")
    project.edit("docs/numbers/median.md", "the middle one", "the one in the middle")
    project.build(out="incremental")
    page.write_text(text, encoding="utf-8")
    os.utime(page, (0, 0))  # as `mv` leaves a copy that was put aside
    incremental = project.build(out="incremental")
    assert "take the middle one" in incremental.page("docs/numbers/median.html").text
    assert differing(incremental, project.build(out="fresh")) == []

    doctree = incremental.out.parent / "doctrees/docs/numbers/median.doctree"
    read = doctree.stat().st_mtime_ns
    os.utime(page)
    project.build(out="incremental")
    assert doctree.stat().st_mtime_ns == read
