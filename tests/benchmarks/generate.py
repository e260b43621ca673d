"""Sites of any size in the book's own grammar, the same every time: what the benchmarks build.

Sixteen pages an area; each page has a constant number of links, prerequisites, cards and citations, and so has each
page a constant number of pages that name it. What a page costs may therefore not depend on how many there are.

    python tests/benchmarks/generate.py FOLDER --pages 400 --without-cells
"""

from __future__ import annotations

import argparse
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

import fieldbook

SITE = Path(fieldbook.__file__).parents[2]
AREA = 16
LINKS = (1, 2, 7, 16)
"""How far before a page the pages stand that it links to."""
VOCABULARY = """
a attention and batch below bound by cache channel chunk computed context cost depth each edge entropy error every
factor few field for gradient grid head in is its kernel key layer less limit loss many mask matrix mean memory model
moment more most of on one only order over page pair part phase point position prior query range rank rate ratio row
same sample scale score seed share signal slope small space span state step sum table term text than that the then
to token total train under unit update value vector weight where which width window with word zero
"""
WORDS = VOCABULARY.split()

CONF = '''"""A generated site: the book's own settings, other areas."""

import runpy
import sys
from pathlib import Path

import fieldbook

SITE = Path(fieldbook.__file__).parents[2]
settings = runpy.run_path(str(SITE / "conf.py"))
globals().update({{name: value for name, value in settings.items() if not name.startswith("_")}})

sys.path.append(str(SITE / "tests" / "benchmarks"))
extensions = [*settings["extensions"], "clock"]
fieldbook_areas = {areas!r}
fieldbook_executor = {executor!r}
clock_stock_navigation = {stock_navigation!r}
html_logo = html_favicon = None
html_static_path = [str(SITE / "_static")]
templates_path = [str(SITE / "_templates")]
'''

PAGE = """---
{kernel}summary: What {title} says of the {words[0]}, and what the {words[1]} costs.
aliases: [{title} rule, the idea of {name}]
requires: [{requires}]
contrasts: [{contrasts}]
reviewed: 2026-{month:02}
---

# {title}

{opening}

:::{{pitfall}}
{pitfall}
:::

## How it works

{paragraphs[0]}
It was found early {{cite:p}}`{key}`.

$$
y_{{{index}}} = \\sum_{{j=1}}^{{n}} \\frac{{x_j^2}}{{{index} + j}}
$$

{paragraphs[1]}
{links}
{run}
## Check yourself

{cards}"""

KERNEL = "file_format: mystnb\nkernelspec: {name: python3}\n"

NUMBERS = """
## See it run

```{{code-cell}} ipython3
import numpy as np
from fieldbook.page import {helpers}

rng = np.random.default_rng({number})
values = rng.normal(size=(64, 16))
singular = np.linalg.svd(values, compute_uv=False)
glue("largest", singular[0])
print(f"largest {{singular[0]:.3f}}, smallest {{singular[-1]:.3f}}")
```

The largest singular value is {{glue:text}}`largest:.3f`.

```{{code-cell}} ipython3
:tags: [remove-cell]

assert np.isclose((singular**2).sum(), (values**2).sum())
```
"""

FIGURE = """
```{{code-cell}} ipython3
:tags: [hide-input]

from matplotlib import pyplot as plt

fig, ax = plt.subplots()
ax.plot(singular)
ax.set(title="They fall slowly", xlabel="index", ylabel="singular value")
caption = f"From {{singular[0]:.2f}} down to {{singular[-1]:.2f}}."
figure(fig, name="singular-{number}", caption=caption, alt=f"A falling curve. {{caption}}")
assert caption.startswith("From")
```
"""


