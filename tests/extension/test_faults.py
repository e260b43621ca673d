"""Bad input: a book with one fault of each kind, all reported by one build, each with place, rule and remedy."""

from __future__ import annotations

import textwrap

import pytest

from fieldbook import authoring

PAGE = """---
summary: {summary}
aliases: []
requires: [{requires}]
contrasts: []
reviewed: 2026-11
---

# {title}

It opens {cite}.

:::{{pitfall}}
It falls.
:::

## How it works

{body}

## Check yourself

{cards}
"""


def page(slug: str, **changes: str) -> str:
    """Return a good page, but for the changes."""
    cards = "\n".join(
        f":::{{flashcard}} {slug}-{number}\nWhat is number {word} of {slug}?\n---\nIt is {word}.\n:::\n"
        for number, word in enumerate(["one", "two", "three"], 1)
    )
    good = {
        "summary": "One sentence.",
        "requires": "",
        "title": f"About {slug}",
        "cite": "{cite:p}`gauss1809theoria`",
        "body": "It works.",
        "cards": cards,
    }
    return PAGE.format(**{**good, **changes})


class Faulty:
    """Collects faulty files and what the build must say of each."""

    def __init__(self, project) -> None:
        self.project = project
        self.expected: list[str] = []

    def file(self, path: str, text: str) -> None:
        assert not (self.project.root / path).exists()
        self.project.write(path, text)

    def edit(self, path: str, old: str, new: str) -> None:
        self.project.edit(path, old, new)

    def expect_of_myst(self, path: str, at: str, message: str) -> None:
        """Expect what MyST says of a fault that we name as well."""
        self.expected.append(f"{path}:{self.project.line(path, at)}: WARNING: {message}")

    def expect(self, path: str, at: str | int, message: str, rule: str) -> None:
        """Expect `message` at the line of `path` on which the text `at` begins, or at a line number."""
        line = at if isinstance(at, int) else self.project.line(path, at)
        place = f"{path}:{line}" if line else path
        self.expected.append(f"{place}: WARNING: {message} [fieldbook.{rule}]")


def add_front_matter_faults(faulty: Faulty) -> None:
    order = "the order is file_format, kernelspec, summary, aliases, requires, contrasts, reviewed"
    faulty.file("docs/words/unknownkey.md", page("unknownkey").replace("aliases: []", "aliases: []\nlevel: easy"))
    faulty.expect(
        "docs/words/unknownkey.md",
        "level: easy",
        "unknown key 'level'; the keys are file_format, kernelspec, summary, aliases, requires, contrasts, reviewed",
        "front-matter",
    )
    faulty.file("docs/words/missingkey.md", page("missingkey").replace("contrasts: []\n", ""))
    faulty.expect(
        "docs/words/missingkey.md",
        1,
        "key 'contrasts' is missing; write a list of slugs such as '[softmax, embeddings]', or '[]'",
        "front-matter",
    )
    disordered = page("disordered").replace("aliases: []\nrequires: []", "requires: []\naliases: []")
    faulty.file("docs/words/disordered.md", disordered)
    faulty.expect(
        "docs/words/disordered.md",
        "aliases: []",
        f"key 'aliases' stands after 'requires'; {order} ('make fix' sorts them)",
        "front-matter",
    )
    faulty.file("docs/words/overlong.md", page("overlong", summary="x" * 170))
    faulty.expect(
        "docs/words/overlong.md", 2, "summary has 170 characters, 10 more than 160; shorten it", "front-matter"
    )
    faulty.file("docs/words/unread.md", "---\nsummary: One: two.\n" + page("unread").split("\n", 2)[2])
    faulty.expect(
        "docs/words/unread.md",
        2,
        "front matter is not YAML (mapping values are not allowed in this context); "
        "quote a value that holds ': ' or starts with a mark",
        "front-matter",
    )
    faulty.expected.append("docs/words/unread.md:1: WARNING: Malformed YAML [myst.topmatter]")
    no_kernel = page("nokernel", body="```{code-cell} ipython3\nassert 1 + 1\n```")
    faulty.file("docs/words/nokernel.md", no_kernel)
    faulty.expect(
        "docs/words/nokernel.md",
        "```{code-cell}",
        "the page has cells, but no 'file_format: mystnb' and 'kernelspec: {name: python3}'; "
        "add both at the head of the front matter",
        "front-matter",
    )
    faulty.expect_of_myst(
        "docs/words/nokernel.md",
        "```{code-cell}",
        "Found an unexpected `code-cell` or `raw-cell` directive. Either this file was not converted to a notebook, "
        "because Jupytext header content was missing, or the `code-cell` was not converted, because it is nested. "
        "See https://myst-nb.readthedocs.io/en/latest/authoring/text-notebooks.html for more information. "
        "[mystnb.nbcell] [mystnb.nbcell]",
    )


