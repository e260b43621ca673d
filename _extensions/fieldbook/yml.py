"""YAML with the line of each key: how front matter, the ledgers of cards and the list of pages to come are read."""

from __future__ import annotations

from typing import Any

import yaml

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # twelve times as fast, where PyYAML has libyaml with it


class TextLoader(Loader):
    """Reads dates and numbers as the text that stands there: 2026-11 is a month, not a sum."""


TextLoader.yaml_implicit_resolvers = {
    mark: [(tag, regexp) for tag, regexp in resolvers if tag == "tag:yaml.org,2002:null"]
    for mark, resolvers in Loader.yaml_implicit_resolvers.items()
}


def read(text: str, loader: Any = Loader) -> tuple[Any, Any]:
    r"""Return the tree of a document, in which every node knows its line, and its value.

    Raises
    ------
    yaml.YAMLError
        If the text is not YAML.

    Examples
    --------
    >>> tree, value = read("\nreviewed: 2026-11\n", TextLoader)
    >>> value, tree.value[0][0].start_mark.line
    ({'reviewed': '2026-11'}, 1)
    """
    reader = loader(text)
    try:
        tree = reader.get_single_node()
        return tree, None if tree is None else reader.construct_document(tree)
    finally:
        reader.dispose()