@dataclass(frozen=True)
class Book:
    """A site to generate.

    Parameters
    ----------
    pages : int
        How many concept pages; index pages come on top.
    execute : bool
        Whether pages have cells.
    executor : str
        Who runs them: ``warm``, ``stock`` or ``auto``.
    stock_navigation : bool
        Whether Furo renders the tree of the whole site into every page, as it does on its own.
    """

    pages: int
    execute: bool = True
    executor: str = "auto"
    stock_navigation: bool = False

    def write(self, root: Path) -> None:
        """Write the site into an empty folder."""
        areas = {f"area-{number:03}": f"Area of {_name(number)}" for number in range(-(-self.pages // AREA))}
        files = {
            "conf.py": CONF.format(
                areas={area: f"What {name} is about." for area, name in areas.items()},
                executor=self.executor,
                stock_navigation=self.stock_navigation,
            ),
            "index.md": _index(
                "A generated book", "{area-cards}", [f"docs/{area}/index" for area in areas], "{search-form}"
            ),
            "docs/references.bib": "\n".join(_entry(number) for number in range(self.pages)),
        }
        for area, name in areas.items():
            numbers = [number for number in range(self.pages) if area_of(number) == area]
            files[f"docs/{area}/index.md"] = _index(name, "{area-pages}", [slug(number) for number in numbers])
            ledger = {card: texts for number in numbers for card, texts in _cards(number).items()}
            files[f"docs/{area}/cards.yml"] = yaml.safe_dump(ledger, sort_keys=False, width=1000)
            files |= {f"{docname(number)}.md": self.page(number) for number in numbers}
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8", newline="\n")
        for name in ("requirements.txt", "package-lock.json"):
            shutil.copy(SITE / name, root / name)

    def page(self, number: int) -> str:
        """Return the source of a page."""
        chance = random.Random(f"page {number}")
        names = [slug(number - back) for back in LINKS if number - back >= 0]
        cards = [
            f":::{{flashcard}} {card}\n{texts['question']}\n---\n{texts['answer']}\n:::\n"
            for card, texts in _cards(number).items()
        ]
        run = ""
        if self.execute:
            with_figure = number % 2 == 0
            run = NUMBERS.format(number=number, helpers="figure, glue" if with_figure else "glue")
            run += FIGURE.format(number=number) if with_figure else ""
        return PAGE.format(
            kernel=KERNEL if self.execute else "",
            title=title(number),
            name=_name(number),
            index=number % 100,
            month=1 + number % 12,
            words=chance.sample([word for word in WORDS if len(word) > 3], 2),
            requires=", ".join(slug(other) for other in requires(number)),
            contrasts=slug(number - 1) if number % 2 else "",
            opening=_prose(chance, 3),
            pitfall=_prose(chance, 2),
            paragraphs=[_prose(chance, 6), _prose(chance, 6)],
            links="\n".join(f"Compare [{_prose(chance, 1).lower().rstrip('.')}](#{name})." for name in names),
            key=_key(number),
            run=run,
            cards="\n".join(cards),
        )


def slug(number: int) -> str:
    """Return the slug of a page."""
    return f"concept-{number:04}"


def title(number: int) -> str:
    """Return the title of a page."""
    return f"The {WORDS[number % len(WORDS)]} of {_name(number).capitalize()}"


def area_of(number: int) -> str:
    """Return the area of a page."""
    return f"area-{number // AREA:03}"


def docname(number: int) -> str:
    """Return the document name of a page."""
    return f"docs/{area_of(number)}/{slug(number)}"


def requires(number: int) -> list[int]:
    """Return two earlier pages, so that chains grow as the logarithm of the number of pages."""
    return sorted({number // 2, number // 3} - {number})


def edit_prose(root: Path, number: int, mark: str) -> None:
    """Write a word into the opening of a page; it stands nowhere else."""
    _replace(root / f"{docname(number)}.md", "\n\n:::{pitfall}", f" Now {mark}.\n\n:::{{pitfall}}")


def edit_cell(root: Path, number: int, mark: str) -> None:
    """Have a cell of a page print a word that stands nowhere else."""
    _replace(root / f"{docname(number)}.md", 'print(f"', f'print(f"{mark} ')


def _replace(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8", newline="\n")


def _index(name: str, listing: str, entries: list[str], *before: str) -> str:
    directives = "\n".join(f":::{directive}\n:::\n" for directive in (*before, listing))
    return f"# {name}\n\n{directives}\n```{{toctree}}\n:hidden:\n\n" + "\n".join(entries) + "\n```\n"


def _prose(chance: random.Random, sentences: int) -> str:
    return "\n".join(
        " ".join(chance.choices(WORDS, k=chance.randint(8, 14))).capitalize() + "." for _ in range(sentences)
    )


def _cards(number: int) -> dict[str, dict[str, str]]:
    chance = random.Random(f"cards {number}")
    return {
        f"{slug(number)}-{card}": {
            "question": _prose(chance, 1).rstrip(".") + "?",
            "answer": _prose(chance, 1),
        }
        for card in (1, 2, 3)
    }


def _name(number: int) -> str:
    return "".join(chr(ord("a") + digit) for digit in (number // 676 % 26, number // 26 % 26, number % 26)) + "son"


def _key(number: int) -> str:
    return f"{_name(number)}{1900 + number % 100}idea"


def _entry(number: int) -> str:
    return (
        f"@article{{{_key(number)},\n"
        f"  title = {{The idea of {title(number)}}},\n"
        f"  author = {{{_name(number).capitalize()}, Ada}},\n"
        f"  year = {{{1900 + number % 100}}},\n"
        f"  journal = {{Ideas}},\n"
        f"  doi = {{10.1000/{number}}},\n"
        f"  seen = {{text}},\n"
        f"}}\n"
    )


def main() -> None:
    """Write a site by hand, to look at it or to profile it."""
    parser = argparse.ArgumentParser(description="Write a generated site into an empty folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=120)
    parser.add_argument("--without-cells", action="store_true")
    parser.add_argument("--executor", choices=("auto", "warm", "stock"), default="auto")
    parser.add_argument("--stock-navigation", action="store_true")
    options = parser.parse_args()
    Book(options.pages, not options.without_cells, options.executor, options.stock_navigation).write(options.folder)


if __name__ == "__main__":
    main()