def add_graph_faults(faulty: Faulty) -> None:
    faulty.file("docs/words/unknownslug.md", page("unknownslug", requires="tokn", body="See [it](#medain)."))
    faulty.expect("docs/words/unknownslug.md", 4, "unknown slug 'tokn' in requires; did you mean 'token'?", "requires")
    faulty.expect(
        "docs/words/unknownslug.md", "See [it]", "unknown slug 'medain' in a link; did you mean 'median'?", "link"
    )
    for slug, needed in (("ring-a", "ring-b"), ("ring-b", "ring-c"), ("ring-c", "ring-a")):
        faulty.file(f"docs/words/{slug}.md", page(slug, requires=needed))
    faulty.expect(
        "docs/words/ring-a.md",
        4,
        "requires goes round in a circle: ring-a → ring-b → ring-c → ring-a; take one of these prerequisites out",
        "requires",
    )
    faulty.edit("docs/planned.yml", "words:", "words:\n  token: Token")
    faulty.expect(
        "docs/planned.yml", 2, "'token' is planned, but docs/words/token.md exists; remove this entry", "planned"
    )
    faulty.file("docs/wordz/stray.md", "# Stray\n")
    faulty.expect(
        "docs/wordz/stray.md",
        1,
        "'wordz' is no area; did you mean 'words'? (pages are docs/<area>/<slug>.md)",
        "area",
    )
    faulty.file("docs/words/capture.md", page("capture", body="### Token\n\nNot the page."))
    faulty.expect(
        "docs/words/capture.md",
        "### Token",
        "this heading has the id 'token', which is the slug of another page; word it otherwise",
        "title",
    )


def add_card_faults(faulty: Faulty) -> None:
    good = page("cards")
    first = faulty.project.line("docs/numbers/mean.md", ":::{flashcard} mean-1")
    cards = good[good.index(":::{flashcard}") :]
    twice = cards.replace("cards-2", "mean-1", 1).replace("cards-3", "Cards 3", 1)
    faulty.file("docs/words/cards.md", page("cards", cards=twice + ":::{flashcard} cards-4\nNo answer?\n:::\n"))
    faulty.expect(
        "docs/words/cards.md",
        ":::{flashcard} mean-1",
        f"card id 'mean-1' is taken by docs/numbers/mean.md:{first}; give this card the next free id",
        "flashcard",
    )
    faulty.expect(
        "docs/words/cards.md",
        ":::{flashcard} Cards 3",
        "'Cards 3' is no card id; write the page's slug and a number, such as 'softmax-1'",
        "flashcard",
    )
    faulty.expect(
        "docs/words/cards.md",
        ":::{flashcard} cards-4",
        "card 'cards-4' has no answer; put a line '---' between question and answer",
        "flashcard",
    )
    faulty.expect(
        "docs/words/cards.md",
        0,
        "the page has 2 flashcards; give it 3 to 8 under 'Check yourself'",
        "structure",
    )


