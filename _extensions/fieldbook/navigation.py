"""The sidebar: the top of the site, and within the current branch its pages.

Furo renders the tree of the whole site into every page and parses the result again, so a page costs more the more pages
there are. Here it is handed no tree at all, and `Sidebar` writes the small one in the markup that Furo's style sheet
knows. Every page stays reachable: an area's own page lists all of its pages.
"""

from __future__ import annotations

import itertools
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


TOGGLE = (
    '<input aria-label="Toggle navigation of {title}" checked="" class="toctree-checkbox" '
    'id="toctree-checkbox-{number}" name="toctree-checkbox-{number}" role="switch" type="checkbox"/>'
    '<label for="toctree-checkbox-{number}"><span class="icon"><svg><use href="#svg-arrow-right"></use></svg></span>'
    "</label>"
)
"""What opens and closes a branch; no script is needed."""


def parents(env: BuildEnvironment) -> dict[str, str]:
    """Return for each listed document the first that lists it, the root before all others."""
    found: dict[str, str] = {}
    for parent in [env.config.root_doc, *sorted(env.toctree_includes)]:
        for child in env.toctree_includes.get(parent, ()):
            found.setdefault(child, parent)
    return found


def branch(parents: dict[str, str], docname: str) -> list[str]:
    """Return the way from the top of the site to a document, both included, the root not.

    Examples
    --------
    >>> branch({"docs/words/index": "index", "docs/words/token": "docs/words/index"}, "docs/words/token")
    ['docs/words/index', 'docs/words/token']
    >>> branch({}, "index")
    []
    """
    way: list[str] = []
    while docname in parents and docname not in way:
        way.insert(0, docname)
        docname = parents[docname]
    return way


def shown_documents(env: BuildEnvironment, parents: dict[str, str], docname: str) -> list[str]:
    """Return the documents that the sidebar of `docname` names."""
    lists = [env.config.root_doc, *branch(parents, docname)]
    return [child for parent in lists for child in env.toctree_includes.get(parent, ())]


class Sidebar:
    """The sidebars of one build: each title is rendered once, each address once a folder."""

    def __init__(self, env: BuildEnvironment, builder: Any, parents: dict[str, str]) -> None:
        self.builder, self.parents = builder, parents
        self.titles = {name: escape(title.astext()) for name, title in env.titles.items()}
        self.children = {
            parent: [child for child in children if child in self.titles]
            for parent, children in env.toctree_includes.items()
        }
        self.root = env.config.root_doc
        self.addresses: dict[tuple[str, str], str] = {}

    def tree(self, docname: str) -> str:
        """Return the tree of a document as Furo would mark it up."""
        way = branch(self.parents, docname)
        numbers = itertools.count(1)

        def items(parent: str, level: int) -> str:
            rows = []
            for child in self.children.get(parent, ()):
                marks, link, after, title = f"toctree-l{level}", "reference internal", "", self.titles[child]
                if child in way:
                    marks, link = f"{marks} current", f"current {link}"
                    if self.children.get(child):
                        marks += " has-children"
                        after = TOGGLE.format(number=next(numbers), title=title) + items(child, level + 1)
                    if child == way[-1]:
                        marks += " current-page"
                address = "#" if child == docname else self.address(docname, child)
                rows.append(f'<li class="{marks}"><a class="{link}" href="{address}">{title}</a>{after}</li>\n')
            mark = ' class="current"' if way else ""
            return f"<ul{mark}>\n{''.join(rows)}</ul>\n" if rows else ""

        return items(self.root, 1)

    def address(self, docname: str, target: str) -> str:
        """Return the relative address of a document, which all documents of one folder share."""
        folder = docname.rpartition("/")[0]
        if (folder, target) not in self.addresses:
            self.addresses[folder, target] = escape(self.builder.get_relative_uri(docname, target), quote=True)
        return self.addresses[folder, target]


def on_write_started(app: Sphinx, builder: Any) -> None:
    """Gather what all sidebars share."""
    builder.fieldbook_sidebar = Sidebar(app.env, builder, app.env.get_domain("concept").parents)  # type: ignore[attr-defined]


def withhold(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the theme no tree to work on."""
    context["toctree"] = lambda **options: ""


def on_html_page_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the page its tree."""
    context["furo_navigation_tree"] = app.builder.fieldbook_sidebar.tree(pagename)  # type: ignore[attr-defined]


def setup_navigation(app: Sphinx) -> None:
    """Run before and after the theme."""
    app.connect("write-started", on_write_started)
    app.connect("html-page-context", withhold, priority=400)
    app.connect("html-page-context", on_html_page_context, priority=600)
