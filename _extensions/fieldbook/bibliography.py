"""The bibliography: every entry cited, every citation known, nobody cited for more than was read.

Each entry of ``docs/references.bib`` says in ``seen`` how it was read: ``text``, ``abstract``, ``secondhand`` or
``no``. A place in a source (``{cite:p}`key{Section 3}```) needs ``text``. `fieldbook.citations` does the citing and
shows ``seen`` to the reader; this module holds entries and citations to the rules.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pybtex.errors
from sphinxcontrib.bibtex.citation_target import parse_citation_targets

from fieldbook.citations import SEEN, give_letters
from fieldbook.domain import Place
from fieldbook.faults import Fault, Rule, did_you_mean, warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybtex.exceptions import PybtexError
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

KEY = re.compile(r"[a-z]+[0-9]{4}[a-z0-9]+")
PLACE = re.compile(
    r"\b(sections?|sec|tables?|figures?|fig|equations?|eq|appendix|chapters?|ch|pages?|p|pp|theorem|lemma|algorithm)\b",
    re.IGNORECASE,
)


def entry_lines(text: str) -> dict[str, int]:
    r"""Return the line of each entry, by key.

    Examples
    --------
    >>> entry_lines("% ours\n@article{guo2017calibration,\n}\n")
    {'guo2017calibration': 2}
    """
    return {
        match.group(1): text.count("\n", 0, match.start()) + 1
        for match in re.finditer(r"^@\w+\s*\{\s*([^,\s]+)\s*,", text, re.MULTILINE)
    }


def check_entries(
    entries: dict[str, dict[str, str]], lines: dict[str, int], cited: set[str], where: str
) -> list[Fault]:
    """Return what is wrong with the entries themselves.

    Parameters
    ----------
    entries : dict of str to dict of str to str
        For each key its fields.
    lines : dict of str to int
        For each key its line.
    cited : set of str
        The keys that some page cites.
    where : str
        The path of the file.

    Returns
    -------
    list of Fault
        Bad keys, disorder, a missing or unknown ``seen``, no way to find the source, one source twice, no citation.
    """
    found: list[tuple[str, str]] = []
    sources: dict[str, str] = {}
    order = list(lines)
    for before, key in itertools.pairwise(order):
        if key < before:
            found.append((key, f"entry '{key}' stands after '{before}'; sort the entries by key"))
    for key, fields in entries.items():
        if not KEY.fullmatch(key):
            found.append((key, f"key '{key}' is not author, year, word; name it like 'guo2017calibration'"))
        seen = fields.get("seen")
        if seen not in SEEN:
            what = f"seen = {{{seen}}} is unknown" if seen else "says not how it was read"
            found.append(
                (
                    key,
                    f"entry '{key}' {what}; add seen = {{text}}, {{abstract}}, {{secondhand}} or {{no}}",
                )
            )
        places = [
            re.sub(r"^https?://(dx\.)?doi\.org/|^arxiv:", "", fields[name].strip().lower())
            for name in ("doi", "eprint", "url")
            if fields.get(name)
        ]
        if not places:
            found.append(
                (
                    key,
                    f"entry '{key}' has no doi, eprint or url; add one, so that a reader finds it",
                )
            )
        for place in places:
            if sources.setdefault(place, key) != key:
                found.append(
                    (
                        key,
                        f"entry '{key}' is the same source as '{sources[place]}' ({place}); keep one",
                    )
                )
        if key not in cited:
            found.append((key, f"entry '{key}' is cited on no page; cite it or remove it"))
    return [Fault(where, lines.get(key, 1), Rule.BIBLIOGRAPHY, message) for key, message in found]


def check_citations(citations: Iterable[tuple[str, int, str, str]], entries: dict[str, dict[str, str]]) -> list[Fault]:
    """Return unknown keys, and places cited in sources that were not read in full text.

    Parameters
    ----------
    citations : iterable of (str, int, str, str)
        Document name, line, key, and the text around the key.
    entries : dict of str to dict of str to str
        For each key its fields.
    """
    faults = []
    for docname, line, key, around in citations:
        if key not in entries:
            remedy = did_you_mean(key, entries) or "; add it to the bibliography"
            message = f"unknown bibliography key '{key}'{remedy}"
            faults.append(Fault(docname, line, Rule.BIBLIOGRAPHY, message))
        elif PLACE.search(around) and entries[key].get("seen") != "text":
            message = (
                f"'{around}' of '{key}' is cited, but its entry has seen = {{{entries[key].get('seen', '')}}}; "
                "read that place and say seen = {text}, or cite the source as a whole"
            )
            faults.append(Fault(docname, line, Rule.BIBLIOGRAPHY, message))
    return faults


def check_years(text: str, where: str) -> list[Fault]:
    r"""Return the years that carry a letter: the build gives letters, so that no entry depends on its neighbours.

    Examples
    --------
    >>> check_years("@misc{lin2023awq,\n  year = {2023a},\n}\n", "x.bib")[0].message
    "the year is written '2023a'; write 2023: where two sources read alike, the build gives the letters"
    """
    return [
        Fault(
            where,
            text.count("\n", 0, match.start(1)) + 1,
            Rule.BIBLIOGRAPHY,
            f"the year is written '{match.group(1)}'; write {match.group(1)[:4]}: where two sources read alike, "
            "the build gives the letters",
        )
        for match in re.finditer(r"^\s*year\s*=\s*[{\"]?(\d{4}[a-z])\b", text, re.MULTILINE)
    ]


def check_syntax(errors: Iterable[PybtexError], texts: dict[str, str]) -> list[Fault]:
    """Return what pybtex could not read, located.

    Parameters
    ----------
    errors : iterable of PybtexError
        What it reported; an error of syntax has a line, one about an entry names its key.
    texts : dict of str to str
        The text of each file, by path.
    """
    faults = []
    for error in errors:
        what = re.sub(r"^syntax error in line \d+: ", "", str(error))
        starts = {path: _last_entry(text, what) for path, text in texts.items()}
        path = next((path for path in texts if str(error.filename or "").endswith(path)), None)
        path = path or max(starts, key=lambda name: starts[name])
        line = getattr(error, "lineno", None) or starts[path] or 1
        message = f"the file cannot be read here: {what}; mend the entry that stands here, or ends here"
        faults.append(Fault(path, line, Rule.BIBLIOGRAPHY, message))
    return faults


def _last_entry(text: str, words: str) -> int:
    """Return the line of the last entry whose key is among some words; 0 if there is none."""
    return max((line for key, line in entry_lines(text).items() if key in words.split()), default=0)


# --- handlers --------------------------------------------------------------------------------------------------------


def before_parsing(app: Sphinx) -> None:
    """Have pybtex gather what it cannot read, and read on, instead of raising it."""
    app.fieldbook_gathering = pybtex.errors.capture()  # type: ignore[attr-defined]
    app.fieldbook_unread = app.fieldbook_gathering.__enter__()  # type: ignore[attr-defined]


def after_parsing(app: Sphinx) -> None:
    """End that; a bibliography with errors is parsed again by the next build, which so finds them again."""
    app.fieldbook_gathering.__exit__(None, None, None)  # type: ignore[attr-defined]
    data = app.env.get_domain("cite").data
    give_letters(data["bibdata"].data.entries.values())
    if app.fieldbook_unread:  # type: ignore[attr-defined]
        data["bibdata"] = data["bibdata"]._replace(encoding="outdated")


def on_env_check_consistency(app: Sphinx, env: BuildEnvironment) -> None:
    """Hold entries and citations to the rules."""
    cite = env.get_domain("cite")
    entries = {
        key: {name.lower(): str(value) for name, value in entry.fields.items()}
        for key, entry in cite.bibdata.data.entries.items()  # type: ignore[attr-defined]
    }
    citations = sorted(
        (docname, line, target.key, f"{target.pre} {target.post}".strip())
        for docname, written in env.get_domain("concept").data["citations"].items()
        for line, keys in written
        for target in parse_citation_targets(keys)
    )
    paths = {name: Path(app.srcdir, name) for name in env.config.bibtex_bibfiles}
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items() if path.exists()}
    faults = check_citations(citations, entries)
    listing = {key.docname for key in cite.bibliographies}  # type: ignore[attr-defined]
    for docname, written in env.get_domain("concept").data["citations"].items():
        if written and docname not in listing and not Place.of(docname, env.config.fieldbook_areas):
            message = "the page cites sources and does not list them; end it with a {bibliography} directive"
            faults.append(Fault(docname, written[0][0], Rule.BIBLIOGRAPHY, message))
    faults += check_syntax(app.fieldbook_unread, texts)  # type: ignore[attr-defined]
    for name, text in texts.items():
        lines = entry_lines(text)
        own = {key: fields for key, fields in entries.items() if key in lines}
        faults += check_years(text, name)
        faults += check_entries(own, lines, {key for _, _, key, _ in citations}, name)
    warn(faults, app.srcdir)


def setup_bibliography(app: Sphinx) -> None:
    """Register the check, and the handlers around the parsing, which is done at priority 500."""
    app.connect("builder-inited", before_parsing, priority=499)
    app.connect("builder-inited", after_parsing, priority=501)
    app.connect("env-check-consistency", on_env_check_consistency)
