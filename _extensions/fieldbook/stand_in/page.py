"""Stands in for the helpers of LLM Fieldbook, so that the code of one of its pages runs anywhere.

On the site `glue` puts a number into the text, `figure` draws in the reader's colours, and `explore` lets the reader
move something. Here they print the number, show the figure (a script saves it), and say some of what would be seen.
"""

import itertools
import sys

import matplotlib.pyplot as plt

from fieldbook.frames import Frame, bars, heatmap, lines, numbers, picture, table
from fieldbook.svg import STYLE

__all__ = ["Frame", "bars", "explore", "figure", "glue", "heatmap", "lines", "numbers", "picture", "refusal", "table"]

POINTS_SAID = 12

plt.rcParams.update(STYLE)


def glue(name, value):
    """Print a value that the text of the page shows."""
    print(f"{name} = {value}")


def figure(fig, *, name, caption, alt):
    """Show a figure with its caption; a script saves it beside itself."""
    if "ipykernel" in sys.modules:
        from IPython.display import display

        display(fig)
    else:
        fig.savefig(f"{name}.png", dpi=150, transparent=False)
        print(f"{name}.png: ", end="")
    print(caption)
    plt.close(fig)


def explore(name, frame, **grid):
    """Print the sentence at some points of the grid, the first and the last among them."""
    values = [[value.item() if hasattr(value, "item") else value for value in axis] for axis in grid.values()]
    points = [dict(zip(grid, point, strict=True)) for point in itertools.product(*values)]
    count = min(len(points), POINTS_SAID)
    for point in (points[number * (len(points) - 1) // (count - 1)] for number in range(count)):
        print(", ".join(f"{name} {value}" for name, value in point.items()) + ": " + frame(**point).sentence)


def refusal(call, *arguments, **named):
    """Return the message with which a call refuses its arguments, an empty one if it accepts them."""
    try:
        call(*arguments, **named)
    except ValueError as error:
        return str(error)
    return ""
