"""The sidebar: the top of the site, and within the current branch its pages.

Furo renders the tree of the whole site into every page and parses the result again, so a page costs more the more pages
there are. Here it is handed no tree at all, and `tree` writes the small one in the markup that Furo's style sheet
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


def tree(env: BuildEnvironment, builder: Any, parents: dict[str, str], docname: str) -> str:
    """Return the sidebar's tree of `docname` as Furo would mark it up."""
    way = branch(parents, docname)
    numbers = itertools.count(1)

    def items(parent: str, level: int) -> str:
        rows = []
        for child in env.toctree_includes.get(parent, ()):
            if child not in env.titles:
                continue
            title = escape(env.titles[child].astext())
            address = escape(builder.get_relative_uri(docname, child), quote=True) if child != docname else "#"
            toggle = TOGGLE.format(number=next(numbers), title=title) if child in way and has_children(child) else ""
            inside = items(child, level + 1) if toggle else ""
            marks = f"toctree-l{level}"
            marks += " current" if child in way else ""
            marks += " has-children" if toggle else ""
            marks += " current-page" if [child] == way[-1:] else ""
            link = "current reference internal" if child in way else "reference internal"
            rows.append(f'<li class="{marks}"><a class="{link}" href="{address}">{title}</a>{toggle}{inside}</li>\n')
        mark = ' class="current"' if way else ""
        return f"<ul{mark}>\n{''.join(rows)}</ul>\n" if rows else ""

    def has_children(name: str) -> bool:
        return any(child in env.titles for child in env.toctree_includes.get(name, ()))

    return items(env.config.root_doc, 1)


def withhold(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the theme no tree to work on."""
    context["toctree"] = lambda **options: ""


def on_html_page_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the page its tree."""
    known = app.env.get_domain("concept").parents  # type: ignore[attr-defined]
    context["furo_navigation_tree"] = tree(app.env, app.builder, known, pagename)


def setup_navigation(app: Sphinx) -> None:
    """Run before and after the theme."""
    app.connect("html-page-context", withhold, priority=400)
    app.connect("html-page-context", on_html_page_context, priority=600)
