"""Which pages are read again: those whose sources are other than the ones they were read from.

Sphinx goes by time stamps. It overlooks a file that is put back with its old time (``cp -p``, ``mv``), and a checkout
makes it read everything. Here contents decide: a page is read again when its text or a file it depends on has changed.

What a page says may also hang on which documents there are: a list of pages, and a link by path, are made otherwise
where their target is missing. So a page that names a document is read again when that appears or goes.

A file that is not UTF-8, or no Markdown, is no document: it is refused, in every build, and taken from the site as if
it were gone.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx import addnodes

from fieldbook.domain import concepts
from fieldbook.faults import Fault, Rule, warn
from fieldbook.results import Digests

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def on_env_get_outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Correct Sphinx's sets of documents in place; return those that name a document which appeared or went."""
    warn(drop_unreadable(env, added, changed, removed), app.srcdir)
    app.fieldbook_digests = digests = Digests(Path(app.srcdir))  # type: ignore[attr-defined]
    data = concepts(env).data
    for docname in env.found_docs - added - env.reread_always:
        if not (app.doctreedir / f"{docname}.doctree").is_file():
            continue  # Sphinx has seen that
        same = data["sources"].get(docname) == sources(env, docname, digests)
        (changed.discard if same else changed.add)(docname)
    moved = added | removed
    return [docname for docname, named in data["named"].items() if not moved.isdisjoint(named)]


def drop_unreadable(env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[Fault]:
    """Take files that cannot be pages from the documents found; return a fault for each."""
    faults = []
    for docname in sorted(env.found_docs):
        fault = unreadable(Path(env.doc2path(docname)), docname)
        if fault is not None:
            faults.append(fault)
            for documents in (env.project.docnames, added, changed):
                documents.discard(docname)
            if docname in env.all_docs:
                removed.add(docname)
    return faults


def unreadable(path: Path, docname: str) -> Fault | None:
    """Return why a file cannot be a page, or None."""
    if path.suffix != ".md":
        message = "a notebook holds outputs, which the build makes; write the page as .md ('make new' begins one)"
        return Fault(f"{docname}{path.suffix}", 1, Rule.OUTPUT, message)
    data = path.read_bytes()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8"
        return Fault(f"{docname}.md", line, Rule.ENCODING, message)
    return None


def sources(env: BuildEnvironment, docname: str, digests: Digests) -> str:
    """Return a digest of a document's file and of every file that it depends on."""
    paths = [str(env.doc2path(docname)), *sorted(map(str, env.dependencies.get(docname, ())))]
    return hashlib.sha256("".join(digests[path] for path in paths).encode()).hexdigest()


def on_doctree_read(app: Sphinx, doctree: document) -> None:
    """Record which documents the page just read names: in its lists of pages, and in links by path."""
    env = app.env
    linked = {node["reftarget"] for node in doctree.findall(addnodes.pending_xref) if node.get("refdomain") == "doc"}
    concepts(env).data["named"][env.docname] = linked | set(env.toctree_includes.get(env.docname, ()))


def on_env_updated(app: Sphinx, env: BuildEnvironment) -> None:
    """Record what the documents of this build were read from; files seen before reading count as they were then."""
    known = concepts(env).data["sources"]
    for docname in env.all_docs.keys() - known.keys():
        known[docname] = sources(env, docname, app.fieldbook_digests)  # type: ignore[attr-defined]


def setup_outdated(app: Sphinx) -> None:
    """Register the handlers; the sets must be right before other handlers look at them."""
    app.connect("env-get-outdated", on_env_get_outdated, priority=100)
    app.connect("doctree-read", on_doctree_read)
    app.connect("env-updated", on_env_updated)
