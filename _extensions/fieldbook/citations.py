"""How sources are cited and listed: author and year in the text, a list of its own at the end of each page.

sphinxcontrib-bibtex does the citing. It expects one list of sources for a whole book: for every list it looks at every
entry of every page, which for a list on each page takes the cube of the number of pages. `Citations` is its domain
with one difference: everything about a list is worked out from its own page, entries are formatted when their page is
written, and a changed entry makes the pages that cite it be written again, not every page be read again. Sources that
read alike get letters (`give_letters`). A list is ``{bibliography}`` without options.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import pybtex.plugin
from docutils import nodes
from pybtex.backends.plaintext import Backend as PlainTextBackend
from pybtex.richtext import Text
from pybtex.style import FormattedEntry
from pybtex.style.formatting.unsrt import Style as UnsrtStyle
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.names.plain import NameStyle
from pybtex.style.sorting.author_year_title import SortingStyle
from pybtex.style.template import FieldIsMissing, join, optional
from sphinxcontrib.bibtex.directives import BibliographyKey
from sphinxcontrib.bibtex.domain import BibtexDomain, Citation
from sphinxcontrib.bibtex.nodes import bibliography

from fieldbook.faults import Fault, Rule, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from docutils.nodes import document
    from pybtex.database import Entry
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinxcontrib.bibtex.roles import CitationRef

SEEN = {
    "text": "Read in full text.",
    "abstract": "Read: the abstract.",
    "secondhand": "Known at second hand.",
    "no": "Not read.",
}


def label(entry: Entry) -> str:
    r"""Return how an entry is cited: its authors' last names and its year.

    Examples
    --------
    >>> from pybtex.database import Entry, Person
    >>> label(Entry("misc", {"year": "2019"}, {"author": [Person(r"M{\"u}ller, Rafael"), Person("{Hugging Face}")]}))
    'Müller and Hugging Face 2019'
    """
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join(map(str, person.rich_last_names)) for person in people] or [entry.key]
    who = names[0] if len(names) == 1 else f"{names[0]} and {names[1]}"
    who = f"{names[0]} et al." if len(names) > 2 else who
    return f"{who} {entry.fields.get('year', '')}".strip()


def give_letters(entries: Iterable[Entry]) -> None:
    """Give the years of entries that read alike a letter each, in their order: Lin 2023a, Lin 2023b.

    Letters given before are taken away first, so it does no harm to entries that kept theirs from an earlier build.

    Examples
    --------
    >>> from pybtex.database import Entry
    >>> lin = [Entry("misc", {"author": "Lin", "year": year}) for year in ("2023", "2023b", "2024")]
    >>> give_letters(lin)
    >>> [entry.fields["year"] for entry in lin]
    ['2023a', '2023b', '2024']
    """
    alike: dict[str, list[Entry]] = {}
    for entry in entries:
        if year := entry.fields.get("year"):
            entry.fields["year"] = re.sub(r"(?<=\d)[a-z]+$", "", year)
            alike.setdefault(label(entry), []).append(entry)
    for group in alike.values():
        if len(group) > 1:
            for entry, letter in zip(group, _letters(), strict=False):
                entry.fields["year"] += letter


def _letters() -> Iterator[str]:
    """Yield a, b, …, z, aa, ab, …."""
    for width in itertools.count(1):
        yield from map("".join, itertools.product(ascii_lowercase, repeat=width))


class AuthorYearLabels(BaseLabelStyle):
    """Labels as the text cites: author and year."""

    def format_labels(self, sorted_entries: Iterable[Any]) -> Any:
        """Yield a label for each entry."""
        return map(label, sorted_entries)


class FieldbookStyle(UnsrtStyle):
    """Plain entries, sorted by author and year, each closed by how it was read."""

    # Classes, where pybtex's own styles give names: for a name it searches the metadata of every installed package.
    default_sorting_style = SortingStyle
    default_name_style = NameStyle
    default_label_style = AuthorYearLabels

    def format_web_refs(self, entry: Any) -> Any:
        """Return links and ``seen``, the last thing every entry shows."""
        links = super().format_web_refs(entry)
        seen = SEEN.get(entry.fields.get("seen", "") if hasattr(entry, "fields") else "", "")
        return join(sep=" ")[optional[links], seen] if seen else links


pybtex.plugin.register_plugin("pybtex.style.formatting", "fieldbook", FieldbookStyle)
pybtex.plugin.register_plugin(
    "pybtex.backends", "plaintext", PlainTextBackend, force=True
)  # else searched for each time


class Citations(BibtexDomain):
    """The citations of sphinxcontrib-bibtex, kept and listed page by page."""

    initial_data = {**BibtexDomain.initial_data, "citation_refs": {}}  # noqa: RUF012 (document name: its references)
    data_version = BibtexDomain.data_version + 1000

    @property
    def citation_refs(self) -> list[CitationRef]:  # type: ignore[override]
        """The references of the page that is being read or written."""
        return self.data["citation_refs"].setdefault(self.env.docname, [])

    @property
    def citations(self) -> list[Citation]:  # type: ignore[override]
        """The list of the page that is being written."""
        return self._listed(self.env.docname)

    def cited(self, docname: str) -> dict[str, Entry]:
        """Return the entries that a page cites, in the order of their first citations; unknown keys are left out."""
        targets = (target for reference in self.data["citation_refs"].get(docname, ()) for target in reference.targets)
        entries = self.bibdata.data.entries
        return {target.key: entries[target.key] for target in targets if target.key in entries}

    def process_doc(self, env: BuildEnvironment, docname: str, document: document) -> None:
        """Give what the page cites a place in its list, and take the page's dependence on the whole file from it."""
        keys = {target.key for reference in self.citation_refs for target in reference.targets}
        listing = next(document.findall(bibliography), None)
        if listing is not None:
            items = self.bibliographies[BibliographyKey(docname, listing["ids"][0])].citation_nodes
            for key in sorted(keys):
                items[key] = nodes.citation(ids=[nodes.make_id(f"cite-{key}")])
                document.note_explicit_target(items[key], items[key])
        env.dependencies.get(docname, set()).difference_update(self.bibdata.bibfiles)

    def get_entries(self, bibfiles: list[Path]) -> Iterable[Entry]:
        """Return nothing: the directive would make an item for every entry of the file."""
        return ()

    def clear_doc(self, docname: str) -> None:
        """Forget a page."""
        self.data["citation_refs"].pop(docname, None)
        for key in [key for key in self.bibliographies if key.docname == docname]:
            del self.bibliographies[key]

    def merge_domaindata(self, docnames: set[str], otherdata: dict[str, Any]) -> None:  # type: ignore[override]
        """Take what another process read of `docnames`."""
        for docname in docnames & otherdata["citation_refs"].keys():
            self.data["citation_refs"][docname] = otherdata["citation_refs"][docname]
        for key, value in otherdata["bibliographies"].items():
            if key.docname in docnames:
                self.bibliographies[key] = value

    def env_updated(self) -> Iterable[str]:
        """Forget what an earlier build has formatted."""
        self._lists: dict[str, list[Citation]] = {}
        self._formatted: dict[str, FormattedEntry] = {}
        self._digests = {
            key: hashlib.sha256(repr(entry).encode()).hexdigest() for key, entry in self.bibdata.data.entries.items()
        }
        return []

    def shown(self, docname: str) -> tuple[tuple[str, str], ...]:
        """Return the entries that a page shows, each with a digest of what the bibliography says of it."""
        return tuple((key, self._digests[key]) for key in self.cited(docname))

    def _listed(self, docname: str) -> list[Citation]:
        if docname not in self._lists:
            key = next((key for key in self.bibliographies if key.docname == docname), None)
            entries = FieldbookStyle().sort(self.cited(docname).values()) if key else []
            self._lists[docname] = [self._citation(key, entry) for entry in entries]
        return self._lists[docname]

    def _citation(self, listing: BibliographyKey, entry: Entry) -> Citation:
        if entry.key not in self._formatted:
            self._formatted[entry.key] = self._format(entry, listing.docname)
        [item] = self.bibliographies[listing].citation_nodes[entry.key]["ids"]
        text = self._formatted[entry.key]
        return Citation(item, listing, entry.key, entry, text, text)

    def _format(self, entry: Entry, docname: str) -> FormattedEntry:
        try:
            return FieldbookStyle().format_entry(label(entry), entry)
        except FieldIsMissing as error:
            what = str(error)
        except AttributeError:  # pybtex asks its style for a method of that name
            what = f"@{entry.type} is no type of entry"
        message = f"source '{entry.key}' cannot be listed ({what}); mend its entry in the bibliography"
        warn([Fault(docname, 0, Rule.BIBLIOGRAPHY, message)])
        return FormattedEntry(entry.key, Text(entry.key), label(entry))


def setup_citations(app: Sphinx) -> None:
    """Put our domain in the place of the extension's."""
    app.setup_extension("sphinxcontrib.bibtex")
    app.add_domain(Citations, override=True)
