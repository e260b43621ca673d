"""`make new` and `make fix`: what they write, and that a refusal writes nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fieldbook import advice, authoring, cards, concept, planned, scaffold
from fieldbook.build import environment
from fieldbook.source import code_cells, directives

ROOT = Path(__file__).parents[2]
PLANNED = """\
# Pages to come.
training:
  dpo: Direct preference optimization
  kto: "KTO: \\"a\\" title"  # a comment of its own
# Between the areas.
serving:
  kv-cache: KV cache
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a book with two areas, the project's page template, and no page yet."""
    files = {
        "conf.py": 'fieldbook_areas = {"training": "How.", "serving": "Where."}\n',
        "docs/planned.yml": PLANNED,
        "docs/training/index.md": "# Training\n\n:::{area-pages}\n:::\n\n```{toctree}\n:hidden:\n\nrlhf\n```\n",
        "docs/training/rlhf.md": "# RLHF\n",
        "docs/serving/index.md": "# Serving\n\n:::{area-pages}\n:::\n",
        "code_examples/training/__init__.py": "",
        "code_examples/training/ppo.py": "",
        "tests/code_examples/training/test_ipo.py": "",
        scaffold.TEMPLATE: (ROOT / scaffold.TEMPLATE).read_text(encoding="utf-8"),
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def tree(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}


# --- new -------------------------------------------------------------------------------------------------------------


def test_new_writes_page_module_and_test_and_changes_two_lists(book, capsys):
    before = tree(book)
    assert authoring.new(book, "training/dpo") == 0
    after = tree(book)
    assert after.keys() - before.keys() == {
        "docs/training/dpo.md",
        "code_examples/training/dpo.py",
        "tests/code_examples/training/test_dpo.py",
    }
    assert {name for name in before if before[name] != after[name]} == {"docs/training/index.md", "docs/planned.yml"}
    assert after["docs/planned.yml"] == PLANNED.replace("  dpo: Direct preference optimization\n", "")
    assert after["docs/training/index.md"] == before["docs/training/index.md"].replace("rlhf\n", "rlhf\ndpo\n")
    said = capsys.readouterr().out
    for name in ("wrote docs/training/dpo.md", "changed docs/planned.yml", "toctree of docs/training/index.md"):
        assert name in said
    assert "a guess" not in said


@pytest.mark.parametrize(
    ("slug", "kept", "written"),
    [
        ("ppo", "code_examples/training/ppo.py", "tests/code_examples/training/test_ppo.py"),
        ("ipo", "tests/code_examples/training/test_ipo.py", "code_examples/training/ipo.py"),
    ],
)
def test_new_keeps_a_module_or_a_test_that_came_before_its_page(book, capsys, slug, kept, written):
    before = tree(book)
    assert authoring.new(book, f"training/{slug}") == 0
    after = tree(book)
    assert after[kept] == before[kept]
    assert {f"docs/training/{slug}.md", written} <= after.keys() - before.keys()
    said = capsys.readouterr().out.splitlines()
    assert f"kept {kept}" in said
    assert f"wrote {written}" in said


def test_new_makes_what_a_first_page_of_an_area_needs(book):
    assert authoring.new(book, "serving/kv-cache") == 0
    after = tree(book)
    assert after["code_examples/serving/__init__.py"] == '"""Reference implementations of the area `serving`."""\n'
    assert after["docs/serving/index.md"].endswith(":::\n\n```{toctree}\n:hidden:\n\nkv-cache\n```\n")
    assert after["docs/planned.yml"] == PLANNED.partition("serving:")[0]
    assert "code_examples/serving/kv_cache.py" in after
    assert "tests/code_examples/serving/test_kv_cache.py" in after


def test_new_takes_the_planned_title_and_its_own_names_everywhere(book):
    authoring.new(book, "training/kto")
    authoring.new(book, "serving/kv-cache")
    assert '# KTO: "a" title\n' in (book / "docs/training/kto.md").read_text(encoding="utf-8")
    page = (book / "docs/serving/kv-cache.md").read_text(encoding="utf-8")
    assert "\n# KV cache\n" in page
    cells = "".join(cell.source for cell in code_cells(page))
    assert "\nfrom code_examples.serving.kv_cache import kv_cache\n" in cells
    [included] = directives(page, "literalinclude")
    assert included.argument == "../../code_examples/serving/kv_cache.py"
    assert ":pyobject: kv_cache" in included.body
    assert [block.argument for block in directives(page, "flashcard")] == ["kv-cache-1", "kv-cache-2", "kv-cache-3"]
    assert 'name="kv-cache-values"' in page
    for name in ("docs/serving/kv-cache.md", "code_examples/serving/kv_cache.py"):
        text = (book / name).read_text(encoding="utf-8")
        assert not re.search(r"page[-_]template|\[slug\]|^% ", text, re.MULTILINE), name
    module = (book / "code_examples/serving/kv_cache.py").read_text(encoding="utf-8")
    assert "``docs/serving/kv-cache.md``" in module


def test_new_says_when_the_title_is_a_guess(book, capsys):
    assert authoring.new(book, "training/dpo-loss") == 0
    assert "# Dpo loss\n" in (book / "docs/training/dpo-loss.md").read_text(encoding="utf-8")
    said = capsys.readouterr().out
    assert "docs/planned.yml does not name the page: correct its title, which is a guess" in said
    assert "did you mean 'training/dpo'?" in said
    assert (book / "docs/planned.yml").read_text(encoding="utf-8") == PLANNED


def test_a_new_page_carries_the_month_and_lacks_its_summary_and_its_questions(book):
    files = scaffold.files(book, "training/dpo", areas=["training"], pages=[], month="2031-07")
    front = concept.parse(files["docs/training/dpo.md"], "docs/training/dpo")
    assert [(fault.line, fault.message.partition(" (")[0]) for fault in front.faults] == [
        (4, "'summary' is not as it should be"),
        (6, "'questions' is not as it should be"),
    ]
    filled = files["docs/training/dpo.md"].replace("summary:", "summary: One sentence.")
    filled = filled.replace("questions:", "questions: [What is it?]")
    assert concept.parse(filled, "docs/training/dpo").concept.reviewed == "2031-07"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", "'' is not area/slug; write, for example, 'make new CONCEPT=training/dpo'"),
        ("dpo", "'dpo' is not area/slug; write, for example, 'make new CONCEPT=training/dpo'"),
        ("trainig/dpo", "unknown area 'trainig'; did you mean 'training'?"),
        ("docs/training/dpo", "unknown area 'docs'; the areas are training, serving"),
        ("training/DPO", "'DPO' is no slug; use lower case, digits and single hyphens"),
        ("training/dpo.md", "'dpo.md' is no slug; use lower case, digits and single hyphens"),
        ("training/dpo\n", "'dpo\n' is no slug; use lower case, digits and single hyphens"),
        ("training/a/b", "'a/b' is no slug; use lower case, digits and single hyphens"),
        ("training/index", "'index' cannot name a page and its module 'index.py'"),
        ("training/lambda", "'lambda' cannot name a page and its module 'lambda.py'"),
        ("training/8x7b", "'8x7b' cannot name a page and its module '8x7b.py'"),
        ("training/rlhf", "docs/training/rlhf.md exists already; edit it, or choose another slug"),
        ("serving/rlhf", "docs/training/rlhf.md exists already; edit it, or choose another slug"),
        ("serving/dpo", "'dpo' is planned in 'training', not in 'serving'; move its entry, or write it there"),
    ],
)
def test_a_refusal_is_one_sentence_and_writes_nothing(book, capsys, place, message):
    before = tree(book)
    assert authoring.new(book, place) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(message)
    assert said.err.count("\n") == 1 + place.count("\n")
    assert tree(book) == before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("docs/planned.yml", "training: [dpo]\n", "docs/planned.yml:1: not a mapping of slugs; write 'area:'"),
        (
            "docs/planned.yml",
            "training: {dpo: DPO, kto: K}\n",
            "docs/planned.yml:1: the entry of 'dpo' must stand on a line",
        ),
        ("docs/planned.yml", "training:\n  dpo:\n    DPO\n  kto: K\n", "docs/planned.yml:2: the entry of 'dpo' must"),
        (
            "docs/planned.yml",
            "'training':\n  dpo: DPO\n",
            "docs/planned.yml:2: the entry of 'dpo' must stand on a line",
        ),
        ("docs/planned.yml", None, "docs/planned.yml does not exist; a new page needs it"),
        ("docs/training/index.md", None, "docs/training/index.md does not exist; a new page needs it"),
    ],
)
def test_a_list_that_cannot_be_changed_stops_it(book, capsys, name, text, message):
    if text is None:
        (book / name).unlink()
    else:
        (book / name).write_text(text, encoding="utf-8")
    before = tree(book)
    assert authoring.new(book, "training/dpo") == 1
    assert capsys.readouterr().err.startswith(message)
    assert tree(book) == before


