"""Explorables on the page: what a cell published with `fieldbook.page.explore`, where ``{explore}`` places it.

::

    :::{explore} temperature-tail
    :labels: temperature τ
    :default: tau:1
    :shown: tau:0.5 tau:1.5
    The caption, one paragraph.
    :::

The cell itself shows nothing. All frames stand in the page as HTML (`fieldbook.drawing`); `_static/explore.js` only
swaps one for another. Without scripts, and in print, the default frame and those of ``:shown:`` are read instead.
With two parameters a point is ``tau:1,n:3`` and the labels are parted by ``;``.
"""

from __future__ import annotations

import json
import zlib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util.docutils import SphinxDirective

from fieldbook.cells import cell_line
from fieldbook.drawing import colour, drawn, sheets
from fieldbook.faults import Fault, Rule, did_you_mean, warn
from fieldbook.frames import MIME

if TYPE_CHECKING:
    from sphinx.application import Sphinx


MOST_BYTES = 38_000
"""What the frames of one explorable may weigh, compressed; with sentences and controls that stays below 40 kB."""


class explore_data(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """What a cell published, until the page is read."""


class explorable(nodes.General, nodes.Element):  # noqa: N801
    """A placed explorable around its caption; ``data`` is what the cell published."""


class ExploreRenderer:
    """The MIME renderer of explorables."""

    mime_priority_overrides: ClassVar[list[tuple[str, str, int]]] = [("*", MIME, 1)]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """Return the node that holds the data, or None for every other MIME type."""
        if inline or data.mime_type != MIME:
            return None
        node = explore_data("", data=data.content)
        node.line, node.source = data.line, renderer.source
        return [node]


class ExploreDirective(SphinxDirective):
    """Place an explorable, with its caption below."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "labels": directives.unchanged_required,
        "default": directives.unchanged_required,
        "shown": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the node; `on_doctree_read` gives it its data."""
        node = explorable("", name=self.arguments[0], ids=[f"explore-{self.arguments[0]}"], classes=["fb-explore"])
        for option in self.option_spec:
            node[option] = self.options.get(option, "")
        self.set_source_info(node)
        holder = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, holder)
        for block in holder.children:
            caption = nodes.caption("", "", *block.children) if isinstance(block, nodes.paragraph) else block
            caption.line, caption.source = block.line, block.source
            node += caption
        return [node]


def placed_faults(node: explorable, known: dict[str, Any], docname: str) -> list[Fault]:
    """Give a placed explorable its data; return what is wrong with the directive."""
    name = node["name"]

    def fault(message: str) -> list[Fault]:
        return [Fault(docname, node.line or 0, Rule.EXPLORE, message)]

    if name not in known:
        near = did_you_mean(name, known) or "; publish it with 'explore' in a cell whose output is not removed"
        return fault(f"no cell of this page publishes the explorable '{name}'{near}")
    data = node["data"] = known[name]
    if len(node.children) != 1 or not isinstance(node[0], nodes.caption):
        return fault(f"explorable '{name}' has no caption; write one paragraph that says what to look for")
    labels = (
        [label.strip() for label in node["labels"].split(";")] if node["labels"] else [name for name, _ in data["grid"]]
    )
    if len(labels) != len(data["grid"]):
        count = len(data["grid"])
        return fault(
            f"':labels:' names {len(labels)} parameters, and explorable '{name}' has {count}; "
            "name each once, parted by ';'"
        )
    node["labels"] = labels
    node["default"] = node["default"] or data["points"][0]
    node["shown"] = node["shown"].split()
    if not node["shown"]:
        return fault(f"explorable '{name}' shows one frame without scripts; name others in the option ':shown:'")
    for point in (node["default"], *node["shown"]):
        if point not in data["points"]:
            near = did_you_mean(point, data["points"]) or f"; write one such as '{data['points'][0]}'"
            return fault(f"'{point}' is no point of explorable '{name}'{near}")
    drawing = [sheets(data["frames"], name), *drawn(data["frames"], name)]
    size = len(zlib.compress("".join(drawing).encode()))
    if size > MOST_BYTES:
        return fault(
            f"explorable '{name}' is heavier than {MOST_BYTES:,} bytes, compressed; give fewer points or values"
        )
    return []


def has_failed(app: Sphinx, docname: str) -> bool:
    """Tell whether a cell of the page failed, so that those after it have published nothing."""
    result = getattr(app, "fieldbook_results", {}).get(docname)
    data = NbMetadataCollector.get_exec_data(app.env, docname)
    return bool(result and result["stopped"]) or bool(data and not data["succeeded"])


