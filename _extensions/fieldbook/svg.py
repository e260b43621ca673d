"""Matplotlib figures as inline SVG: reproducible, theme-following, safe to put several on a page.

The style draws with a handful of fixed colours. `themed` replaces each by a CSS variable with that colour as its
fallback, so the picture changes with the reader's theme and is still right outside the site. Text stays text. No
Sphinx import; Matplotlib, a second's work, is imported when a figure is drawn, which a build itself never does.
"""

from __future__ import annotations

import io
import re
from typing import Any

MIME = "application/vnd.fieldbook.figure+json"

PALETTE = ("#2a70d2", "#b85a00", "#0f6650", "#983c84", "#5e1a10", "#251a4d")
"""Six hues for light paper, told apart by the colour-blind and dark enough for text; `conf.py` has the dark theme's."""

COLOURS = {
    **{colour: f"--fb-c{index}" for index, colour in enumerate(PALETTE)},
    "#000000": "--fb-ink",
    "#808080": "--fb-muted",
    "#ffffff": "--fb-paper",
}

STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": f"cycler(color={PALETTE})",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "figure.figsize": (6.4, 3.4),
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.alpha": 0.25,
    "grid.color": "#808080",
    "image.cmap": "viridis",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "fieldbook",
}


def bundle(fig: Any, *, name: str, caption: str, alt: str) -> dict[str, Any]:
    """Return the display data of a figure; the arguments are those of `fieldbook.page.figure`."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"figure name {name!r} must be lower case, digits and single hyphens")
    for what, text in (("caption", caption), ("alt", alt)):
        if len(text.split()) < 3:
            raise ValueError(f"figure {name!r}: {what} must be a sentence that says what is seen")
    from matplotlib import pyplot as plt

    data = {"svg": themed(draw(fig), name), "name": name, "caption": caption, "alt": alt}
    plt.close(fig)
    return {MIME: data, "text/plain": f"[figure: {alt}]"}


def draw(fig: Any) -> str:
    """Return a figure as SVG text, without date and XML prologue."""
    import matplotlib as mpl

    with io.StringIO() as file, mpl.rc_context(STYLE):
        fig.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        text = file.getvalue()
    return text[text.index("<svg") :].strip()


def themed(text: str, name: str) -> str:
    """Replace fixed colours by CSS variables and prefix every id.

    Examples
    --------
    >>> themed('<svg><g id="a" style="fill: #000000"/><use href="#a"/></svg>', "demo")
    '<svg><g id="demo-a" style="fill: var(--fb-ink, #000000)"/><use href="#demo-a"/></svg>'
    """
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\b(xlink:href|href)="#', rf'\1="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    for colour, variable in COLOURS.items():
        text = re.sub(rf"{colour}\b(?!\))", f"var({variable}, {colour})", text, flags=re.IGNORECASE)
    return text
