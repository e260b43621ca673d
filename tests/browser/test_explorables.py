"""An explorable as a reader meets it: dragged, by keys and by touch, from an address, on paper and without scripts."""

from __future__ import annotations

import gzip
import re

import pytest

PATH = "docs/foundations/temperature.html"
ANCHOR = "#explore-temperature-bands"


def opened(visit, fragment: str = "", **how):
    seen = visit(PATH + fragment, **how)
    return seen, seen.page.locator("[data-explore=temperature-bands]")


def state(figure) -> tuple[str, str, str, str]:
    """Return what the four places say: the slider, the value beside it, the point above the frame, the sentence."""
    slider = figure.get_by_role("slider")
    return (
        slider.get_attribute("aria-valuetext"),
        figure.locator("output").inner_text(),
        figure.locator(".fb-point").first.inner_text().removeprefix("temperature τ = "),
        re.search(r"τ = ([\d.]+) ", figure.locator(".fb-say p").first.inner_text())[1],
    )


def drag(page, figure, to: float) -> None:
    """Move the mouse with the button held from the slider's middle to a part of its width."""
    box = figure.get_by_role("slider").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * to, y, steps=8)
    page.mouse.up()


def test_dragging_moves_frame_sentence_and_address_and_reset_takes_all_back(visit):
    seen, figure = opened(visit)
    assert state(figure) == ("1",) * 4
    before = figure.locator(".fb-frame").inner_html()
    figure.scroll_into_view_if_needed()
    drag(seen.page, figure, 0.999)
    assert state(figure) == ("2",) * 4
    assert figure.locator(".fb-frame").inner_html() != before
    assert seen.page.evaluate("location.hash") == f"{ANCHOR}=tau:2"
    figure.get_by_role("button", name="Reset").click()
    assert state(figure) == ("1",) * 4
    assert figure.locator(".fb-frame").inner_html() == before
    assert seen.page.evaluate("location.hash") == ""
    assert seen.faults == []


def test_every_position_of_the_slider_shows_the_frame_that_the_build_drew(visit):
    _, figure = opened(visit)
    slider = figure.get_by_role("slider")
    drawn = figure.locator("template").evaluate(
        "node => [...node.content.children].map(frame => [frame.dataset.say, frame.innerHTML])"
    )
    slider.press("Home")
    seen = []
    for _ in drawn:
        seen.append([figure.locator(".fb-say p").first.inner_text(), figure.locator(".fb-frame").inner_html()])
        slider.press("ArrowRight")
    assert seen == drawn
    assert len({said for said, _ in drawn}) == len(drawn) > 30
    slider.press("ArrowRight")
    assert state(figure) == ("2",) * 4


def test_a_finger_moves_it(visit, browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address + PATH)
    figure = page.locator("[data-explore=temperature-bands]")
    figure.scroll_into_view_if_needed()
    box = figure.get_by_role("slider").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.98, box["y"] + box["height"] / 2)
    assert figure.get_by_role("slider").get_attribute("aria-valuetext") in ("1.95", "2")
    assert float(state(figure)[3]) > 1.9
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_nothing_else_moves_at_any_position(visit, width, scheme):
    seen, figure = opened(visit, width=width, scheme=scheme)
    slider = figure.get_by_role("slider")
    slider.press("Home")
    heights = set()
    for _ in range(35):
        box = figure.bounding_box()
        heights.add((round(box["height"], 1), round(slider.bounding_box()["width"], 1)))
        slider.press("ArrowRight")
    assert len(heights) == 1
    assert seen.overflow() == 0
    assert seen.faults == []
    bar = figure.locator(".fb-bars i").last.evaluate("node => getComputedStyle(node).backgroundColor")
    assert bar not in ("rgba(0, 0, 0, 0)", "transparent"), "the bars have no colour"


def test_two_parameters_move_one_frame(visit):
    seen = visit("docs/contributing/kitchen-sink.html#explore-kitchen-sink-gap=lead:5,among:10")
    figure = seen.page.locator("[data-explore=kitchen-sink-gap]")
    said = figure.locator(".fb-say p").first
    assert said.inner_text().startswith("A lead of 5 among 10 gives")
    figure.get_by_role("slider", name="tokens").press("ArrowRight")
    assert said.inner_text().startswith("A lead of 5 among 100 gives")
    figure.get_by_role("slider", name="lead").press("Home")
    assert said.inner_text() == "A lead of 0 among 100 gives the first 1.0%."
    assert seen.page.evaluate("location.hash") == "#explore-kitchen-sink-gap=lead:0,among:100"
    assert seen.faults == []