def on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    """Bring data and places together; take the data out of the cells."""
    docname, path = app.env.docname, Path(app.env.doc2path(app.env.docname))
    found = {node["data"]["name"]: node for node in doctree.findall(explore_data)}
    known = {name: node["data"] for name, node in found.items()}
    faults, places = [], [*doctree.findall(explorable)]
    for node in places:
        again = [other for other in places if other["name"] == node["name"]]
        if node is not again[0]:
            message = f"explorable '{node['name']}' is placed twice; take one of its directives out"
            wrong = [Fault(docname, node.line or 0, Rule.EXPLORE, message)]
        else:
            wrong = placed_faults(node, known, docname)
        if wrong:
            node.parent.remove(node)
            if node["name"] in known or not has_failed(app, docname):  # else it only follows
                faults += wrong
    placed = {node["name"] for node in places}
    for name in sorted(known.keys() - placed):
        message = f"nothing places the explorable '{name}'; add a directive '{{explore}} {name}' below the cell"
        faults.append(Fault(docname, cell_line(found[name], path), Rule.EXPLORE, message))
    for node in [*doctree.findall(explore_data)]:
        empty: Any = node
        while (
            isinstance(empty.parent, nodes.container)
            and len(empty.parent) == 1
            and "cell" not in empty.parent["classes"]
        ):
            empty = empty.parent
        empty.parent.remove(empty)
    warn(faults)


# --- writers ---------------------------------------------------------------------------------------------------------


def visit_explorable_html(self: Any, node: explorable) -> None:
    """Write controls, the default frame, the frames for paper, and all frames for the script."""
    data, labels = node["data"], node["labels"]
    pictures, points = drawn(data["frames"], node["name"]), data["points"]
    sentences = [frame["sentence"] for frame in data["frames"]]
    start = points.index(node["default"])
    controls = ""
    for label, (name, values), part in zip(labels, data["grid"], node["default"].split(","), strict=True):
        value = part.partition(":")[2]
        width = max(map(len, values))
        controls += (
            f"<label><span>{escape(label)}</span>"
            f'<input type="range" name="{name}" min="0" max="{len(values) - 1}" value="{values.index(value)}" '
            f'autocomplete="off" aria-valuetext="{escape(value)}" data-values="{escape(json.dumps(values))}">'
            f'<output style="min-width:{width}ch">{escape(value)}</output></label>'
        )
    longest = max(sentences, key=len)
    self.body.append(self.starttag(node, "figure", **{"data-explore": node["name"], "style": f"--fb-hue:{colour(0)}"}))
    self.body.append(
        f'{sheets(data["frames"], node["name"])}<div class="fb-controls">{controls}<div>'
        f'<button type="button" name="play">Play</button><button type="button" name="reset">Reset</button></div></div>'
        f'<div class="fb-still"><p class="fb-point">{escape(_words(node, start))}</p>'
        f'<div class="fb-frame">{pictures[start]}</div>'
        f'<div class="fb-say"><p aria-live="polite">{escape(sentences[start])}</p>'
        f'<p class="fb-longest" aria-hidden="true">{escape(longest)}</p></div></div>'
    )
    for point in node["shown"]:
        index = points.index(point)
        self.body.append(
            f'<div class="fb-still fb-paper"><p class="fb-point">{escape(_words(node, index))}</p>'
            f"{pictures[index]}<p>{escape(sentences[index])}</p></div>"
        )
    frames = "".join(
        f'<div data-say="{escape(said)}">{picture}</div>' for picture, said in zip(pictures, sentences, strict=True)
    )
    self.body.append(f"<template>{frames}</template>")


def depart_explorable_html(self: Any, node: explorable) -> None:
    """Close it, after its caption."""
    self.body.append("</figure>\n")


def _words(node: explorable, index: int) -> str:
    """Return a point as a reader has it: temperature τ = 1."""
    values = [part.partition(":")[2] for part in node["data"]["points"][index].split(",")]
    return ", ".join(f"{label} = {value}" for label, value in zip(node["labels"], values, strict=True))


def visit_explorable_text(self: Any, node: explorable) -> None:
    """Write the sentences of the frames that are read without scripts, each a paragraph; the caption follows."""
    points = node["data"]["points"]
    for point in (node["default"], *node["shown"]):
        index = points.index(point)
        self.new_state(0)
        self.add_text(f"[{_words(node, index)}: {node['data']['frames'][index]['sentence']}]")
        self.end_state()


def depart_explorable_text(self: Any, node: explorable) -> None:
    """Nothing is open."""


def skip(self: Any, node: nodes.Element) -> None:
    """Leave the node out."""
    raise nodes.SkipNode


def on_html_page_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load the script on pages that have an explorable, and on no other."""
    if doctree is not None and next(doctree.findall(explorable), None) is not None:
        app.add_js_file("explore.js", loading_method="defer")


def setup_explorables(app: Sphinx) -> None:
    """Register directive, nodes and handlers, before the number gate reads the captions."""
    app.add_directive("explore", ExploreDirective)
    app.add_node(explore_data, html=(skip, None), text=(skip, None), latex=(skip, None))
    app.add_node(
        explorable,
        html=(visit_explorable_html, depart_explorable_html),
        text=(visit_explorable_text, depart_explorable_text),
        latex=(skip, None),
    )
    app.connect("doctree-read", on_doctree_read)
    app.connect("html-page-context", on_html_page_context)
