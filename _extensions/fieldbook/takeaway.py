"""Take it with you: each page with cells offers a zip that runs without us.

It holds the page as a notebook and as a script, the modules of ours that they use, a stand-in for our helpers, and the
locked versions of all packages they need::

    softmax/
        README.txt  LICENSE  requirements.txt
        softmax.ipynb  softmax.py
        code_examples/foundations/softmax.py  …
        fieldbook/page.py  …

The zip stands beside the page and is written with it. Whatever goes into it is noted as something the page depends on.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from docutils import nodes
from packaging.requirements import Requirement
from sphinx.transforms import SphinxTransform

from fieldbook import frames, svg
from fieldbook.faults import Fault, Rule, warn
from fieldbook.markdown import CELL, is_cell, page_address, page_markdown
from fieldbook.source import code_cells

if TYPE_CHECKING:
    from sphinx.application import Sphinx

OURS = "code_examples"
LOCK = "requirements.txt"
HELPERS = "fieldbook.page"
STAND_IN = {
    "fieldbook/__init__.py": "",  # without it an installed one would win
    "fieldbook/page.py": (Path(__file__).parent / "stand_in" / "page.py").read_text(encoding="utf-8"),
    **{
        f"fieldbook/{Path(path).name}": Path(path).read_text(encoding="utf-8")
        for path in (frames.__file__, svg.__file__)
    },
}
"""What stands in for our helpers, by name in a zip; explorables and the style of figures need no stand-in."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip, so that the same content gives the same bytes."""
SILENT = ("figure", "explore", "glue", "print")
"""Calls whose value nobody wants to see."""

README = """{title}

The code of {address}

    python -m pip install -r requirements.txt
    python {slug}.py

{slug}.ipynb is the same as a notebook, for Jupyter.
requirements.txt has the versions with which the page was made; Python 3.11 or later runs them.
On the page, numbers stand in the text and figures follow the reader's colours; fieldbook/page.py stands in for that.
The text is under CC BY 4.0, the code under the licence in LICENSE.
"""


# --- what a page needs -----------------------------------------------------------------------------------------------


def visible_cells(text: str) -> list[str]:
    """Return the source of each cell that MyST-NB places on a page; the others check the page, or are empty."""
    tags = [(cell.source, {tag.replace("_", "-") for tag in cell.tags}) for cell in code_cells(text)]
    return [
        source
        for source, names in tags
        if source.strip() and "remove-cell" not in names and not {"remove-input", "remove-output"} <= names
    ]