def run_tests(book: Path, *paths: str) -> str:
    """Return what pytest says of the examples and tests of `paths`; they must not pass."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--doctest-modules",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir=.",
            "--color=no",
            *paths,
        ],
        cwd=book,
        env=environment(book),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_a_new_module_and_its_test_fail_until_both_are_written(book):
    authoring.new(book, "training/dpo")
    (book / "code_examples/__init__.py").write_text("", encoding="utf-8")
    module, test = book / "code_examples/training/dpo.py", "tests/code_examples/training/test_dpo.py"
    said = run_tests(book, "code_examples/training/dpo.py", test)
    assert re.search(r"^6 failed in ", said.splitlines()[-1]), said
    assert "UNEXPECTED EXCEPTION: NotImplementedError('dpo is not written yet')" in said

    body = (
        "    if not len(values):\n"
        '        raise ValueError("values are empty; pass at least one")\n'
        "    if any(value != value for value in values):\n"
        '        raise ValueError("a value is not finite; pass finite values")\n'
        "    return sum(values) / len(values)\n"
    )
    text = module.read_text(encoding="utf-8").replace('    raise NotImplementedError("dpo is not written yet")\n', body)
    module.write_text(text, encoding="utf-8")
    said = run_tests(book, "code_examples/training/dpo.py", test)
    assert re.search(r"^2 failed, 4 passed in ", said.splitlines()[-1]), said
    assert "not written: compute this by SciPy" in said
    assert "not written: what stays the same" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A\n", "# A\n\n```{toctree}\n:hidden:\n\nx\n```\n"),
        ("```{toctree}\n:hidden:\n```\n", "```{toctree}\n:hidden:\n\nx\n```\n"),
        ("```{toctree}\n```\n", "```{toctree}\n\nx\n```\n"),
        (":::{toctree}\n\na\n:::\n\nText.\n", ":::{toctree}\n\na\nx\n:::\n\nText.\n"),
        ("```{toctree}\na\nx\n```\n", "```{toctree}\na\nx\n```\n"),
        ("```{toctree}\na\n```\n\n```{toctree}\nb\n```\n", "```{toctree}\na\nx\n```\n\n```{toctree}\nb\n```\n"),
        ("```{toctree}\nxx\n```\n", "```{toctree}\nxx\nx\n```\n"),
    ],
)
def test_a_page_comes_last_in_the_first_toctree(text, expected):
    assert scaffold.enlist(text, "x") == expected


def test_an_entry_leaves_the_plan_and_nothing_else_changes():
    entries, _ = planned.parse(PLANNED)
    for slug in entries:
        left, faults = planned.parse(scaffold.unplan(PLANNED, slug))
        assert faults == []
        assert left.keys() == entries.keys() - {slug}
    assert scaffold.unplan(PLANNED, "kto") == PLANNED.replace(
        '  kto: "KTO: \\"a\\" title"  # a comment of its own\n', ""
    )
    assert planned.parse(scaffold.unplan("serving:\n  kv-cache: KV cache\n", "kv-cache")) == ({}, [])


# --- the pages that new stands on ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["page-template", "kitchen-sink"])
def test_the_guide_s_own_front_matter_is_that_of_a_concept_page(name):
    text = (ROOT / "docs" / "contributing" / f"{name}.md").read_text(encoding="utf-8")
    assert concept.parse(text, name).faults == ()
    assert code_cells(text)


# --- fix -------------------------------------------------------------------------------------------------------------

PAGE = """\
---
reviewed: 2026-11
summary: One sentence.
aliases: []
requires: []
contrasts: []
---
# RLHF

