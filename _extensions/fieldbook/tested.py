"""How this site is tested, in figures that nobody types: the tables of ``docs/about/tested.md``.

``{tested} pages`` and its like leave a placeholder, which is filled when the page is written. Most figures are counted
in the build at hand, so the page is written again whenever one of them has changed. What takes longer than a build,
the mutants, comes from the committed file that `make mutants` writes.
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib.bibtex.citation_target import parse_citation_targets

from fieldbook import yml
from fieldbook.citations import SEEN
from fieldbook.domain import concepts
from fieldbook.number_gate import site_counts
from fieldbook.numbers import Class

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

MUTANTS = "tests/mutation/results.json"
REFUSED = "tests/pages/refused"
ACCEPTED = "tests/pages/accepted"
Table = list[tuple[str, ...]]


class tested_table(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """Stands in the page until it is written; ``table`` says which one."""


def count_asserts(cells: Iterable[str]) -> int:
    r"""Return how many assertions some cells make.

    Examples
    --------
    >>> count_asserts(["x = 1", "assert x == 1\nassert x", "%magic", "for x in y:\n    if x:\n        assert x"])
    3
    """
    return sum(_asserts(_body(cell)) for cell in cells if "assert" in cell)


def _asserts(statements: Iterable[ast.AST]) -> int:
    """Count among statements and what they hold; no expression holds one, and most of a tree is expressions."""
    count = 0
    for one in statements:
        inner = [
            child for key in ("body", "orelse", "finalbody", "handlers", "cases") for child in getattr(one, key, ())
        ]
        count += isinstance(one, ast.Assert) + _asserts(inner)
    return count


def _body(code: str) -> list[ast.stmt]:
    try:
        return ast.parse(code).body
    except SyntaxError:  # a magic, a program of the shell
        return []


def page_table(app: Sphinx) -> Table:
    """Return what runs in each area: pages, their cells, what checks them, the examples of their modules."""
    results, jobs, pages = app.fieldbook_results, app.fieldbook_jobs, concepts(app.env).data["pages"]  # type: ignore[attr-defined]
    rows: Table = [("Area", "Pages", "Cells", "Assertions", "Examples on pages", "Examples of modules")]
    totals: Counter[str] = Counter()
    for area in app.config.fieldbook_areas:
        count: Counter[str] = Counter(pages=sum(page.area == area for page in pages.values()))
        for name, job in jobs.items():
            of_page, of_module = name in pages and pages[name].area == area, name.startswith(f"code_examples/{area}/")
            if of_page:
                sources = [cell["source"] for cell in job["cells"]]
                count.update(cells=len(sources), asserts=count_asserts(sources))
            if of_page or of_module:
                examples = results[name]["examples"] if results[name] else 0
                count.update({"page" if of_page else "module": examples})
        totals += count
        if count["pages"]:
            rows.append(_page_row(area.capitalize(), count))
    return [*rows, _page_row("All", totals)]


def _page_row(name: str, count: Counter[str]) -> tuple[str, ...]:
    return (name, *(f"{count[key]:,}" for key in ("pages", "cells", "asserts", "page", "module")))


def number_table(app: Sphinx) -> Table:
    """Return how many numbers of each class the site's text holds."""
    total: Counter[str] = sum(site_counts(app, app.env).values(), Counter())
    meaning = {
        Class.COMPUTED: "pasted from a cell",
        Class.GIVEN: "an input that stands in the code",
        Class.CITED: "in a sentence that names its source",
        Class.NAMED: "part of a name",
        Class.HELD: "in a formula or in code, equal to a value of a cell",
        Class.STRUCTURE: "an index, an exponent, a small number of a formula",
    }
    rows = [(str(kind).capitalize(), text, f"{total[str(kind)]:,}") for kind, text in meaning.items()]
    return [("Class", "What it is", "Numbers"), *rows, ("All", "", f"{total.total():,}")]


