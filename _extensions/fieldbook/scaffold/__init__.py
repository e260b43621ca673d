"""The files of a new page: what ``make new CONCEPT=area/slug`` writes.

The page is a copy of the page template of the writing guide, which is a page of its own; module and test are copies of
the templates beside this file. All three speak of ``page-template`` in ``contributing``, and the copies of their own
slug and area instead. Two kinds of lines in the page template begin with a comment mark (``% ``, and ``# `` before
``from code_examples``), because they name what only a copy has; a copy loses the marks.

No copy is finished by chance: guidance, an empty summary, no questions, a doctest that fails, an unknown citation key and tests that
fail refuse it until it is written. `files` only reads; the caller writes everything or nothing. A module or a test that
is there already, because another page needed the function first, is returned as it stands.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fieldbook import planned
from fieldbook.concept import Slug
from fieldbook.faults import did_you_mean

HERE = Path(__file__).parent
TEMPLATE = "docs/contributing/page-template.md"


def files(root: Path, place: str, *, areas: Collection[str], pages: Iterable[Path], month: str) -> dict[str, str]:
    """Return every file that a new page needs, by path, with its whole text.

    Parameters
    ----------
    root : Path
        The folder of ``conf.py``.
    place : str
        What was asked for: ``area/slug``.
    areas : collection of str
        The areas there are.
    pages : iterable of Path
        The concept pages there are.
    month : str
        The month of its first review, ``YYYY-MM``.

    Raises
    ------
    ValueError
        If the page cannot be; the message is one sentence for its author.
    """
    area, slug = _area_and_slug(place, areas)
    name = slug.replace("-", "_")
    page, module = f"docs/{area}/{slug}.md", f"code_examples/{area}/{name}.py"
    test = f"tests/code_examples/{area}/test_{name}.py"
    others = [path.relative_to(root).as_posix() for path in pages if path.stem == slug]
    for path in (*others, page):
        if (root / path).exists():
            raise ValueError(f"{path} exists already; edit it, or choose another slug")
    texts = {path: _read(root, path) for path in (planned.PATH, f"docs/{area}/index.md", TEMPLATE)}
    entries, faults = planned.parse(texts[planned.PATH])
    if faults:
        raise ValueError(f"{planned.PATH}:{faults[0].line}: {faults[0].message}; mend it first")
    if slug in entries and entries[slug].area != area:
        raise ValueError(
            f"'{slug}' is planned in '{entries[slug].area}', not in '{area}'; move its entry, or write it there"
        )
    title = entries[slug].title if slug in entries else slug.replace("-", " ").capitalize()
    names = {
        "contributing/page-template": f"{area}/{slug}",
        "contributing/page_template": f"{area}/{name}",
        "contributing.page_template": f"{area}.{name}",
        "page-template": slug,
        "page_template": name,
    }
    text = re.sub(r"^(% |# (?=from code_examples))", "", texts[TEMPLATE], flags=re.MULTILINE)
    text = re.sub(r"^summary:.*", "summary:", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^questions:.*\n(- .*\n)*", "questions:\n", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^reviewed:.*", f"reviewed: {month}", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^# .*", lambda _: f"# {title}", text, count=1, flags=re.MULTILINE)
    made = {
        page: _renamed(text, names),
        f"docs/{area}/index.md": enlist(texts[f"docs/{area}/index.md"], slug),
    }
    for path, template in ((module, "module.py.txt"), (test, "test.py.txt")):
        made[path] = _read(root, path) if (root / path).exists() else _renamed(_read(HERE, template), names)
    if slug in entries:
        made[planned.PATH] = unplan(texts[planned.PATH], slug)
    package = f"code_examples/{area}/__init__.py"
    if not (root / package).exists():
        made[package] = f'"""Reference implementations of the area `{area}`."""\n'
    return made


def _area_and_slug(place: str, known: Collection[str]) -> tuple[str, str]:
    area, _, slug = place.partition("/")
    if not area or not slug:
        raise ValueError(f"'{place}' is not area/slug; write, for example, 'make new CONCEPT=training/dpo'")
    if area not in known:
        remedy = did_you_mean(area, known) or f"; the areas are {', '.join(known)}"
        raise ValueError(f"unknown area '{area}'{remedy}")
    try:
        TypeAdapter(Slug).validate_python(slug)
    except ValidationError:
        raise ValueError(f"'{slug}' is no slug; use lower case, digits and single hyphens") from None
    name = slug.replace("-", "_")
    if slug == "index" or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(
            f"'{slug}' cannot name a page and its module '{name}.py'; begin with a letter and use no word of Python"
        )
    return area, slug


def _read(root: Path, path: str) -> str:
    try:
        return (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist; a new page needs it") from None


def _renamed(text: str, names: dict[str, str]) -> str:
    for old, new_name in names.items():
        text = text.replace(old, new_name)
    return text


def enlist(text: str, slug: str) -> str:
    r"""Put a page last in the toctree of its area's page; make the toctree if there is none.

    Examples
    --------
    >>> enlist("# Training\n", "dpo")
    '# Training\n\n```{toctree}\n:hidden:\n\ndpo\n```\n'
    >>> enlist("```{toctree}\n:hidden:\n\nrlhf\n```\n", "dpo")
    '```{toctree}\n:hidden:\n\nrlhf\ndpo\n```\n'
    """
    found = re.search(r"^(`{3,}|:{3,})\{toctree\}[ \t]*\n(.*?)^\1[ \t]*$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        return text.rstrip("\n") + f"\n\n```{{toctree}}\n:hidden:\n\n{slug}\n```\n"
    body = found.group(2)
    if slug in body.split():
        return text
    gap = "\n" if not body or body.splitlines()[-1].startswith(":") else ""
    return text[: found.end(2)] + f"{gap}{slug}\n" + text[found.end(2) :]


def unplan(text: str, slug: str) -> str:
    r"""Take one entry out of the list of pages to come, and its area if nothing else stands there.

    Examples
    --------
    >>> unplan("training:\n  dpo: DPO\n  kto: KTO\nserving:\n  batching: Batches\n", "dpo")
    'training:\n  kto: KTO\nserving:\n  batching: Batches\n'
    >>> unplan("# To come\ntraining:\n  dpo: DPO\n", "dpo")
    '# To come\n'
    """
    entries, _ = planned.parse(text)
    area, line = entries[slug].area, entries[slug].line
    lines = text.splitlines(keepends=True)
    gone = {line}
    if sum(entry.area == area for entry in entries.values()) == 1:
        gone |= {number for number in range(1, line) if lines[number - 1].startswith(f"{area}:")}
    rest = "".join(kept for number, kept in enumerate(lines, 1) if number not in gone)
    left, faults = planned.parse(rest)
    if faults or {key: left[key].title for key in left} != {key: entries[key].title for key in entries if key != slug}:
        raise ValueError(
            f"{planned.PATH}:{line}: the entry of '{slug}' must stand on a line of its own; write 'slug: Title'"
        )
    return rest
