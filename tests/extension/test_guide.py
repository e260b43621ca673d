"""The writing guide keeps its word: a new page is refused, and each fault that the kitchen sink quotes is real."""

from __future__ import annotations

import re
from pathlib import Path

from fieldbook import authoring, scaffold

GUIDE = Path(__file__).parents[2] / "docs" / "contributing"
FRONT = "summary: One sentence.\naliases: []\nrequires: []\ncontrasts: []\nreviewed: 2026-11\n---\n\n"
CELLS = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n" + FRONT

MISUSES = (
    CELLS
    + """# Softmax

It opens with a [link](#sofmax) and {given}`7`, {cite:p}`guo2017calibraton` and {cite:p}`zhou2023lima{Section 3}`.

:::{pitfall}
:::

:::{pitfall}
One.
:::

:::{pitfall}
Two.
:::

## How it works

The formula $\\sofmax$ is none.
It takes 12 s and four bits by GPT-9, and $x = 0.125$.

```{literalinclude} ../../code_examples/foundations/sofmax.py
```

```pycon
>>> from code_examples.foundations.softmax import softmax
>>> softmax([1000, 1000]).tolist()
[1, 0]
```

```{code-cell} ipython3
sofmax([1])
```

## Check yourself

:::{flashcard} softmax-7
No answer.
:::

:::{flashcard} softmax-7
- A list?
---
No.
:::

:::{flashcard} softmax-7
Why?
---
So.
:::
"""
)

GLUE = (
    CELLS
    + """# Glue

By [softmax](#softmax), and once more by [softmax](#softmax).

```{code-cell} ipython3
import numpy as np

from fieldbook.page import glue

glue("p", np.zeros(2))
```
"""
)

FIGURE = (
    CELLS
    + """# Figure

```{code-cell} ipython3
import matplotlib.pyplot as plt

from fieldbook.page import figure

figure(plt.figure(), name="kitchen-sink-shares", caption="It says what is found.", alt="A picture")
```
"""
)

EXPLORE = (
    CELLS
    + """# Explore

```{code-cell} ipython3
from fieldbook.page import Frame, explore, numbers

explore("kitchen-sink-gap", lambda gap: Frame(f"It is {1 / gap} now.", numbers({"gap": gap})), gap=range(6))
```
"""
)

EXPLORE_ELSEWHERE = (
    CELLS
    + """# Explore elsewhere

```{code-cell} ipython3
1 + 1
```

:::{explore} kitchen-sink-gaps
It says what to look for.
:::
"""
)

QUESTIONS = FRONT.replace(
    "aliases: []\n",
    "aliases: [one of 37]\nquestions:\n- How it works.\n- Which comes first: scaling or normalizing?\n",
)
ONE_QUESTION = FRONT.replace("aliases: []\n", "aliases: []\nquestions: How does it work?\n")

NO_KERNEL = "---\n" + FRONT + "# No kernel\n\n```{code-cell} ipython3\n1 + 1\n```\n"

SOURCES = """
@misc{guo2017calibration,
  title = {One},
  eprint = {1},
  seen = {text},
}

@misc{zhou2023lima,
  title = {Two},
  eprint = {2},
  seen = {secondhand},
}
"""


def test_every_fault_that_the_kitchen_sink_quotes_is_what_the_build_says(project):
    project.edit("conf.py", '"words": ', '"foundations": "What all lean on.", "words": ')
    project.write("docs/references.bib", (project.root / "docs/references.bib").read_text(encoding="utf-8") + SOURCES)
    project.write("code_examples/foundations/__init__.py", "")
    project.write(
        "code_examples/foundations/softmax.py",
        "import numpy as np\n\n\ndef softmax(z):\n    w = np.exp(np.subtract(z, max(z)))\n    return w / w.sum()\n",
    )
    project.write(
        "docs/foundations/index.md",
        "# Foundations\n\n```{toctree}\nsoftmax\nglue\nfigure\nno-kernel\nquestions\none-question\nexplore\n"
        "explore-elsewhere\n```\n",
    )
    pages = {"softmax": MISUSES, "glue": GLUE, "figure": FIGURE, "no-kernel": NO_KERNEL}
    pages |= {"explore": EXPLORE, "explore-elsewhere": EXPLORE_ELSEWHERE}
    pages |= {"questions": f"---\n{QUESTIONS}# Questions\n", "one-question": f"---\n{ONE_QUESTION}# One question\n"}
    for slug, text in pages.items():
        project.write(f"docs/foundations/{slug}.md", text)
    said = [re.sub(r"^\S+: WARNING: ", "", line) for line in project.build_apart().warnings]
    said = [line.replace(f"'{project.root}/", "'") for line in said]
    quoted = re.findall(r"^- `(.*)`$", (GUIDE / "kitchen-sink.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(quoted) > 10
    patterns = [".*".join(re.escape(part) for part in line.split("…")) for line in quoted]
    missing = [pattern for pattern in patterns if not any(re.match(pattern, line) for line in said)]
    assert missing == [], "\n".join(said)


def test_a_scaffolded_page_is_refused_for_everything_that_is_not_written(project):
    path = "docs/words/attention.md"
    project.write(scaffold.TEMPLATE, (GUIDE / "page-template.md").read_text(encoding="utf-8"))
    for name in ("docs/contributing/writing.md", "docs/about/notation.md"):  # which the guidance links to
        project.write(name, "---\norphan: true\n---\n# Elsewhere\n")
    assert authoring.new(project.root, "words/attention") == 0
    (project.root / scaffold.TEMPLATE).unlink()
    warnings = project.build_apart().warnings
    guidance = [
        f"{path}:{number}: WARNING: guidance of the page template still stands here; "
        "do what it says, then remove it [fieldbook.structure]"
        for number, line in enumerate((project.root / path).read_text(encoding="utf-8").splitlines(), 1)
        if line == ":::{guidance}"
    ]
    assert len(guidance) == 7
    module = "code_examples/words/attention.py"
    remedy = "correct the code, or the result it shows [fieldbook.doctest]"
    unwritten = "raised NotImplementedError: attention is not written yet"
    assert sorted(warnings) == sorted(
        [
            *guidance,
            f"{path}:4: WARNING: 'summary' is not as it should be (input should be a valid string); "
            "write one sentence in plain text [fieldbook.front-matter]",
            f"{path}:6: WARNING: 'questions' is not as it should be (input should be a valid list); "
            "write a list of questions, each with its mark and at most 100 letters [fieldbook.front-matter]",
            f"{path}:{project.line(path, 'Where a claim comes from')}: WARNING: unknown bibliography key "
            "'author2017word'; add it to the bibliography [fieldbook.bibliography]",
            *(
                f"{path}:{project.line(path, f':::{{flashcard}} attention-{number}')}: WARNING: "
                f"card 'attention-{number}' is in no ledger of ids; run 'make fix' to enter it [fieldbook.flashcard]"
                for number in (1, 2, 3)
            ),
            f"{module}:{project.line(module, '>>> attention([1, 2, 6])')}: WARNING: "
            f"doctest 'attention([1, 2, 6])' {unwritten}; {remedy}",
            f"{module}:{project.line(module, '>>> attention([7])')}: WARNING: "
            f"doctest 'attention([7])' {unwritten}; {remedy}",
        ]
    )