def source_table(app: Sphinx) -> Table:
    """Return how the sources were read, and how often each kind is cited."""
    entries = app.env.get_domain("cite").bibdata.data.entries  # type: ignore[attr-defined]
    seen = {key: entry.fields.get("seen", "no") for key, entry in entries.items()}
    written = [keys for lines in concepts(app.env).data["citations"].values() for _, keys in lines]
    cited = Counter(seen.get(target.key) for keys in written for target in parse_citation_targets(keys))
    rows = [
        (meaning.rstrip("."), f"{list(seen.values()).count(how):,}", f"{cited[how]:,}") for how, meaning in SEEN.items()
    ]
    return [("How it was read", "Sources", "Citations"), *rows, ("All", f"{len(seen):,}", f"{cited.total():,}")]


def mutant_table(app: Sphinx) -> Table:
    """Return what became of the mutants, as last measured."""
    path = Path(app.srcdir, MUTANTS)
    rows: Table = [("Area", "Code of", "Mutants", "Run", "Equivalent", "Killed by the build", "By build or tests")]
    if not path.exists():
        return rows
    measured = json.loads(path.read_text(encoding="utf-8"))
    for area, kinds in measured["areas"].items():
        rows += [_mutant_row(area.capitalize(), kind, count) for kind, count in sorted(kinds.items())]
    return [*rows, _mutant_row("All", "", measured["all"])]


def _mutant_row(area: str, kind: str, count: dict[str, Any]) -> tuple[str, ...]:
    shares = (f"{100 * count['scores'][oracle]:.1f} %" for oracle in ("build", "tests"))
    made = count["mutants"] + count["left_out"]
    return (area, kind, f"{made:,}", f"{count['mutants']:,}", f"{count['equivalent']:,}", *shares)


def refusal_table(app: Sphinx) -> Table:
    """Return how many faulty pages each rule is seen to refuse in the tests."""
    counts = {path.stem: _entries(path) for path in sorted(Path(app.srcdir, REFUSED).glob("*.yml"))}
    rows = [("of Sphinx and MyST" if rule == "others" else rule, f"{count:,}") for rule, count in counts.items()]
    return [("Rule", "Refused pages"), *rows, ("All", f"{sum(counts.values()):,}")]


def _entries(path: Path) -> int:
    try:
        return len(yml.read(path.read_text(encoding="utf-8"))[1] or ())
    except yaml.YAMLError:
        return 0  # the tests say so


TABLES: dict[str, Callable[[Any], Table]] = {
    "pages": page_table,
    "numbers": number_table,
    "sources": source_table,
    "mutants": mutant_table,
    "refusals": refusal_table,
}


class FiguresDirective(SphinxDirective):
    """Place one of the tables."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the placeholder."""
        if self.arguments[0] not in TABLES:
            raise self.error(f"there is no table '{self.arguments[0]}'; write {', '.join(TABLES)}")
        concepts(self.env).data["tested"].setdefault(self.env.docname, "")
        node = tested_table("", table=self.arguments[0])
        self.set_source_info(node)
        return [node]


class FillTables(SphinxPostTransform):
    """Replace each placeholder by its table."""

    default_priority = 7

    def run(self, **kwargs: Any) -> None:
        """Fill the tables of this document."""
        for node in list(self.document.findall(tested_table)):
            app = self.env._app
            head, *rows = TABLES[node["table"]](app)
            group = nodes.tgroup("", cols=len(head))
            group += [nodes.colspec("", colwidth=100 // len(head)) for _ in head]
            group += [nodes.thead("", _row(head)), nodes.tbody("", *(_row(row) for row in rows))]
            node.replace_self(nodes.table("", group, classes=["fb-counted"]))


def _row(cells: tuple[str, ...]) -> nodes.row:
    """Return a row; what begins with a digit is a figure and stands on the right."""
    return nodes.row(
        "",
        *(nodes.entry("", nodes.paragraph("", text), classes=["text-right"] * text[:1].isdigit()) for text in cells),
    )


def on_env_updated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the pages whose figures have changed since they were written."""
    known = concepts(env).data["tested"]
    if not known:
        return []
    current = repr({name: table(app) for name, table in TABLES.items()})
    changed = [docname for docname, written in known.items() if written != current]
    known.update(dict.fromkeys(known, current))
    return changed


def setup_tested(app: Sphinx) -> None:
    """Register directive, placeholder and transform."""
    app.add_directive("tested", FiguresDirective)
    app.add_node(tested_table)
    app.add_post_transform(FillTables)
    app.connect("env-updated", on_env_updated)