def change_known_cards(faulty: Faulty) -> None:
    """Change cards that the ledger already knows: after the ledger has been brought up to date."""
    entry = faulty.project.line("docs/numbers/cards.yml", "median-1:")
    faulty.edit("docs/numbers/median.md", "What has to be done first?\n---\nSort.", "Who was Tukey?\n---\nA man.")
    faulty.expect(
        "docs/numbers/median.md",
        ":::{flashcard} median-1",
        f"card 'median-1' agrees with docs/numbers/cards.yml:{entry} "
        "in only 0% of its words: if it asks something new, give it the next free id and retire the old one; "
        "if it means the same, update that entry",
        "flashcard",
    )
    faulty.edit("docs/words/token.md", ":::{flashcard} token-3", ":::{flashcard} token-9")
    faulty.expect(
        "docs/words/token.md",
        ":::{flashcard} token-9",
        "card 'token-9' is in no ledger of ids; run 'make fix' to enter it",
        "flashcard",
    )
    faulty.expect(
        "docs/words/cards.yml",
        "token-3:",
        "card 'token-3' is on no page; add 'retired: true' to keep its id from being used again",
        "flashcard",
    )


def add_code_faults(faulty: Faulty) -> None:
    head = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n"
    failing = page(
        "failing", body="```{code-cell} ipython3\nfine = 1\nassert fine\n```\n\n```{code-cell} ipython3\n1 / 0\n```"
    )
    faulty.file("docs/words/failing.md", failing.replace("---\n", head, 1))
    faulty.expect(
        "docs/words/failing.md",
        "```{code-cell} ipython3\n1 / 0",
        "cell fails: ZeroDivisionError: division by zero; mend the cell or the code it calls",
        "cell",
    )
    hidden = page(
        "hidden", body="```{code-cell} ipython3\n:tags: [remove-cell]\nassert 1 == 2, 'prose and code differ'\n```"
    )
    faulty.file("docs/words/hidden.md", hidden.replace("---\n", head, 1))
    faulty.expect(
        "docs/words/hidden.md",
        "```{code-cell}",
        "cell fails: AssertionError: prose and code differ; mend the cell or the code it calls",
        "cell",
    )
    faulty.file("docs/words/wrong.md", page("wrong", body="```pycon\n>>> x = 2\n>>> x + 2\n5\n```"))
    faulty.expect(
        "docs/words/wrong.md",
        ">>> x + 2",
        "doctest 'x + 2' gave 4, not 5; correct the code, or the result it shows",
        "doctest",
    )
    faulty.edit("code_examples/numbers/mean.py", "    3.0\n", "    3.5\n")
    faulty.expect(
        "code_examples/numbers/mean.py",
        ">>> mean([1.0",
        "doctest 'mean([1.0, 2.0, 6.0])' gave 3.0, not 3.5; correct the code, or the result it shows",
        "doctest",
    )
    faulty.file("docs/words/formula.md", page("formula", body="First a line,\nthen $\\frac{1}$ here."))
    faulty.expect(
        "docs/words/formula.md",
        "then $",
        "formula does not compile: Unexpected end of input in a macro argument, expected '}' at end of input: "
        "\\frac{1}; mend it (KaTeX's dialect of TeX)",
        "math",
    )
    faulty.edit("docs/numbers/mean.md", "With {given}`6` as", "With {given}`7` as")
    faulty.expect(
        "docs/numbers/mean.md",
        "With {given}",
        "given '7' stands in no cell of this page and not in its module; "
        "use the code's own input, or cite or compute it",
        "given",
    )


