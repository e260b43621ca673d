"""Given numbers: ``{given}`0.34567``` marks an input that stands as a literal in the page's cells or module.

The role only marks; `fieldbook.number_gate` holds the number against the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxRole

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CSS_CLASS = "fb-given"


class GivenRole(SphinxRole):
    """Show a number as it is written."""

    def run(self) -> tuple[list[nodes.Node], list[Any]]:
        """Return the marked text."""
        node = nodes.inline(self.rawtext, self.text, classes=[CSS_CLASS])
        self.set_source_info(node)
        return [node], []


def setup_given(app: Sphinx) -> None:
    """Register the role."""
    app.add_role("given", GivenRole())
