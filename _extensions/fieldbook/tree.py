"""Questions asked of a document tree: where a node stands in the source, how many words it has. Docutils only."""

from __future__ import annotations

from collections.abc import Iterator

from docutils import nodes

NO_PROSE = (nodes.literal_block, nodes.math, nodes.math_block, nodes.comment, nodes.raw)


def ancestors(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the node's parent, its parent's parent, and so on."""
    while node.parent is not None:
        node = node.parent
        yield node


def source_line(node: nodes.Node) -> int:
    """Return the source line of a node, from 1; 0 if nothing above it knows a line.

    MyST gives a paragraph its first line and its inline nodes the same; a line break in the source stays a line break
    in the text. So the line of an inline node is that of its block plus the breaks before it. A row of a table is one
    line, and only the table knows its own, that of its heading.
    """
    row = next((part for part in (node, *ancestors(node)) if isinstance(part, nodes.row)), None)
    if row is not None:
        return _row_line(row)
    block = node
    while block is not None and (isinstance(block, (nodes.Inline, nodes.Text)) or not block.line):
        block = block.parent
    if block is None or block is node:
        return block.line if block is not None else 0
    breaks = 0
    for other in block.findall():
        if other is node:
            break
        if isinstance(other, nodes.Text):
            breaks += other.astext().count("\n")
    return block.line + breaks


def _row_line(row: nodes.row) -> int:
    table = next((part for part in ancestors(row) if isinstance(part, nodes.table)), None)
    if table is None or not table.line:
        return 0
    in_head = isinstance(row.parent, nodes.thead)
    return table.line + (0 if in_head else 2 + row.parent.index(row))  # the rule below the heading is a line, too


def count_words(node: nodes.Node) -> int:
    """Count words of prose: no code, no mathematics."""
    return sum(
        len(text.astext().split())
        for text in node.findall(nodes.Text)
        if not any(isinstance(parent, NO_PROSE) for parent in ancestors(text))
    )