def add_bibliography_faults(faulty: Faulty) -> None:
    faulty.file(
        "docs/words/citing.md",
        page("citing", cite="as {cite:t}`gaus1809theoria` says\nand {cite:p}`tukey1960survey{Table 2}`"),
    )
    faulty.expect(
        "docs/words/citing.md",
        "It opens",
        "unknown bibliography key 'gaus1809theoria'; did you mean 'gauss1809theoria'?",
        "bibliography",
    )
    faulty.expect(
        "docs/words/citing.md",
        "and {cite:p}",
        "'Table 2' of 'tukey1960survey' is cited, but its entry has seen = {abstract}; "
        "read that place and say seen = {text}, or cite the source as a whole",
        "bibliography",
    )
    faulty.edit("docs/about/index.md", "Half the values", "Half {cite:p}`gauss1809theoria` the values")
    faulty.expect(
        "docs/about/index.md",
        "Half {cite:p}",
        "the page cites sources and does not list them; end it with a {bibliography} directive",
        "bibliography",
    )
    faulty.file("docs/words/placeless.md", page("placeless", cite="{cite:p}`void2020journal,void2020kind`"))
    for key, what in (("journal", "missing journal in void2020journal"), ("kind", "@poem is no type of entry")):
        message = f"source 'void2020{key}' cannot be listed ({what}); mend its entry in the bibliography"
        faulty.expect("docs/words/placeless.md", 0, message, "bibliography")
    bib = "docs/references.bib"
    entry = "\n@misc{{{key},\n  title = {{T}},\n  author = {{A, B}},\n  year = {{2020}},\n{more}}}\n"
    text = (faulty.project.root / bib).read_text(encoding="utf-8")
    faulty.project.write(
        bib,
        text
        + entry.format(key="unused2020thing", more="  doi = {10.1/x},\n  seen = {no},\n")
        + entry.format(key="doubled2020thing", more="  doi = {10.1/X},\n  seen = {glanced},\n")
        + entry.format(key="void2020journal", more="  doi = {10.2/j},\n  seen = {no},\n")
        .replace("@misc", "@article")
        .replace("A, B", "C, B")
        + entry.format(key="void2020kind", more="  doi = {10.2/k},\n  seen = {no},\n")
        .replace("@misc", "@poem")
        .replace("A, B", "D, B"),
    )
    for key, message in (
        (
            "doubled2020thing",
            "entry 'doubled2020thing' reads 'A 2020' like 'unused2020thing'; "
            "add letters to both years, such as {2020a} and {2020b}",
        ),
        ("unused2020thing", "entry 'unused2020thing' is cited on no page; cite it or remove it"),
        ("doubled2020thing", "entry 'doubled2020thing' stands after 'unused2020thing'; sort the entries by key"),
        (
            "doubled2020thing",
            "entry 'doubled2020thing' seen = {glanced} is unknown; add seen = {text}, {abstract}, {secondhand} or {no}",
        ),
        (
            "doubled2020thing",
            "entry 'doubled2020thing' is the same source as 'unused2020thing' (10.1/x); keep one",
        ),
        ("doubled2020thing", "entry 'doubled2020thing' is cited on no page; cite it or remove it"),
    ):
        faulty.expect(bib, f"@misc{{{key}", message, "bibliography")


