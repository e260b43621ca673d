"""Pages to come: ``docs/planned.yml``, a mapping of area to slug to title.

A link, `requires` or `contrasts` to one of them is rendered as plain text until the page exists; then its entry is
refused, so that the list can only shrink. No Sphinx import.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from fieldbook import yml
from fieldbook.faults import Fault, Rule

PATH = "docs/planned.yml"


@dataclass(frozen=True)
class Entry:
    """One page to come: its area, its title, and the line that announces it."""

    area: str
    title: str
    line: int


def parse(text: str) -> tuple[dict[str, Entry], list[Fault]]:
    r"""Return the entries by slug, and what is wrong with the file.

    Examples
    --------
    >>> parse("retrieval:\n  rag: Retrieval-augmented generation\n")[0]["rag"].title
    'Retrieval-augmented generation'
    >>> parse("")
    ({}, [])
    """
    try:
        node, _ = yml.read(text, yml.TextLoader)
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        return {}, [Fault(PATH, line, Rule.PLANNED, f"not YAML: {getattr(error, 'problem', error)}")]
    entries: dict[str, Entry] = {}
    faults = []
    if node is None:
        return entries, faults
    shape = "write 'area:' and, indented below it, 'slug: Title'"
    for area, block in node.value if isinstance(node, yaml.MappingNode) else [(node, node)]:
        line = area.start_mark.line + 1
        if not isinstance(block, yaml.MappingNode):
            faults.append(Fault(PATH, line, Rule.PLANNED, f"not a mapping of slugs; {shape}"))
            continue
        for slug, title in block.value:
            line = slug.start_mark.line + 1
            if not isinstance(title, yaml.ScalarNode) or not title.value:
                faults.append(Fault(PATH, line, Rule.PLANNED, f"'{slug.value}' has no title; {shape}"))
            elif slug.value in entries:
                faults.append(Fault(PATH, line, Rule.PLANNED, f"'{slug.value}' stands twice; keep one"))
            else:
                entries[slug.value] = Entry(area.value, title.value, line)
    return entries, faults
