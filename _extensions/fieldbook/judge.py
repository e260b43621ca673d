"""The builder of ``make check``: it reads what has changed, judges the pages it is asked for, and writes nothing."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from myst_nb.core.render import base_render_priority
from sphinx.builders.dummy import DummyBuilder

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class Judge(DummyBuilder):
    """Builds nothing, but resolves what a page says of others, which may find fault."""

    name = "judge"
    epilog = ""

    def prepare_writing(self, docnames: Set[str]) -> None:
        """Take of each output what HTML would take; only now, when the environment is stored without it."""
        kinds = base_render_priority()["html"].items()
        self.config.nb_mime_priority_overrides = [(self.name, kind, rank) for kind, rank in kinds]


def setup_judge(app: Sphinx) -> None:
    """Register the builder."""
    app.add_builder(Judge)
