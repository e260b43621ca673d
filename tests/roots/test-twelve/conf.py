"""The site's own settings, with three areas, a static file and a template of its own."""

import runpy
from pathlib import Path

import fieldbook

SITE = Path(fieldbook.__file__).parents[2]
settings = runpy.run_path(str(SITE / "conf.py"))
globals().update({name: value for name, value in settings.items() if not name.startswith("_")})

suppress_warnings.append("fieldbook.figure")  # noqa: F821 (set above) a page shows a bitmap: a file of its own

fieldbook_areas = {
    "numbers": "What one number says of many.",
    "words": "What text is made of.",
    "shapes": "What stands on paper.",
}
fieldbook_description = "A small book that holds every construct."
html_logo = html_favicon = None
html_static_path = [str(SITE / "_static"), "_static"]
templates_path = ["_templates", str(SITE / "_templates")]
