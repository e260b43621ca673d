"""One page of each type, as a reader meets it: wide and narrow, light and dark, from a server and from disk."""

from __future__ import annotations

import pytest

PAGES = {
    "home": "index.html",
    "area": "docs/foundations/index.html",
    "area without pages": "docs/agents/index.html",
    "concept with code": "docs/foundations/softmax.html",
    "concept with pictures": "docs/foundations/low-rank-approximation.html",
    "concept with tables": "docs/adaptation/quantization.html",
    "concept in prose": "docs/training/superficial-alignment.html",
    "notation": "docs/about/notation.html",
    "every construct": "docs/contributing/kitchen-sink.html",
    "search": "search.html?q=softmax",
}
each_page = pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())


@each_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_a_page_opens_without_faults_and_fits_the_window(visit, path, scheme, width):
    seen = visit(path, scheme=scheme, width=width)
    assert seen.page.locator("h1").count() == 1
    assert seen.faults == []
    assert seen.overflow() == 0


@each_page
def test_a_page_opens_from_disk(visit, site, path):
    seen = visit(path, base=f"{site.as_uri()}/")
    assert seen.page.locator("h1").count() == 1
    assert seen.faults == []


def luminance(colour: str) -> float:
    """Return a rough lightness, 0 to 1, of a colour as the browser computes it: rgb(r, g, b)."""
    red, green, blue = (int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def test_dark_and_light_differ_for_text_and_pictures(visit):
    def colours(scheme: str) -> tuple[float, float, float]:
        page = visit(PAGES["concept with pictures"], scheme=scheme).page
        style = "(node, name) => getComputedStyle(node)[name]"
        body = page.locator("body").evaluate(style, "backgroundColor")
        prose = page.locator("article p").first.evaluate(style, "color")
        ink = page.locator(".fb-figure svg text").first.evaluate(style, "fill")
        return luminance(body), luminance(prose), luminance(ink)

    paper, prose, ink = colours("light")
    assert paper > 0.9
    assert max(prose, ink) < 0.45
    paper, prose, ink = colours("dark")
    assert paper < 0.15
    assert min(prose, ink) > 0.6


def test_without_scripts_prose_formulas_figures_and_answers_can_be_read(visit):
    page = visit(PAGES["concept with pictures"], scripts=False).page
    assert page.get_by_role("heading", name="How it works").is_visible()
    assert page.locator(".fb-figure svg").first.is_visible()
    assert page.locator(".math").first.bounding_box()["height"] > 5
    card = page.locator("details.fb-card").first
    answer = card.locator(".fb-answer")
    assert not answer.is_visible()
    card.locator("summary").click()
    assert answer.is_visible()
    assert len(answer.inner_text().strip()) > 10


def test_a_card_opens_from_the_keyboard(visit):
    page = visit(PAGES["concept with code"]).page
    card = page.locator("details.fb-card").first
    card.locator("summary").focus()
    page.keyboard.press("Enter")
    assert card.locator(".fb-answer").is_visible()


def test_the_search_box_of_the_home_page_leads_to_results(visit):
    page = visit("index.html").page
    page.locator("article input[name=q]").fill("softmax")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=softmax")
    page.locator("#fb-results a", has_text="Softmax").first.wait_for()


@pytest.mark.parametrize("path", ["nowhere.html", "docs/foundations/nowhere/deeper.html"])
def test_a_missing_page_is_answered_with_ours_at_any_depth(visit, path):
    seen = visit(path)
    assert seen.page.get_by_role("heading", name="Page not found").is_visible()
    assert [fault for fault in seen.faults if "404" not in fault] == []
    seen.page.get_by_role("link", name="home page").click()
    assert seen.page.locator("h1").inner_text().startswith("LLM Fieldbook")


def test_every_concept_page_says_where_to_report_that_it_is_wrong(visit):
    link = visit(PAGES["concept in prose"]).page.get_by_role("link", name="This page is wrong")
    assert "docs/training/superficial-alignment.md" in link.get_attribute("href")


def test_what_is_wider_than_the_screen_takes_the_focus_and_nothing_else_does(visit):
    boxes = ".table-wrapper, .math-wrapper, .highlight pre"
    stops = "nodes => nodes.map(node => [node.scrollWidth > node.clientWidth, node.tabIndex === 0])"
    narrow = visit(PAGES["concept with code"], width=320).page.locator(boxes).evaluate_all(stops)
    assert any(wide for wide, _ in narrow)
    assert [stop for _, stop in narrow] == [wide for wide, _ in narrow]
