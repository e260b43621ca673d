"""The number gate in real builds: typed numbers everywhere, names and results that change, unchecked cells."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

from fieldbook.check import Page, judge

ROOT = Path(__file__).parents[2]
EVERYWHERE = """It opens with a line
and 30 of them.

- One of 12.

Term
: It is 13.

:::{table} A caption of 14
| Name | Value |
| --- | --- |
| a | 15 |
| b 16 | c |
:::

:::{misread} A statement of 17.
Which says 18.
:::

:::{dropdown} A fold of 19
Its text of 20.
:::

A note.[^note]

[^note]: A footnote of 21.

![A picture of 22](gray.png)

A <b>23</b> in HTML.

See [the 24 means](#mean).

A formula $x = 0.067$, some code `x = 0.068` and a lone $25$.

$$
x = 0.069
$$

Given {given}`26`.

It takes four bits.

### A heading of 27

One [](https://example.org/28) and one <https://example.org/29>.
"""
CARD = """
:::{flashcard} mean-4
A question of 31?
---
An answer
of 32.
:::
"""
CELL = """
```{code-cell} ipython3
:tags: [hide-input]

fig, ax = plt.subplots()
ax.plot(values)
figure(
    fig,
    name="mean-more",
    caption=f"Of 41 values the mean is {mean(values):.1f}.",
    alt="A line that ends at 42.",
)
```
"""


def said(built, rule: str) -> list[str]:
    return [line for line in built.warnings if line.endswith(f"[fieldbook.{rule}]")]


def places(built, rule: str) -> list[tuple[int, str]]:
    """Return line and token of each fault."""
    found = (
        re.match(r"docs/numbers/mean\.md:(\d+): WARNING: (?:given )?'([^']+)'", line) for line in said(built, rule)
    )
    return sorted((int(match[1]), match[2]) for match in found if match)


def test_a_typed_number_is_refused_wherever_it_stands(project):
    page = "docs/numbers/mean.md"
    (project.root / "docs/numbers/gray.png").write_bytes((ROOT / "_static/logo.svg").read_bytes())
    project.edit(page, "## See it run\n", f"{EVERYWHERE}\n## See it run\n")
    project.edit(page, "## Often misread\n", f"{CELL}\n## Often misread\n")
    project.edit(page, ":::{flashcard} mean-3", f"{CARD}\n:::{{flashcard}} mean-3")
    project.edit(page, "summary: The sum", "summary: For 51 values, the sum")
    project.edit(page, "aliases: [average", "aliases: [average of 52")
    built = project.build_apart()
    tokens = [str(number) for number in (*range(12, 26), 27, 30, 31, 32, 41, 42, 51, 52)]
    tokens += ["0.067", "0.068", "0.069", "four bits"]
    rows = (project.root / page).read_text(encoding="utf-8").split("\n")
    found = [[at for at, row in enumerate(rows, 1) if re.search(rf"\b{token}\b(?!-)", row)] for token in tokens]
    assert [len(lines) for lines in found] == [1] * len(tokens)
    assert places(built, "number") == sorted((at, token) for [at], token in zip(found, tokens, strict=True))
    assert places(built, "given") == [(project.line(page, "Given {given}`26`"), "26")]


def test_a_changed_list_of_names_is_judged_without_reading_pages_again(project):
    page = "docs/numbers/mean.md"
    project.write("docs/named.yml", "int8: a format of small integers\n")
    project.edit(page, "One number for many", "One number for many int8 codes")
    assert project.build_apart().warnings == []
    read = (project.root / "_build/out/doctrees/docs/numbers/mean.doctree").stat().st_mtime_ns
    project.write("docs/named.yml", "int4: a format of small integers\n")
    project.edit("docs/about/index.md", "See [the mean]", "Look at [the mean]")
    assert project.build_apart().warnings == [
        f"{page}:{project.line(page, 'int8 codes')}: WARNING: 'int8' has no source; a name that holds a number "
        "goes into docs/named.yml with its reason, anything else is pasted from a cell ({glue:text}), cited in its "
        "line ({cite:p}) or marked {given} [fieldbook.number]",
        "docs/named.yml:1: WARNING: 'int4' stands on no page; take it out [fieldbook.named]",
    ]
    assert (project.root / "_build/out/doctrees/docs/numbers/mean.doctree").stat().st_mtime_ns == read
    project.write("docs/named.yml", "int8: a format of small integers\n")
    assert project.build_apart().warnings == []


def test_a_formula_states_what_a_cell_holds(project):
    page = "docs/numbers/mean.md"
    project.edit(page, "assert mean(values) == 3", "quarter = mean(values) / 12\nassert mean(values) == 3")
    project.edit(page, "With {given}", "A twelfth is $m / 12 = 0.25$.\nWith {given}")
    assert project.build_apart().warnings == []
    project.edit(page, "quarter = mean(values) / 12", "quarter = mean(values) / 11")
    assert places(project.build_apart(), "number") == [(project.line(page, "A twelfth"), "0.25")]


def test_cells_are_checked(project):
    page = "docs/numbers/mean.md"
    project.edit(page, "assert mean(values) == 3", "pass")
    fence = "```pycon\n>>> 4 + 6\n10\n```\n"  # it checks something, and nothing of the cells
    project.edit(page, ">>> from code_examples.numbers.mean import mean\n>>> mean([4, 6])\n5.0", ">>> 4 + 6\n10")
    what = "assert something of 'mean' or 'values' below it, in a cell with the tag 'remove-cell' or in a 'pycon' fence"
    assert said(project.build_apart(), "check") == [
        f"{page}:{project.line(page, cell)}: WARNING: nothing checks what this cell shows; {what} [fieldbook.check]"
        for cell in ("```{code-cell} ipython3\nfrom code_examples", "```{code-cell} ipython3\n:tags: [hide-input]")
    ]
    project.edit(page, fence, "")
    [fault] = said(project.build_apart(), "check")
    assert ": WARNING: nothing on this page checks its cells; assert what the prose says of them" in fault
    project.edit(page, "pass", "assert mean(values) == 3")
    assert project.build_apart().warnings == []


# --- the book's own pages --------------------------------------------------------------------------------------------


def editable_lines(text: str) -> list[tuple[int, list[int]]]:
    """Return the lines of a page's prose that no citation covers, each with where a number may be put."""
    rows, found, fence, cited_table, formula = text.split("\n"), [], "", False, False
    front = rows.index("---", 1) if rows[0] == "---" else -1
    for at, row in enumerate(rows):
        mark = re.match(r"\s*(`{3,})", row)
        if at <= front or fence or mark:
            fence = "" if mark and fence and row.strip() == fence else fence or (mark[1] if mark else "")
            continue
        if row.startswith("$$"):
            formula ^= row.count("$$") == 1
        if formula:
            continue
        if row.startswith(":::"):
            cited_table = "{table}" in row and "cite:" in row
        if not row.startswith(("#", "%", "$$")) and "cite:" not in row and not (cited_table and row.startswith("|")):
            bare = re.sub(
                r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|:::+\{\w+\}( [\w-]+$)?", lambda found: "#" * len(found[0]), row
            )
            spots = [match.end(1) for match in re.finditer(r"([a-z]{2,}) (?=[a-z]{2,})", bare)]
            if spots:
                found.append((at, spots))
    return found


def test_two_hundred_numbers_typed_into_the_books_own_pages_are_all_refused(site, tmp_path):
    """Judged as `make check` judges, which writes no page; the cells are as they were, and so are their results."""
    chance = random.Random(8)
    root = tmp_path / "book"
    ignored = shutil.ignore_patterns("_build", ".venv", "node_modules", ".git", "tests", ".*")
    shutil.copytree(ROOT, root, ignore=ignored)
    shutil.copytree(site.parent / "results", root / "_build/results")
    spots = []
    for page in sorted((root / "docs").glob("*/*.md")):
        if page.stem != "kitchen-sink":  # its examples are shown twice, as source and as result
            text = page.read_text(encoding="utf-8")
            spots += [(page, at, places) for at, places in editable_lines(text)]
    chosen = chance.sample(spots, 200)
    for page, at, where in chosen:
        rows = page.read_text(encoding="utf-8").split("\n")
        cut = chance.choice(where)
        number = chance.choice(
            ["7", "37", "1,234", "12.5", "0.03", "45%", "−8", "3×", "6–9", "70k", "five bits", "1e-5"]
        )
        rows[at] = f"{rows[at][:cut]} {number}{rows[at][cut:]}"
        page.write_text("\n".join(rows), encoding="utf-8")
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    faults = [line for line in judge(root, [Page("about/index")]) if line.endswith("[fieldbook.number]")]
    said_at = {match[1] for line in faults if (match := re.match(r"(\S+:\d+): ", line))}
    missed = [
        f"{page.relative_to(root)}:{at + 1}"
        for page, at, _ in chosen
        if f"{page.relative_to(root)}:{at + 1}" not in said_at
    ]
    assert missed == []
