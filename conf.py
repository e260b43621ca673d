"""Settings of the site; what they do is in `_extensions/fieldbook` and Sphinx's manual, whose order they follow."""

# --- project ---------------------------------------------------------------------------------------------------------
project = "LLM Fieldbook"
author = "the LLM Fieldbook authors"
project_copyright = author

# --- general ---------------------------------------------------------------------------------------------------------
extensions = ["myst_nb", "sphinx_design", "sphinxcontrib.bibtex", "fieldbook"]
root_doc = "index"
source_suffix = {".md": "myst-nb"}
include_patterns = ["index.md", "docs/**"]
exclude_patterns = ["**/.*", ".venv", "node_modules", "_build", ".git"]  # by name, or they are walked all the same
templates_path = ["_templates"]
nitpicky = True
suppress_warnings = [
    "bibtex.duplicate_citation",  # a source is listed on each page that cites it; the page's own list wins
    "bibtex.duplicate_label",  # the fieldbook extension gives letters to entries that read alike
    "bibtex.key_not_found",  # said by the fieldbook extension, with the nearest key
    "misc.highlighting_failure",  # said by the fieldbook extension, with the line in the code
    "myst.header",  # said by the fieldbook extension, also where the title is what is missing
    "myst.topmatter",  # said by the fieldbook extension, with the line
    "mystnb.exec",  # said by the fieldbook extension, with the cell's line
    "mystnb.nbcell",  # said by the fieldbook extension, with the remedy
    "toc.not_included",  # said by the fieldbook extension, with the remedy
]

# --- the fieldbook ---------------------------------------------------------------------------------------------------
fieldbook_areas = {
    "foundations": "What every later page leans on: gradients, tokens, probabilities, matrices.",
    "architectures": "How the networks are built, from attention to mixtures of experts.",
    "training": "From pre-training to preferences: how a model gets its knowledge and its manners.",
    "adaptation": "Making a trained model yours, or smaller, without training all of it.",
    "retrieval": "Finding the right text and putting it before the model.",
    "prompting": "Asking well, decoding well, and what the evidence says about both.",
    "agents": "Loops, tools, plans and votes around a model.",
    "evaluation": "Measures for ranking, answers and long contexts, and what each one hides.",
    "interpretability": "Reading features out of a model, and turning them up or down.",
    "serving": "Memory, batches, parallel machines: what an answer costs and why.",
}
fieldbook_repository = "https://github.com/llm-fieldbook/llm-fieldbook"
fieldbook_description = (
    "Concept pages about large language models in which everything that can run runs, and everything quoted is cited."
)

# --- MyST and notebooks ----------------------------------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 0  # a heading must not capture a link to a concept
nb_execution_mode = "cache"
nb_execution_timeout = 60
nb_merge_streams = True
nb_render_markdown_format = "myst"  # links of Markdown that a cell shows are links like any other
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"

# --- bibliography ----------------------------------------------------------------------------------------------------
bibtex_bibfiles = ["docs/references.bib"]
bibtex_default_style = "fieldbook"
bibtex_reference_style = "author_year"

# --- HTML ------------------------------------------------------------------------------------------------------------
html_theme = "furo"
html_title = project
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.svg"
html_baseurl = "https://llm-fieldbook.github.io/llm-fieldbook/"
html_static_path = ["_static"]
html_css_files = ["fieldbook.css"]
html_js_files = [("scrollable.js", {"defer": "defer"}), ("search.js", {"defer": "defer"})]
html_additional_pages = {"404": "404.html", "search": "search.html"}
html_math_renderer = "fieldbook"
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-dark"
html_theme_options = {  # every colour that differs between light and dark
    "light_css_variables": {
        "color-brand-primary": "#0b5c99",
        "color-brand-content": "#0b5c99",
        "color-brand-visited": "#6b3fa0",
        "color-foreground-primary": "#1b1f24",
        "color-foreground-secondary": "#4c535c",
        "color-foreground-muted": "#5c646e",
        "color-foreground-border": "#767e88",
        "color-background-secondary": "#f5f7f9",
        "color-background-hover": "#eaeef2",
        "color-background-border": "#dfe3e8",
        "color-code-background": "#f5f7f9",
        "color-link-underline": "var(--color-foreground-border)",
        "color-link-underline--visited": "var(--color-foreground-border)",
        "fb-warn": "#8a4b00",
        "fb-warn-paper": "#fff3e0",
        "fb-myth": "#7b2f6b",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc0f5",
        "color-brand-content": "#7cc0f5",
        "color-brand-visited": "#c4a2ee",
        "color-foreground-primary": "#d9dcdf",
        "color-foreground-secondary": "#a9b0b8",
        "color-foreground-muted": "#949ca5",
        "color-foreground-border": "#79818a",
        "color-background-secondary": "#1b1e21",
        "color-background-hover": "#24282c",
        "color-background-border": "#33383d",
        "color-code-background": "#1b1e21",
        "fb-warn": "#f2b45f",
        "fb-warn-paper": "#2a2013",
        "fb-myth": "#e6a3cf",
        # The series of figures; the light ones are PALETTE in fieldbook/svg.py.
        "fb-c0": "#7ebefe",
        "fb-c1": "#ed7424",
        "fb-c2": "#1f9478",
        "fb-c3": "#e290af",
        "fb-c4": "#fee496",
        "fb-c5": "#7f78c3",
    },
}

# --- external links --------------------------------------------------------------------------------------------------
linkcheck_anchors = False
