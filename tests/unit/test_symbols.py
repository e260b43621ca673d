"""Symbols in formulas: what is one, what explains it, and what is left to other pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldbook import prose, symbols

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("tex", "found"),
    [
        (r"x_i^2", ["x"]),
        (r"x^n", ["x", "n"]),
        (r"q^a_{ij}", ["q"]),  # a label over an index is no power
        (r"\mathbf{W}_Q \mathbf{W}_k", [r"\mathbf{W}_{Q}", r"\mathbf{W}"]),
        (r"\hat{x}, \hat{\mathbf{x}}, x_{\max}", [r"\hat{x}", r"\hat{\mathbf{x}}", "x_{max}"]),
        (r"n_{\text{heads}} \cdot d_{\mathrm{key}}", ["n_{heads}", "d_{key}"]),
        (r"\operatorname{LSE}(z) + \mathrm{rel}_i + \log m", ["z", "m"]),
        (r"\sum_{k=1}^{n} a_k \max_t b", ["n", "a", "b"]),  # what a sum counts with is its own
        (r"e^{\beta E_i} \Delta\mathbf{W}", [r"\beta", "E", r"\mathbf{W}"]),
        (r"\begin{aligned} a &= b \\[4pt] c \end{aligned}", ["a", "b", "c"]),
        (r"2/255 \approx 0.0078", []),
    ],
)
def test_what_a_symbol_is(tex, found):
    assert symbols.symbols(tex) == found


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("$$ y = a x $$\n\nHere $x$ is this, $a$ that, $y$ the rest.", []),
        ("$$ y = a x $$\n\nHere $x$ is this, $y$ the rest.", ["a"]),
        ("Let $0 < a \\le 1$ be so. Then $2a$ too.", []),
        ("Then $2a$ is so.", ["a"]),
        ("Then $a / 2$ is so.", ["a"]),
        ("The scores $z_1, \\dots, z_n$ are so. All $n$ of them.", []),
        ("$a$\n", ["a"]),  # no sentence
        ("## One\n\n$$ a $$\n\n## Two\n\nHere $a$ is so.", ["a"]),  # too late
        ("## One\n\nHere $a$ is so.\n\n## Two\n\n$$ a $$", []),
        (":::{flashcard} a-1\nWhat is $a$?\n---\nIt is so.\n:::", []),  # a card is read by itself
        ("```{math}\na\n```\n\nSo it is.", ["a"]),
        ("$$ \\tau $$", []),  # explained by a page that this one requires
        ("$$ \\eta $$", ["\\eta"]),  # explained by another
    ],
)
def test_a_symbol_is_explained_in_a_sentence_or_by_a_page_that_is_required(page, found):
    rows = "| $\\tau$ | [temperature](#temperature) |\n| $\\eta$ | [rate](#learning-rate) |\n"
    notation = symbols.meanings("| Symbol | Meaning |\n| - | - |\n" + rows)
    assert [use.symbol for use in symbols.unexplained(prose.blocks(page), notation, {"temperature"})] == found


def test_the_notation_page_is_read():
    notation = symbols.meanings((ROOT / "docs/about/notation.md").read_text(encoding="utf-8"))
    assert notation[r"\tau"][0].slugs == ("temperature",)
    assert notation[r"\mathbf{W}_{Q}"][0].text == "the projections that make them, and the output projection"
