"""The table of contents of the extension: each part registers itself, in this order."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from fieldbook import __version__
from fieldbook.a_to_z import setup_a_to_z
from fieldbook.bibliography import setup_bibliography
from fieldbook.callouts import setup_callouts
from fieldbook.cells import setup_cells
from fieldbook.citations import setup_citations
from fieldbook.domain import setup_domain
from fieldbook.execution import setup_execution
from fieldbook.explorables import setup_explorables
from fieldbook.figures import setup_figures
from fieldbook.flashcards import setup_flashcards
from fieldbook.generated import setup_generated
from fieldbook.given import setup_given
from fieldbook.html import setup_html
from fieldbook.judge import setup_judge
from fieldbook.links import setup_links
from fieldbook.markdown import setup_markdown
from fieldbook.markup import setup_markup
from fieldbook.mathematics import setup_mathematics
from fieldbook.navigation import setup_navigation
from fieldbook.number_gate import setup_number_gate
from fieldbook.outdated import setup_outdated
from fieldbook.reference import setup_reference
from fieldbook.remedies import setup_remedies
from fieldbook.search import setup_search
from fieldbook.standing import setup_standing
from fieldbook.structure import setup_structure
from fieldbook.takeaway import setup_takeaway
from fieldbook.tested import setup_tested

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

PARTS = (
    setup_domain,
    setup_links,
    setup_generated,
    setup_a_to_z,
    setup_callouts,
    setup_flashcards,
    setup_figures,
    setup_explorables,
    setup_mathematics,
    setup_citations,
    setup_bibliography,
    setup_given,
    setup_number_gate,
    setup_cells,
    setup_execution,
    setup_markdown,
    setup_markup,
    setup_structure,
    setup_reference,
    setup_tested,
    setup_takeaway,
    setup_html,
    setup_navigation,
    setup_search,
    setup_outdated,
    setup_standing,
    setup_remedies,
    setup_judge,
)


def on_config_inited(app: Sphinx, config: Config) -> None:
    """Collect garbage again (`fieldbook.sphinx_main` does not while importing), but never among what was imported."""
    gc.freeze()
    gc.enable()


def setup_extension(app: Sphinx) -> ExtensionMetadata:
    """Register every part."""
    for setup_part in PARTS:
        setup_part(app)
    app.connect("config-inited", on_config_inited)
    return {
        "version": __version__,
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