def add_shape_faults(faulty: Faulty) -> None:
    untitled = page("untitled").replace("# About untitled\n\n", "")
    faulty.file("docs/words/untitled.md", untitled)
    faulty.expect(
        "docs/words/untitled.md",
        1,
        "the page has no title; begin it, after the front matter, with '# Title'",
        "title",
    )
    faulty.project.write("docs/words/latin.md", "")
    (faulty.project.root / "docs/words/latin.md").write_bytes("# Caf\n\nA caf\xe9.\n".encode("latin-1"))
    faulty.expect("docs/words/latin.md", 3, "the file is not UTF-8 (byte 0xe9); save it as UTF-8", "encoding")
    faulty.file("docs/words/wordy.md", page("wordy", cite="{cite:p}`gauss1809theoria` " + "word " * 140))
    faulty.expect(
        "docs/words/wordy.md",
        "# About wordy",
        "the opening has 144 words, 14 more than 130; move some into 'How it works'",
        "structure",
    )
    parts = page("parts", body="It works.\n\n## Check yourself\n\n## See it run\n\n## How it wroks")
    faulty.file("docs/words/parts.md", parts.replace("## Check yourself\n\n:::", ":::"))
    for part in ("## How it works", "## Check yourself"):
        faulty.expect_of_myst("docs/words/untitled.md", part, "Document headings start at H2, not H1 [myst.header]")
    unclosed = page("unclosed", body="It works.\n\n:::{misread} A statement\nAnd what is right.")
    faulty.file("docs/words/unclosed.md", unclosed)
    faulty.expect(
        "docs/words/unclosed.md",
        ":::{misread}",
        "this fence is never closed and swallows what follows; close it with as many marks as it was opened with",
        "structure",
    )
    order = "How it works, See it run, Choosing and tuning, Often misread, Check yourself"
    faulty.expect(
        "docs/words/parts.md",
        "## See it run",
        f"part 'See it run' stands too late or twice; the order is {order}",
        "structure",
    )
    faulty.expect(
        "docs/words/parts.md",
        "## How it wroks",
        "'How it wroks' is no part of a page; did you mean 'How it works'? (use '###' for headings of your own)",
        "structure",
    )
    pitless = page("pitless").replace(":::{pitfall}\nIt falls.\n:::\n", ":::{misread} A statement\n:::\n")
    faulty.file("docs/words/pitless.md", pitless)
    faulty.expect(
        "docs/words/pitless.md",
        ":::{misread}",
        "{misread} is empty; write its text between the fences",
        "structure",
    )
    faulty.expect(
        "docs/words/pitless.md",
        0,
        "the page has 0 pitfalls, not one; name the one mistake that costs people most",
        "structure",
    )
    links = "A [token](#token) and a [label](#fig-one), a [label](#fig-one).\n\n### More\n\n- One more [token](#token)."
    overlinked = page("overlinked", cite="{cite:p}`gauss1809theoria` by a [token](#token)", body=links)
    overlinked = overlinked.replace("It is 1.", "A [token](#token).").replace("It is 2.", "A [token](#token).")
    faulty.file("docs/words/overlinked.md", overlinked)
    first = faulty.project.line("docs/words/overlinked.md", "A [token](#token) and")
    faulty.expect(
        "docs/words/overlinked.md",
        "- One more",
        f"this section links 'token' already in line {first}; keep that link and only the words here",
        "link",
    )
    sourceless = page("sourceless", cite="without a source", body="(fig-one)=\nIt works.")
    faulty.file("docs/words/sourceless.md", sourceless)
    faulty.expect(
        "docs/words/sourceless.md",
        0,
        "the page cites no source; say where its claims can be checked",
        "structure",
    )


def list_pages(faulty: Faulty) -> None:
    """Put every new page into its area's list, so that only the faults meant are found."""
    folder = faulty.project.root / "docs/words"
    slugs = sorted(path.stem for path in folder.glob("*.md") if path.stem not in ("index", "token", "latin"))
    faulty.edit("docs/words/index.md", "\ntoken\n", "\ntoken\n" + "\n".join([*slugs, "../wordz/stray"]) + "\n")


@pytest.fixture
def faulty(project):
    collected = Faulty(project)
    add_front_matter_faults(collected)
    add_graph_faults(collected)
    add_card_faults(collected)
    add_code_faults(collected)
    add_shape_faults(collected)
    disordered = (project.root / "docs/words/disordered.md").read_text(encoding="utf-8")
    add_bibliography_faults(collected)
    authoring.fix(project.root)
    project.write("docs/words/disordered.md", disordered)  # 'fix' has mended it
    change_known_cards(collected)
    list_pages(collected)
    return collected


def test_every_fault_is_said_in_one_build_and_nothing_else(faulty):
    said = faulty.project.build().warnings
    missing = [line for line in faulty.expected if line not in said]
    surplus = [line for line in said if line not in faulty.expected]
    report = textwrap.indent("\n".join(["", "not said:", *missing, "", "said besides:", *surplus]), "  ")
    assert missing == surplus == [], report
    assert len(said) == len(set(said)) == len(faulty.expected)
