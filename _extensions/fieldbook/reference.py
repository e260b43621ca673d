"""What the writing guide shows of the rules, made from the declarations that enforce them.

``{front-matter-table}``, ``{limit-table}`` and ``{rule-table}`` are tables; they hold what `concept`, `structure` and
`faults` declare, so the guide cannot disagree with the build. ``{example}`` shows its body twice, as source and as
result. ``{guidance}`` is the advice in the page template that ``make new`` copies; a concept page that still holds one
is refused.
"""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from fieldbook import concept, faults, structure
from fieldbook.callouts import Callout
from fieldbook.domain import Place
from fieldbook.faults import Fault, Rule, warn

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def rule_rows() -> list[tuple[str, str]]:
    """Return a row for each rule: its name, and the text that stands under it in `faults.Rule`.

    Examples
    --------
    >>> rule_rows()[0][0]
    '`fieldbook.front-matter`'
    """
    [declared] = ast.parse(inspect.getsource(Rule)).body
    assert isinstance(declared, ast.ClassDef)
    notes = {
        line.targets[0].id: note.value.value
        for line, note in itertools.pairwise(declared.body)
        if isinstance(line, ast.Assign)
        and isinstance(line.targets[0], ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
    }
    return [(f"`fieldbook.{rule.value}`", str(notes[rule.name])) for rule in Rule]


def limit_rows() -> list[tuple[str, str]]:
    """Return a row for each part of a page that has a limit."""
    body = ", ".join(f"*{part}*" for part in structure.PARTS[:3])
    return [
        ("Summary", f"one sentence, at most {concept.SUMMARY_LENGTH} characters"),
        ("Opening", f"at most {structure.OPENING_WORDS} words, callouts not counted"),
        ("Pitfall", "exactly one"),
        (f"{body} together", f"at most {structure.BODY_WORDS:,} words; aim at 400 to 1,200"),
        (f"*{structure.PARTS[3]}*", f"at most {structure.MISREADS} entries"),
        (f"*{structure.PARTS[4]}*", f"{structure.CARDS[0]} to {structure.CARDS[-1]} flashcards"),
    ]


class ReferenceTable(SphinxDirective):
    """A table made from a declaration; its cells are inline Markdown."""

    headings: ClassVar[tuple[str, ...]]
    modules: ClassVar[tuple[ModuleType, ...]]

    def run(self) -> list[nodes.Node]:
        """Return the table, and depend on the modules that declare what it holds."""
        for module in self.modules:
            self.env.note_dependency(str(module.__file__))
        group = nodes.tgroup("", cols=len(self.headings))
        group += [nodes.colspec("", colwidth=100 // len(self.headings)) for _ in self.headings]
        group += nodes.thead("", self._row(self.headings))
        group += nodes.tbody("", *(self._row(row) for row in self.rows()))
        return [nodes.table("", group, classes=["fb-declared"])]

    def rows(self) -> Iterable[tuple[str, ...]]:
        """Return the rows."""
        raise TypeError(f"{type(self).__name__} must give its rows")

    def _row(self, cells: tuple[str, ...]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *self._inline(text))) for text in cells))

    def _inline(self, text: str) -> list[nodes.Node]:
        parts, messages = self.parse_inline(text)
        return [*parts, *messages]


class FrontMatterTable(ReferenceTable):
    """The keys of the front matter, in their order."""

    headings = ("Key", "Required", "What it holds")
    modules = (concept,)

    def rows(self) -> Iterable[tuple[str, ...]]:
        """Return a row for each key."""
        return [(f"`{key}`", required, text) for key, required, text in concept.schema_rows()]


class LimitTable(ReferenceTable):
    """How long each part of a page may be."""

    headings = ("Part", "Limit")
    modules = (concept, structure)

    def rows(self) -> Iterable[tuple[str, ...]]:
        """Return a row for each part."""
        return limit_rows()


class RuleTable(ReferenceTable):
    """The rules that can refuse a page."""

    headings = ("Rule", "What it refuses")
    modules = (faults,)

    def rows(self) -> Iterable[tuple[str, ...]]:
        """Return a row for each rule."""
        return rule_rows()


class Example(SphinxDirective):
    """Show the body as source, and below it as result."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return ``container(literal_block, container(…))``."""
        text = "\n".join(self.content)
        source = nodes.literal_block(text, text, language="markdown")
        result = nodes.container("", classes=["fb-result"])
        self.set_source_info(source)
        self.state.nested_parse(self.content, self.content_offset, result)
        return [nodes.container("", source, result, classes=["fb-example"])]


class Guidance(Callout):
    """Advice for the author; it has done its work when it is gone."""

    css_class = "fb-guidance"

    def run(self) -> list[nodes.Node]:
        """Return the admonition; on a concept page, refuse it as well."""
        if Place.of(self.env.docname, self.config.fieldbook_areas):
            message = "guidance of the page template still stands here; do what it says, then remove it"
            warn([Fault(self.env.docname, self.lineno, Rule.STRUCTURE, message)])
        return super().run()

    def title(self) -> nodes.title:
        """Return the one title that all guidance has."""
        return nodes.title("", "Guidance")


def setup_reference(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("front-matter-table", FrontMatterTable)
    app.add_directive("limit-table", LimitTable)
    app.add_directive("rule-table", RuleTable)
    app.add_directive("example", Example)
    app.add_directive("guidance", Guidance)
