"""Explorables as a reader meets them: dragged, by keys and by touch, from an address, on paper and without scripts.

The tests at the end are of every explorable of the site. Those before, of the temperature's, say more of one.
"""

from __future__ import annotations

import gzip
import os
import re
from datetime import datetime

import pytest

from tests.explorables import each_explorable, placed

PATH = "docs/foundations/temperature.html"
ANCHOR = "#explore-temperature-bands"
FRAMES = "node => [...node.content.children].map(frame => [frame.dataset.say, frame.innerHTML])"
SHOWN = "node => [node.querySelector('.fb-say p').innerText, node.querySelector('.fb-frame').innerHTML]"
SIZES = """node => [node.getBoundingClientRect().height, node.querySelector('input').getBoundingClientRect().width]
  .map((size) => size.toFixed(1))"""


def opened(visit, fragment: str = "", **how):
    seen = visit(PATH + fragment, **how)
    return seen, seen.page.locator("[data-explore=temperature-bands]")


def state(figure) -> tuple[str, str, str, str]:
    """Return what the four places say: the slider, the value beside it, the point above the frame, the sentence."""
    slider = figure.get_by_role("slider")
    return (
        slider.get_attribute("aria-valuetext"),
        figure.locator("output").inner_text(),
        figure.locator(".fb-point").first.text_content().removeprefix("temperature τ = "),
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
    opening, figure = opened(visit)
    slider = figure.get_by_role("slider")
    drawn = figure.locator("template").evaluate(FRAMES)
    slider.press("Home")
    seen = []
    for _ in drawn:
        seen.append(figure.evaluate(SHOWN))
        opening.page.keyboard.press("ArrowRight")
    assert seen == drawn
    assert len({said for said, _ in drawn}) == len(drawn) > 30
    opening.page.keyboard.press("ArrowRight")
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
        heights.add(tuple(figure.evaluate(SIZES)))
        seen.page.keyboard.press("ArrowRight")
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
    assert figure.locator("button:visible").count() == 0
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


def test_the_script_and_the_explorables_are_light_and_no_other_page_loads_the_script(site):
    figures = [
        figure
        for path in {one.path for one in placed()}
        for figure in re.findall(
            r"<figure[^>]*data-explore.*?</figure>", (site / path).read_text(encoding="utf-8"), re.DOTALL
        )
    ]
    assert len(figures) == len(placed())
    assert max(len(gzip.compress(figure.encode())) for figure in figures) <= 40_000
    assert len(gzip.compress((site / "_static/explore.js").read_bytes())) <= 12_000
    with_script = {path for path in site.rglob("*.html") if "explore.js" in path.read_text(encoding="utf-8")}
    with_explorable = {path for path in site.rglob("*.html") if "data-explore=" in path.read_text(encoding="utf-8")}
    assert with_script == with_explorable


# --- playing ---------------------------------------------------------------------------------------------------------


def played(visit, fragment: str = "", **how):
    """Open the page with a clock of its own, that goes when it is told to."""
    seen, figure = opened(visit, fragment, **how)
    stand_still(seen.page)
    return seen, figure


def stand_still(page) -> None:
    """Open the page anew, with a clock that stands until it is told to go."""
    page.clock.install(time=datetime(2030, 1, 1))
    page.reload()
    page.clock.pause_at(datetime(2030, 1, 2))


def test_nothing_moves_before_play_is_pressed_and_then_all_values_follow(visit):
    seen, figure = played(visit, f"{ANCHOR}=tau:1.8")
    seen.page.clock.run_for(60_000)
    assert state(figure) == ("1.8",) * 4
    figure.get_by_role("button", name="Play").click()
    shown = []
    for _ in range(8):
        shown.append(state(figure)[0])
        seen.page.clock.run_for(200)
    assert list(dict.fromkeys(shown)) == ["1.8", "1.85", "1.9", "1.95", "2"]
    assert state(figure) == ("2",) * 4
    assert seen.page.evaluate("location.hash") == f"{ANCHOR}=tau:2"
    figure.get_by_role("button", name="Play").click()
    assert state(figure) == ("0.3",) * 4
    assert seen.faults == []


@pytest.mark.parametrize("how", ["Stop", "Reset", "key", "address"])
def test_whatever_else_the_reader_does_ends_the_play(visit, how):
    seen, figure = played(visit)
    figure.get_by_role("button", name="Play").click()
    seen.page.clock.run_for(450)
    assert figure.locator("[aria-live=off]").count() == 1
    if how == "key":
        figure.get_by_role("slider").press("Home")
    elif how == "address":
        seen.page.evaluate(f"location.hash = '{ANCHOR}=tau:0.5'")
        seen.page.wait_for_function("document.querySelector('[data-explore] output').value === '0.5'")
    else:
        figure.get_by_role("button", name=how).click()
    before = state(figure)
    assert before == ({"Stop": "1.1", "Reset": "1", "key": "0.3", "address": "0.5"}[how],) * 4
    seen.page.clock.run_for(5000)
    assert state(figure) == before
    assert figure.get_by_role("button", name="Play").count() == 1
    assert figure.locator("[aria-live=polite]").count() == 1


def test_play_moves_the_parameter_that_was_touched_last(visit):
    seen = visit("docs/contributing/kitchen-sink.html")
    stand_still(seen.page)
    figure = seen.page.locator("[data-explore=kitchen-sink-gap]")
    figure.get_by_role("slider", name="tokens").press("Home")
    figure.get_by_role("button", name="Play").click()
    seen.page.clock.run_for(5000)
    assert figure.locator("output").all_inner_texts() == ["1", "100"]


def test_with_reduced_motion_nothing_plays(visit):
    _, figure = opened(visit, reduced_motion="reduce")
    play = figure.locator("button[name=play]")
    assert not play.is_visible()
    play.evaluate("node => node.click()")
    assert play.text_content() == "Play"
    assert figure.get_by_role("button", name="Reset").is_visible()


# --- every explorable ------------------------------------------------------------------------------------------------

STANDS = """node => [
  [node.querySelector('.fb-say p').textContent, node.querySelector('.fb-frame').innerHTML],
  [...node.querySelectorAll('input')].map((slider) => slider.getAttribute('aria-valuetext')),
  [...node.querySelectorAll('output')].map((output) => output.innerText),
]"""
"""What stands in an explorable: sentence and frame, the text of each slider, the value beside it."""
AT_EACH_POINT = """(node, asked) => {
  const inputs = [...node.querySelectorAll('input')], sizes = inputs.map((input) => Number(input.max) + 1);
  const total = sizes.reduce((product, size) => product * size), found = [];
  for (let at = 0; at < total; at += 1) {
    let rest = at;
    for (let i = inputs.length - 1; i >= 0; i -= 1) {
      inputs[i].value = rest % sizes[i];
      rest = Math.floor(rest / sizes[i]);
    }
    inputs[0].dispatchEvent(new Event('input', {bubbles: true}));
    found.push(new Function('node', `return ${asked}`)(node));
  }
  return found;
}"""


def values_of(slider) -> list[str]:
    return slider.evaluate("node => JSON.parse(node.dataset.values)")


def default_of(explorable, figure) -> list[str]:
    """Return the value of each parameter to begin with."""
    sliders = figure.get_by_role("slider").all()
    return re.findall(r":([^,]+)", explorable.default) or [values_of(slider)[0] for slider in sliders]


@each_explorable
def test_keys_and_mouse_lead_to_every_frame_and_back(visit, explorable):
    seen = visit(explorable.path)
    figure = seen.page.locator(f"[data-explore={explorable.name}]")
    frames = figure.locator("template").evaluate(FRAMES)
    sliders = figure.get_by_role("slider").all()
    axes = [values_of(slider) for slider in sliders]
    start = default_of(explorable, figure)
    first = figure.evaluate(STANDS)
    assert first[0] in frames
    assert first[1:] == [start, start]
    for moved, slider in enumerate(sliders):
        slider.press("Home")
        for value in axes[moved]:
            at = [value if i == moved else start[i] for i in range(len(axes))]
            index = 0
            for values, one in zip(axes, at, strict=True):
                index = index * len(values) + values.index(one)
            assert figure.evaluate(STANDS) == [frames[index], at, at]
            seen.page.keyboard.press("ArrowRight")
        figure.get_by_role("button", name="Reset").click()
        assert figure.evaluate(STANDS) == first
        slider.scroll_into_view_if_needed()
        end = 0 if start[moved] == axes[moved][-1] else -1  # the end where it does not stand already
        box = slider.bounding_box()
        y = box["y"] + box["height"] / 2
        seen.page.mouse.move(box["x"] + box["width"] / 2, y)
        seen.page.mouse.down()
        seen.page.mouse.move(box["x"] + (box["width"] + 20 if end else -20), y, steps=4)
        seen.page.mouse.up()
        assert slider.get_attribute("aria-valuetext") == axes[moved][end]
        point = ",".join(
            f"{one.get_attribute('name')}:{axes[i][end] if i == moved else start[i]}" for i, one in enumerate(sliders)
        )
        assert seen.page.evaluate("decodeURIComponent(location.hash)") == f"{explorable.anchor}={point}"
        figure.get_by_role("button", name="Reset").click()
        assert seen.page.evaluate("location.hash") == ""
    assert seen.faults == []


VIEWS = {
    "wide": {"width": 1280},
    "wide and dark": {"width": 1280, "scheme": "dark"},
    "zoomed to 200 %": {"width": 640, "device_scale_factor": 2},
    "narrow": {"width": 320},
    "narrow and dark": {"width": 320, "scheme": "dark", "reduced_motion": "reduce"},
}


def views() -> list:
    """Return each explorable in one view, every view in turn; in all of them with FIELDBOOK_PAGES=all."""
    names = list(VIEWS)
    return [
        pytest.param(explorable, VIEWS[name], id=f"{explorable.name}, {name}")
        for number, explorable in enumerate(placed())
        for name in (names if os.environ.get("FIELDBOOK_PAGES") == "all" else names[number % len(names) :][:1])
    ]


HEIGHT_AND_OUTSIDE = """[
  node.getBoundingClientRect().height,
  [...node.querySelectorAll('*')].filter((one) => {
    const box = one.getBoundingClientRect(), room = document.documentElement.clientWidth;
    return box.width && !one.closest('svg') && (box.left < -0.5 || box.right > room + 0.5);
  }).length,
]"""


@pytest.mark.parametrize(("explorable", "view"), views())
def test_it_fits_keeps_its_place_and_shuts_nobody_out(visit, explorable, view):
    seen = visit(explorable.path, **view)
    figure = seen.page.locator(f"[data-explore={explorable.name}]")
    heights, outside = zip(*figure.evaluate(AT_EACH_POINT, HEIGHT_AND_OUTSIDE), strict=True)
    assert max(heights) - min(heights) < 0.5
    assert set(outside) == {0}
    assert seen.overflow() == 0
    assert figure.evaluate("node => node.getAnimations({subtree: true}).length") == 0
    assert seen.barriers() == []
    assert seen.faults == []


@each_explorable
def test_a_finger_drags_each_slider_and_the_way_to_the_top_is_not_before_it(visit, explorable):
    seen = visit(explorable.path, width=390, has_touch=True, is_mobile=True)
    page = seen.page
    figure = page.locator(f"[data-explore={explorable.name}]")
    touch = page.context.new_cdp_session(page)
    for slider in figure.get_by_role("slider").all():
        for down in range(40, 140, 20):  # scrolling up brings the button, just below the header
            for more in (-60, 0):
                slider.evaluate(PLACE_BELOW, down + more)
            page.wait_for_selector(".show-back-to-top .back-to-top")
            hit = """node => {
              const box = node.getBoundingClientRect(), header = document.querySelector('.mobile-header');
              const below = header.getBoundingClientRect().bottom, y = box.top + box.height / 2;
              return y < below || [0.02, 0.25, 0.5, 0.75, 0.98].every(
                (part) => document.elementFromPoint(box.left + part * box.width, y) === node);
            }"""
            assert slider.evaluate(hit)
        box = slider.bounding_box()
        assert box["width"] > 200
        y, left = box["y"] + box["height"] / 2, box["x"]
        slider.evaluate("node => { node.value = 0; node.dispatchEvent(new Event('input')); }")
        places = [left + 8, left + box["width"] / 2, left + box["width"] - 2]
        for kind, x in zip(("touchStart", "touchMove", "touchMove"), places, strict=True):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert slider.get_attribute("aria-valuetext") == values_of(slider)[-1]
    assert seen.faults == []


@each_explorable
def test_addresses_work_from_disk_and_bad_ones_are_the_default(visit, site, explorable):
    point = explorable.shown[-1]
    seen = visit(f"{explorable.path}{explorable.anchor}={point}", base=f"{site.as_uri()}/")
    figure = seen.page.locator(f"[data-explore={explorable.name}]")
    assert figure.locator("output").all_inner_texts() == re.findall(r":([^,]+)", point)
    name, start = point.partition(":")[0], default_of(explorable, figure)
    for bad in (f"{name}:none", "none:1", "", name, point + ",none:1", "%E0%A4%A", ",", "%00"):
        seen.page.evaluate("hash => { location.hash = hash; }", f"{explorable.anchor}={point}")
        seen.page.evaluate("hash => { location.hash = hash; }", f"{explorable.anchor}={bad}")
        seen.page.wait_for_timeout(20)
        assert figure.locator("output").all_inner_texts() == start, bad
    assert seen.faults == []


@each_explorable
def test_without_scripts_and_on_paper_every_named_frame_is_there_and_no_control(visit, explorable):
    plain, printed = visit(explorable.path, scripts=False), visit(explorable.path)
    printed.page.emulate_media(media="print")
    for seen in (plain, printed):
        figure = seen.page.locator(f"[data-explore={explorable.name}]")
        assert figure.locator(".fb-still:visible").count() == 1 + len(explorable.shown)
        assert figure.locator(".fb-point:visible").count() == 1 + len(explorable.shown)
        assert figure.locator("input:visible, button:visible").count() == 0
        sizes = figure.locator(".fb-still :is(svg, table, i)").evaluate_all(SIDES)
        assert min(sizes, default=1) >= 1
    assert plain.faults == printed.faults == []


SIDES = """nodes => nodes.map((node) => node.getBoundingClientRect())
  .flatMap((box) => [box.width, box.height])"""
PLACE_BELOW = """(node, down) => new Promise((resolve) => {
  scrollBy({top: node.getBoundingClientRect().top - down, behavior: 'instant'});
  requestAnimationFrame(() => setTimeout(resolve, 20));
})"""
LATENCY = """() => new Promise((resolve) => {
  const found = [];
  new PerformanceObserver((list) => found.push(...list.getEntries()))
    .observe({type: 'event', buffered: true, durationThreshold: 16});
  new PerformanceObserver((list) => {
    found.push(...list.getEntries());
    setTimeout(() => resolve(Math.max(...found.map((entry) => entry.duration))), 100);
  }).observe({type: 'first-input', buffered: true});
})"""


NEXT_FRAMES = "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"


@each_explorable
def test_the_first_interaction_is_painted_within_100_ms_on_a_machine_four_times_slower(visit, explorable):
    """Best of four; where other programs take the processor, four times what the key makes the page itself work.

    The second is the page's processor time without the throttle (whose waiting would count as work), less that of a
    key which does nothing: the second lowest of six, since noise in what is taken off can make one too low.
    """
    seen = visit(explorable.path)
    tools = seen.page.context.new_cdp_session(seen.page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def open_anew(throttle: int) -> None:
        tools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        if took:  # the first time it is as new as it can be
            seen.page.goto("about:blank")
            seen.page.goto(seen.home + explorable.path)
        seen.page.locator(f"[data-explore={explorable.name}]").get_by_role("slider").first.focus()
        seen.page.evaluate(NEXT_FRAMES)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": throttle})

    def work_of(key: str) -> float:
        """Return the milliseconds for which the page has the processor from this key to the second frame after it."""
        metrics = []
        for press in (False, True):
            if press:
                seen.page.keyboard.press(key)
                seen.page.evaluate(NEXT_FRAMES)
            metrics.append({one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]})
        return 1000 * (metrics[1]["TaskDuration"] - metrics[0]["TaskDuration"])

    took, worked = [], []
    while len(took) < 4 and not (took and min(took) <= 100):
        open_anew(4)
        seen.page.keyboard.press("ArrowRight")
        took.append(seen.page.evaluate(LATENCY))
    while min(took) > 100 and len(worked) < 6:
        open_anew(1)
        nothing = work_of("Shift")
        worked.append(4 * (work_of("ArrowRight") - nothing))
    assert min(took) <= 100 or sorted(worked)[1] <= 100, (took, worked)