:::{flashcard} rlhf-1
Why?
---
So.
:::
"""


def test_fix_sorts_the_front_matter_and_enters_the_cards(book, capsys):
    page = book / "docs/training/rlhf.md"
    page.write_text(PAGE, encoding="utf-8")
    assert authoring.fix(book) == 0
    assert page.read_text(encoding="utf-8").splitlines()[1:6] == [
        "summary: One sentence.",
        "aliases: []",
        "requires: []",
        "contrasts: []",
        "reviewed: 2026-11",
    ]
    entries, faults = cards.parse_ledger((book / "docs/training/cards.yml").read_text(encoding="utf-8"), "cards.yml")
    assert faults == []
    assert entries["rlhf-1"].answer == "So."
    assert capsys.readouterr().out == (
        "docs/training/rlhf.md: front matter put in order\ncard 'rlhf-1' entered into its ledger\n"
    )
    before = tree(book)
    assert authoring.fix(book) == 0
    assert tree(book) == before


def test_fix_enters_no_card_of_a_page_that_still_holds_guidance(book, capsys):
    authoring.new(book, "training/dpo")
    (book / "docs/training/rlhf.md").write_text(PAGE, encoding="utf-8")
    capsys.readouterr()
    assert authoring.fix(book) == 0
    assert "docs/training/dpo.md: still holds guidance of the page template" in capsys.readouterr().out
    ledger = (book / "docs/training/cards.yml").read_text(encoding="utf-8")
    assert "rlhf-1" in ledger
    assert "dpo-1" not in ledger


@pytest.mark.parametrize(
    ("old", "new"),
    [("summary:", "sumary:"), ("aliases: []", "summary: Two."), ("---\n# RLHF", "# RLHF")],
    ids=["unknown key", "doubled key", "never closed"],
)
def test_fix_leaves_front_matter_alone_that_it_does_not_understand(old, new):
    text = PAGE.replace(old, new)
    assert text != PAGE
    assert authoring.sort_front_matter(text) == text


# --- advise, and fix with links --------------------------------------------------------------------------------------

HEAD = "---\nsummary: One.\naliases: []\nrequires: [{}]\ncontrasts: []\nreviewed: 2026-11\n---\n\n# {}\n\n"
RLHF = HEAD.format("", "RLHF") + "Then DPO, with a KV cache.\n\n## How it works\n\nThe KV cache, and DPO: $2a$.\n"


def test_advice_is_located_and_says_what_to_type(book, capsys):
    (book / "docs/training/rlhf.md").write_text(RLHF, encoding="utf-8")
    assert advice.advise(book, "training/rlhf") == 0
    fix = "or run: make fix PAGE=training/rlhf LINKS"
    early = "is used before a page that this one requires is about it; type"
    assert capsys.readouterr().out.splitlines() == [
        f"docs/training/rlhf.md:11: 'DPO' {early} [DPO](#dpo), {fix}=dpo:11; or add dpo to requires, or say what it is "
        "[advice.term]",
        f"docs/training/rlhf.md:11: 'KV cache' {early} [KV cache](#kv-cache), {fix}=kv-cache:11; or add kv-cache to "
        "requires, or say what it is [advice.term]",
        f"docs/training/rlhf.md:15: 'KV cache' is named without a link; type [KV cache](#kv-cache), {fix}=kv-cache:15 "
        "[advice.link]",
        f"docs/training/rlhf.md:15: 'DPO' is named without a link; type [DPO](#dpo), {fix}=dpo:15 [advice.link]",
        "docs/training/rlhf.md:15: no sentence up to the end of this section says what $a$ is; add one, with that "
        "formula in it [advice.symbol]",
    ]
    (book / "docs/training/rlhf.md").write_text(RLHF.replace("[]\ncontrasts", "[dpo]\ncontrasts"), encoding="utf-8")
    advice.advise(book, "training/rlhf")
    assert "docs/training/rlhf.md:11: 'DPO' is named without a link;" in capsys.readouterr().out


def test_fix_puts_in_the_links_that_are_named_and_nothing_else(book, capsys):
    page, other = book / "docs/training/rlhf.md", book / "docs/serving/batching.md"
    page.write_text(RLHF, encoding="utf-8")
    other.write_text(HEAD.format("", "Batching") + "DPO.\n", encoding="utf-8")
    before = tree(book)
    assert advice.fix(book, "training/rlhf", "kv-cache dpo:15") == 0
    mended = RLHF.replace("KV cache", "[KV cache](#kv-cache)").replace("and DPO", "and [DPO](#dpo)")
    assert tree(book) == {**before, "docs/training/rlhf.md": mended}
    assert "docs/training/rlhf.md:15: linked to 'dpo'" in capsys.readouterr().out
    assert advice.fix(book, "training/rlhf", "kv-cache dpo:15") == 0
    assert capsys.readouterr().out == "no proposed link to kv-cache, dpo:15; nothing changed\n"
    assert advice.fix(book, "", "dpo") == 0
    assert tree(book) == {
        **before,
        "docs/training/rlhf.md": mended.replace("Then DPO", "Then [DPO](#dpo)"),
        "docs/serving/batching.md": before["docs/serving/batching.md"].replace("\nDPO", "\n[DPO](#dpo)"),
    }


def test_an_unknown_page_or_slug_changes_nothing(book, capsys):
    (book / "docs/training/rlhf.md").write_text(RLHF, encoding="utf-8")
    before = tree(book)
    assert advice.fix(book, "training/rlhf", "dpo kv-cach") == 1
    assert advice.fix(book, "training/rlfh", "dpo") == 1
    assert advice.advise(book, "training/rlfh") == 1
    assert capsys.readouterr().err.splitlines() == [
        "unknown slug 'kv-cach' in LINKS; did you mean 'kv-cache'?",
        "no page 'training/rlfh'; did you mean 'training/rlhf'?",
        "no page 'training/rlfh'; did you mean 'training/rlhf'?",
    ]
    assert tree(book) == before