def imports(code: str) -> list[str]:
    r"""Return the modules that code imports, by full name; each name behind a ``from`` could be a module, too.

    Code that is not Python imports nothing; it is refused elsewhere.

    Examples
    --------
    >>> imports("import numpy as np\nfrom code_examples.words import mean")
    ['numpy', 'code_examples.words', 'code_examples.words.mean']
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return found


def needed(root: Path, codes: Iterable[str]) -> tuple[list[Path], set[str]]:
    """Return the modules of ours that some code imports, at whatever remove, and the other modules that all import."""
    files: set[Path] = set()
    others: set[str] = set()
    to_read = list(codes)
    while to_read:
        for name in imports(to_read.pop()):
            top = name.partition(".")[0]
            if top != OURS:
                others.add(top)
                continue
            base = root.joinpath(*name.split("."))
            for path in [base.with_suffix(".py"), *(folder / "__init__.py" for folder in (base, *base.parents))]:
                if path.is_relative_to(root / OURS) and path.is_file() and path not in files:
                    files.add(path)
                    to_read.append(path.read_text(encoding="utf-8"))
    return sorted(files), others - sys.stdlib_module_names - {HELPERS.partition(".")[0]}


@cache
def packages_of_modules() -> Mapping[str, list[str]]:
    """Return which installed packages give each top-level module."""
    return metadata.packages_distributions()


@lru_cache(maxsize=2)
def entries_of(lock: str) -> dict[str, str]:
    r"""Return the entries of a lock file by the name of the package, hashes included.

    Examples
    --------
    >>> entries_of("# by hand\nnumpy==2.3.4 \\\n    --hash=sha256:0a\nPy_Six==1.17\n")
    {'numpy': 'numpy==2.3.4 \\\n    --hash=sha256:0a\n', 'py-six': 'Py_Six==1.17\n'}
    """
    entries = re.findall(r"^([A-Za-z0-9][\w.-]*)(.*\n(?:[ \t].*\n)*)", lock, re.MULTILINE)
    return {_canonical(name): name + rest for name, rest in entries}


def unlocked(lock: str, modules: Iterable[str]) -> list[str]:
    """Return the modules that no package of a lock file gives."""
    entries = entries_of(lock)
    return [module for module in sorted(modules) if entries.keys().isdisjoint(_packages(module))]


@lru_cache(maxsize=64)
def locked(lock: str, modules: tuple[str, ...]) -> str:
    """Return the entries of a lock file for what modules need, at whatever remove; most pages need the same."""
    entries = entries_of(lock)
    wanted = [package for module in modules for package in _packages(module)]
    taken: set[str] = set()
    while wanted:
        package = wanted.pop()
        if package in entries and package not in taken:
            taken.add(package)
            needs = map(Requirement, metadata.requires(package) or ())
            wanted += [
                _canonical(need.name) for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})
            ]
    return "".join(entries[package] for package in sorted(taken))


def _packages(module: str) -> list[str]:
    """Return the installed packages that give a top-level module; often that of its name, which is faster to ask."""
    try:
        return [_canonical(metadata.metadata(module)["Name"])]
    except metadata.PackageNotFoundError:
        return [_canonical(name) for name in packages_of_modules().get(module, ())]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# --- what is written -------------------------------------------------------------------------------------------------


def notebook(markdown: str, cells: list[str]) -> nbformat.NotebookNode:
    """Return a page as a notebook: its text, with `CELL` where each of its cells stands."""
    texts = markdown.split(CELL)
    if len(texts) != len(cells) + 1:
        raise ValueError(f"the text has room for {len(texts) - 1} cells, not for {len(cells)}")
    made = []
    for number, text in enumerate(texts):
        if text.strip():
            made.append(nbformat.v4.new_markdown_cell(text.strip(), id=f"text-{number}"))
        if number < len(cells):
            made.append(nbformat.v4.new_code_cell(cells[number].rstrip(), id=f"cell-{number}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(book)
    return book


def script(book: nbformat.NotebookNode) -> str:
    r"""Return a notebook as a script in the percent format, which editors read as cells.

    Examples
    --------
    >>> print(script(notebook("A *page*.\n\ufffc", ["x = 2\nx + 1"])))
    # %% [markdown]
    # A *page*.
    <BLANKLINE>
    # %%
    x = 2
    print(x + 1)
    <BLANKLINE>
    """
    parts = []
    for cell in book.cells:
        if cell.cell_type == "markdown":
            lines = [f"# {line}".rstrip() for line in cell.source.splitlines()]
            parts.append("\n".join(["# %% [markdown]", *lines]))
        else:
            parts.append("# %%\n" + printed(cell.source))
    return "\n\n".join(parts) + "\n"


def printed(code: str) -> str:
    r"""Return a cell's code as a script wants it: the value of its last line printed.

    Examples
    --------
    >>> printed("a, b = 1, 2\na, b"), printed("figure(fig)"), printed("f(1)  # once")
    ('a, b = 1, 2\nprint((a, b))', 'figure(fig)', 'print(f(1))  # once')
    """
    try:
        last = ast.parse(code).body[-1:]
    except SyntaxError:
        return code
    if not last or not isinstance(last[0], ast.Expr):
        return code
    value = last[0].value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in SILENT:
        return code
    lines = code.encode().splitlines(keepends=True)  # the offsets of `ast` count bytes
    before = b"".join(lines[: value.lineno - 1]) + lines[value.lineno - 1][: value.col_offset]
    until = sum(map(len, lines[: value.end_lineno - 1])) + value.end_col_offset  # type: ignore[operator]
    shown = code.encode()[len(before) : until]
    inner = b"(" + shown + b")" if isinstance(value, ast.Tuple) else shown
    return (before + b"print(" + inner + b")" + code.encode()[until:]).decode()


def packed(files: dict[str, str]) -> bytes:
    """Return a zip of texts by name, the same bytes for the same texts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), files[name], zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def take_away(app: Sphinx, docname: str, document: nodes.document) -> bytes:
    """Return the zip of a page, whose document has been resolved for HTML."""
    root, slug = Path(app.srcdir), docname.rpartition("/")[2]
    cells = visible_cells(Path(app.env.doc2path(docname)).read_text(encoding="utf-8"))
    book = notebook(page_markdown(app, docname, document), cells)
    title, address = app.env.titles[docname].astext(), page_address(app, docname)
    texts = {
        "README.txt": README.format(title=title, slug=slug, address=address),
        f"{slug}.ipynb": nbformat.writes(book) + "\n",
        f"{slug}.py": script(book),
    }
    code = list(cells)
    if any(HELPERS in imports(cell) for cell in cells):
        code += STAND_IN.values()
        texts |= STAND_IN
    ours, packages = needed(root, code)
    for path in [*ours, root / "LICENSE", root / LOCK]:
        if path.exists():
            texts[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    if LOCK in texts:
        texts[LOCK] = locked(texts[LOCK], tuple(sorted(packages - {"IPython"})))  # a notebook has it anyway
    return packed({f"{slug}/{name}": text for name, text in texts.items()})


# --- where it stands -------------------------------------------------------------------------------------------------


def place_of(docname: str) -> str:
    """Return where the zip of a page stands in the site."""
    return f"{docname}.zip"


class OfferTakeAway(SphinxTransform):
    """Link the zip at the end of the part that has the page's last visible cell."""

    default_priority = 450

    def apply(self, **kwargs: Any) -> None:
        """Change the document in place, and note what the zip is made of."""
        cells = [node for node in self.document.findall(nodes.container) if is_cell(node)]
        if not cells:
            return
        docname = self.env.docname
        link = nodes.reference("", "this page as a notebook and a script", refuri=place_of(docname).rpartition("/")[2])
        words = ("Take it with you: ", ", with the modules they use and the versions they were run with (zip).")
        line = nodes.paragraph("", "", nodes.Text(words[0]), link, nodes.Text(words[1]), classes=["fb-take-away"])
        part = part_of(cells[-1])
        inner = [at for at, node in enumerate(part) if isinstance(node, nodes.section)]
        part.insert(inner[0] if inner and is_page(part) else len(part), line)
        root = Path(self.env.srcdir)
        ours, packages = needed(root, visible_cells(Path(self.env.doc2path(docname)).read_text(encoding="utf-8")))
        for path in [*ours, root / "LICENSE"]:
            self.env.note_dependency(str(path))
        if (root / LOCK).exists() and (missing := unlocked((root / LOCK).read_text(encoding="utf-8"), packages)):
            message = f"no locked package gives the module '{missing[0]}'; add one to pyproject.toml, then 'make lock'"
            warn([Fault(docname, cells[0].line or 1, Rule.CELL, message)])


def is_page(section: nodes.Element) -> bool:
    """Tell whether a section is the whole page."""
    return isinstance(section.parent, nodes.document)


def part_of(node: nodes.Node) -> nodes.Element:
    """Return the part of the page that an element stands in; the page, if it stands before the first part."""
    sections = [node]
    while not is_page(sections[-1]):
        sections.append(sections[-1].parent)
    return next((section for section in sections[-2::-1] if isinstance(section, nodes.section)), sections[-1])


def on_html_page_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Write the zip of a page when the page is written, or remove that of a page that has no cells any more."""
    path = Path(app.outdir) / place_of(pagename)
    if doctree is not None and any(map(is_cell, doctree.findall(nodes.container))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(take_away(app, pagename, doctree))
    else:
        path.unlink(missing_ok=True)


def setup_takeaway(app: Sphinx) -> None:
    """Register the link and the zip."""
    app.add_transform(OfferTakeAway)
    app.connect("html-page-context", on_html_page_context)
