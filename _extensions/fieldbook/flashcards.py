r"""Flashcards: the ``{flashcard}`` directive and the deck.

::

    :::{flashcard} softmax-1
    Why does adding 100 to every logit change nothing?
    ---
    The factor $e^{100}$ stands in numerator and denominator and cancels.
    :::

The raw lines are split at the first ``---`` outside a fence, before Markdown could take it for a heading. The
question is one paragraph. In HTML the answer is folded into a native ``details`` element: it opens without scripts.

The directive makes ``flashcard(flashcard_question, flashcard_answer)``; other writers show both, one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from fieldbook import cards
from fieldbook.domain import concepts, stored_cards
from fieldbook.faults import Fault, Rule, warn

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


class flashcard(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """One card; ``card_id`` is its authored id."""


class flashcard_question(nodes.TextElement):  # noqa: N801
    """The question, inline content only."""


class flashcard_answer(nodes.General, nodes.Element):  # noqa: N801
    """The answer, block content."""


class FlashcardDirective(SphinxDirective):
    """Place a card and store it for the deck."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return the card's node, or nothing and a fault."""
        card_id = self.arguments[0].strip()
        if not cards.ID.fullmatch(card_id):
            return self._refuse(f"'{card_id}' is no card id; write the page's slug and a number, such as 'softmax-1'")
        cut = cards.split(list(self.content))
        if cut is None:
            return self._refuse(f"card '{card_id}' has no answer; put a line '---' between question and answer")
        question = self._parse(self.content[:cut], 0)
        answer = self._parse(self.content[cut + 1 :], cut + 1)
        if not answer:
            return self._refuse(f"card '{card_id}' has no answer; write it after the line '---'")
        if len(question) != 1 or not isinstance(question[0], nodes.paragraph):
            self._refuse(
                f"the question of card '{card_id}' is not one paragraph; keep it to one, without lists or code blocks"
            )
        card = cards.Card(
            card_id,
            "\n".join(self.content[:cut]).strip(),
            "\n".join(self.content[cut + 1 :]).strip(),
            self.env.docname,
            self.lineno,
        )
        concepts(self.env).data["cards"].setdefault(self.env.docname, []).append(card)
        node = flashcard(
            "",
            flashcard_question("", "", *(child for block in question for child in block.children)),
            flashcard_answer("", *answer),
            card_id=card_id,
            ids=[f"card-{card_id}"],
        )
        node[0].line = question[0].line
        self.set_source_info(node)
        return [node]

    def _parse(self, lines: StringList, skipped: int) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(lines, self.content_offset + skipped, holder)
        return holder.children

    def _refuse(self, message: str) -> list[nodes.Node]:
        warn([Fault(self.env.docname, self.lineno, Rule.FLASHCARD, message)])
        return []


# --- writers ---------------------------------------------------------------------------------------------------------


def visit_flashcard_html(self: Any, node: flashcard) -> None:
    """Open the details element."""
    self.body.append(self.starttag(node, "details", CLASS="fb-card"))


def depart_flashcard_html(self: Any, node: flashcard) -> None:
    """Close it."""
    self.body.append("</details>\n")


def visit_question_html(self: Any, node: flashcard_question) -> None:
    """Open the summary, which a reader clicks."""
    self.body.append(self.starttag(node, "summary", ""))


def depart_question_html(self: Any, node: flashcard_question) -> None:
    """Close it."""
    self.body.append("</summary>\n")


def visit_answer_html(self: Any, node: flashcard_answer) -> None:
    """Open the answer."""
    self.body.append(self.starttag(node, "div", CLASS="fb-answer"))


def depart_answer_html(self: Any, node: flashcard_answer) -> None:
    """Close it."""
    self.body.append("</div>\n")


def visit_plain(self: Any, node: nodes.Element) -> None:
    """Let other writers show the children as they are."""


def visit_paragraph_text(self: Any, node: nodes.Element) -> None:
    """Treat the question as a paragraph."""
    self.visit_paragraph(node)


def depart_paragraph_text(self: Any, node: nodes.Element) -> None:
    """End the paragraph."""
    self.depart_paragraph(node)


# --- handlers --------------------------------------------------------------------------------------------------------


def on_env_check_consistency(app: Sphinx, env: BuildEnvironment) -> None:
    """Hold every card against the ledgers."""
    ledgers, faults = cards.read_ledgers(app.srcdir, env.config.fieldbook_areas)
    on_pages = [card for card in stored_cards(concepts(env)) if not _is_example(card, env)]
    warn([*faults, *cards.compare(on_pages, ledgers)], app.srcdir)


def _is_example(card: cards.Card, env: BuildEnvironment) -> bool:
    """Tell whether a card stands outside the areas: the writing guide's cards are in no deck."""
    parts = card.docname.split("/")
    return len(parts) != 3 or parts[1] not in env.config.fieldbook_areas


def setup_flashcards(app: Sphinx) -> None:
    """Register directive, nodes and check."""
    app.add_directive("flashcard", FlashcardDirective)
    plain = (visit_plain, visit_plain)
    app.add_node(flashcard, html=(visit_flashcard_html, depart_flashcard_html), text=plain, latex=plain)
    paragraph = (visit_paragraph_text, depart_paragraph_text)
    app.add_node(
        flashcard_question,
        html=(visit_question_html, depart_question_html),
        text=paragraph,
        latex=paragraph,
    )
    app.add_node(flashcard_answer, html=(visit_answer_html, depart_answer_html), text=plain, latex=plain)
    app.connect("env-check-consistency", on_env_check_consistency)