def test_motion_is_none(visit):
    _, figure = opened(visit)
    assert figure.evaluate("node => node.getAnimations({subtree: true}).length") == 0
    figure.get_by_role("slider").press("ArrowRight")
    assert figure.evaluate("node => node.getAnimations({subtree: true}).length") == 0


@pytest.mark.parametrize("from_disk", [False, True])
def test_an_address_brings_its_point(visit, site, from_disk):
    seen, figure = opened(visit, f"{ANCHOR}=tau:1.7", base=f"{site.as_uri()}/" if from_disk else None)
    assert state(figure) == ("1.7",) * 4
    assert figure.get_by_role("slider").evaluate("node => node.getBoundingClientRect().top < innerHeight")
    figure.get_by_role("slider").press("ArrowRight")
    assert seen.page.evaluate("location.hash") == f"{ANCHOR}=tau:1.75"
    seen.page.evaluate(f"location.hash = '{ANCHOR}=tau:0.3'")
    seen.page.wait_for_function("document.querySelector('[data-explore] output').value === '0.3'")
    assert state(figure) == ("0.3",) * 4
    assert seen.faults == []


@pytest.mark.parametrize("bad", ["tau:7", "rank:1", "", "tau", "tau:1,tau:2", "%E0%A4%A", "tau:1:2"])
def test_a_bad_address_is_the_default(visit, bad):
    seen, figure = opened(visit, f"{ANCHOR}={bad}")
    assert state(figure) == ("1",) * 4
    assert seen.faults == []


@pytest.mark.parametrize("anchor", ["#rules-of-thumb", ANCHOR])
def test_other_anchors_work_as_ever(visit, anchor):
    seen, figure = opened(visit, anchor)
    at_top = f"Math.abs(document.querySelector('{anchor}').getBoundingClientRect().top) < 200"
    seen.page.wait_for_function(at_top, timeout=5000)  # the theme scrolls smoothly
    assert state(figure) == ("1",) * 4
    assert seen.page.evaluate("location.hash") == anchor


def test_without_scripts_all_named_frames_are_read_and_no_control_is_dead(visit):
    _, figure = opened(visit, scripts=False)
    assert not figure.locator("input").is_visible()
    assert not figure.locator("button").is_visible()
    points = figure.locator(".fb-point")
    assert [points.nth(i).inner_text() for i in range(points.count())] == [
        f"temperature τ = {tau}" for tau in ("1", "0.7", "1.5", "2")
    ]
    assert all(points.nth(i).is_visible() for i in range(points.count()))
    assert figure.locator(".fb-bars:visible").count() == points.count()


def test_on_paper_all_named_frames_stand_and_no_controls(visit):
    seen, figure = opened(visit)
    assert figure.locator(".fb-bars:visible").count() == 1
    seen.page.emulate_media(media="print")
    assert figure.locator(".fb-bars:visible").count() == 4
    assert not figure.locator("input").is_visible()


def test_the_sentence_is_read_out_and_every_control_has_a_name(visit):
    _, figure = opened(visit)
    assert figure.locator(".fb-say p").first.get_attribute("aria-live") == "polite"
    assert figure.get_by_role("slider", name="temperature τ").count() == 1
    assert figure.get_by_role("button", name="Reset").count() == 1
    assert figure.locator("[aria-live] [aria-hidden], .fb-longest:not([aria-hidden])").count() == 0


def test_the_script_and_the_explorable_are_light_and_no_other_page_loads_the_script(site):
    page = (site / PATH).read_text(encoding="utf-8")
    figures = re.findall(r"<figure[^>]*data-explore.*?</figure>", page, re.DOTALL)
    assert figures
    assert all(len(gzip.compress(figure.encode())) <= 40_000 for figure in figures)
    assert len(gzip.compress((site / "_static/explore.js").read_bytes())) <= 12_000
    with_script = {path for path in site.rglob("*.html") if "explore.js" in path.read_text(encoding="utf-8")}
    with_explorable = {path for path in site.rglob("*.html") if "data-explore=" in path.read_text(encoding="utf-8")}
    assert with_script == with_explorable
