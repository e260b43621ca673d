"""The search as a reader meets it: by mouse, by keys, by ear, narrow, from disk, without scripts, and when it fails."""

from __future__ import annotations

from urllib.parse import quote

import pytest

CONCEPT = "docs/foundations/softmax.html"
BAD = {  # what else stands in it may be most of it, so that nothing is found
    "markup": "<img src=x onerror=window.hurt=1><script>window.hurt=1</script>softmax",
    "pattern": "soft(max|min)[.*+?^${}\\",
    "five thousand letters": "softmax " * 625,
    "emoji": "🤗 softmax 🦙🧨",
    "right to left": "مرحبا softmax שלום \u202e",
    "names of a prototype": "__proto__ constructor toString softmax",
    "control characters": "soft\u0000max \u0007 softmax",
}


def settled(page, box) -> None:
    """Wait until the list under a box shows the answer to what stands in it."""
    panel = box.locator("xpath=ancestor::form").locator(".fb-panel")
    panel.wait_for()
    page.wait_for_function("panel => !panel.hidden && panel.querySelector('[role=option]')", arg=panel.element_handle())


def asked(page, query: str, box: str = ".sidebar-search"):
    """Type a query into a box and return the locator of the box."""
    found = page.locator(box)
    found.click()
    found.fill(query)
    settled(page, found)
    return found


def titles(page) -> list[str]:
    return page.locator(".fb-panel:not([hidden]) a .fb-hit-title").all_inner_texts()


def test_nothing_of_it_is_loaded_before_the_reader_goes_to_a_box(visit):
    page = visit(CONCEPT).page
    loaded = "performance.getEntriesByType('resource').map(entry => entry.name.split('/_static/')[1])"
    parts = {"search/minisearch.js", "search/stemmer.js", "search/data.js", "search-engine.js"}
    assert parts.isdisjoint(page.evaluate(loaded))
    asked(page, "softmax")
    assert parts <= set(page.evaluate(loaded))


@pytest.mark.parametrize(("path", "box"), [(CONCEPT, ".sidebar-search"), ("index.html", "article input[name=q]")])
def test_results_come_while_typing_with_area_summary_and_marked_words(visit, path, box):
    page = visit(path).page
    asked(page, "quantization", box)
    first = page.locator(".fb-panel:not([hidden]) [role=option]").first
    assert titles(page)[0] == "Quantization"
    assert first.locator(".fb-hit-area").inner_text() == "Adaptation"
    assert len(first.locator(".fb-hit-summary").inner_text()) > 40
    assert first.locator("mark").first.inner_text() == "Quantization"
    assert first.get_attribute("href").endswith("/docs/adaptation/quantization.html")


def test_a_section_of_the_page_is_offered_and_leads_there(visit):
    page = visit(CONCEPT).page
    asked(page, "subtract the largest logit first overflow")
    group = page.get_by_role("group", name="Softmax", exact=True)
    link = group.locator("a:has(.fb-hit-section)")
    anchor = link.get_attribute("href").split("#")[1]
    link.click()
    page.wait_for_url(f"**/softmax.html#{anchor}")
    assert page.locator(f"[id='{anchor}']").count() == 1


def test_it_is_worked_from_the_keyboard_alone(visit):
    page = visit(CONCEPT).page
    box = asked(page, "lora")
    options = page.get_by_role("option")
    chosen = "document.querySelector('[role=option][aria-selected=true]')?.id ?? null"
    assert box.get_attribute("aria-expanded") == "true"
    assert page.evaluate(chosen) is None
    page.keyboard.press("ArrowDown")
    assert page.evaluate(chosen) == options.nth(0).get_attribute("id") == box.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(chosen) is None
    page.keyboard.press("ArrowUp")
    assert page.evaluate(chosen) == options.last.get_attribute("id")
    page.keyboard.press("Escape")
    assert page.locator(".fb-panel:visible").count() == 0
    assert box.get_attribute("aria-expanded") == "false"
    assert box.input_value() == "lora"
    page.keyboard.press("ArrowDown")
    settled(page, box)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/docs/adaptation/lora.html")


def test_control_and_enter_open_a_new_tab_and_enter_alone_the_page_of_results(visit):
    page = visit(CONCEPT).page
    box = asked(page, "dpo")
    page.keyboard.press("ArrowDown")
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Enter")
    assert opened.value.url.endswith("/docs/training/dpo.html")
    assert page.url.endswith(CONCEPT)
    page.keyboard.press("ArrowUp")
    box.press("Enter")
    page.wait_for_url("**/search.html?q=dpo")


@pytest.mark.parametrize("key", ["/", "Control+k", "Meta+k"])
def test_a_key_opens_it_over_any_page_and_escape_closes_it_in_two_steps(visit, key):
    page = visit(CONCEPT).page
    page.locator(".fb-meta a").first.focus()
    page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name="Search")
    assert dialog.get_by_role("combobox").evaluate("node => node === document.activeElement")
    page.keyboard.type("nucleus")
    settled(page, dialog.get_by_role("combobox"))
    assert "Nucleus" in titles(page)[0] or "top-p" in titles(page)[0].lower()
    page.keyboard.press("Escape")
    assert dialog.is_visible()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.locator(".fb-meta a").first.evaluate("node => node === document.activeElement")


def test_a_slash_that_is_typed_into_a_box_is_a_slash(visit):
    page = visit(CONCEPT).page
    page.locator(".sidebar-search").click()
    page.keyboard.type("w/o")
    assert page.locator(".sidebar-search").input_value() == "w/o"
    assert page.locator("dialog").count() == 0


def test_a_comparison_shows_the_page_that_compares_and_both_sides(visit):
    page = visit(CONCEPT).page
    asked(page, "dpo vs ppo")
    wanted = {"Choosing an alignment method", "Direct preference optimization", "Proximal policy optimization"}
    assert set(titles(page)[:3]) == wanted
    assert "Both sides" in page.locator(".fb-panel:not([hidden]) .fb-status").inner_text()


def test_a_misspelt_word_is_said_and_an_empty_answer_is_honest(visit):
    page = visit(CONCEPT).page
    asked(page, "quantizaiton")
    said = page.locator(".fb-panel:not([hidden]) [role=status]")
    assert "“quantizaiton” was read as “quantization”" in said.inner_text()
    asked(page, "zxqv wvvk")
    assert said.inner_text().startswith("Nothing here is about “zxqv wvvk”.")
    labels = page.locator(".fb-panel:not([hidden]) .fb-hit-more").all_inner_texts()
    assert {"Retrieval", "Serving", "Every concept, A to Z"} <= set(labels)
    assert page.evaluate("fieldbook.search('zxqv wvvk')") == []


@pytest.mark.parametrize("query", ["softmax 🤗🧨", "SOFTMAX!", "ｓｏｆｔｍａｘ", "soft-max", "softmax " * 625])
def test_what_surrounds_a_name_does_not_hide_it(visit, query):
    found = visit(CONCEPT).page.evaluate("query => fieldbook.search(query)", query)
    assert found[0]["slug"] == "softmax"


@pytest.mark.parametrize("query", BAD.values(), ids=BAD.keys())
def test_whatever_is_asked_is_text_and_finds_or_says_so(visit, query):
    seen = visit(CONCEPT)
    asked(seen.page, query)
    found = seen.page.evaluate("query => fieldbook.search(query)", query)
    assert all(result["score"] > 0 for result in found)
    seen.page.goto(f"{seen.home}search.html?q={quote(query[:1500])}")
    seen.page.locator("#fb-results [role=status]:not(:text('Loading'))").wait_for()
    assert seen.page.evaluate("window.hurt") is None
    assert seen.page.locator("#fb-results img, .fb-panel img").count() == 0
    assert seen.faults == []
    assert seen.overflow() == 0


@pytest.mark.parametrize("query", ["", "   ", "k", "?", "the"])
def test_what_asks_for_next_to_nothing_gets_nothing_or_an_answer_but_no_fault(visit, query):
    seen = visit(CONCEPT)
    seen.page.locator(".sidebar-search").fill(query)
    found = seen.page.evaluate("query => fieldbook.search(query)", query)
    assert found == [] or query == "k"
    assert seen.page.evaluate("fieldbook.search()") == seen.page.evaluate("fieldbook.search(null)") == []
    if query.strip():
        settled(seen.page, seen.page.locator(".sidebar-search"))
    assert seen.page.locator(".fb-panel:visible").count() == bool(query.strip())
    assert seen.faults == []


def test_a_title_that_holds_markup_is_text(visit):
    seen = visit(CONCEPT)
    evil = "<img src=x onerror=window.hurt=1>softmax"

    def spoil(route):
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace('"Softmax"', f'"{evil}"'))

    seen.page.route("**/search/data.js", spoil)
    asked(seen.page, "softmax")
    assert evil in titles(seen.page)
    assert seen.page.evaluate("window.hurt") is None


@pytest.mark.parametrize("part", ["search/data.js", "search/minisearch.js", "search-engine.js"])
@pytest.mark.parametrize("how", ["missing", "cut short"])
def test_what_is_missing_or_damaged_is_said_and_tried_again(visit, part, how):
    seen = visit(CONCEPT)
    page = seen.page

    def damage(route):
        if how == "missing":
            route.abort()
        else:
            response = route.fetch()
            route.fulfill(response=response, body=response.text()[: len(response.text()) // 2])

    page.route(f"**/_static/{part}*", damage)
    box = asked(page, "softmax")
    said = page.locator(".fb-panel:not([hidden]) [role=status]")
    assert said.inner_text().startswith("The search could not be loaded.")
    assert page.get_by_role("option", name="Every concept, A to Z").count() == 1
    page.unroute(f"**/_static/{part}*")
    box.press("Enter")
    page.locator(".fb-panel:not([hidden]) a .fb-hit-title").first.wait_for()
    assert titles(page)[0] == "Softmax"
    assert page.url.endswith(CONCEPT)


def test_fifty_keys_a_second_leave_the_last_answer(visit):
    seen = visit(CONCEPT)
    asked(seen.page, "a")
    seen.page.evaluate(
        """async () => {
          const box = document.querySelector('.sidebar-search');
          const type = (text) => { box.value = text; box.dispatchEvent(new Event('input', {bubbles: true})); };
          const texts = ['retrieval augmented generation', 'mixture of experts', 'gradient descent'];
          for (let i = 0; i < 150; i++) {
            const text = texts[Math.floor(i / 50)];
            type(text.slice(0, 1 + i % 50));
            await new Promise((go) => setTimeout(go, 20));
          }
          type('chain of thought');
        }"""
    )
    seen.page.locator(".fb-panel:not([hidden]) a", has_text="Chain of thought").first.wait_for()
    assert titles(seen.page)[0].startswith("Chain of thought")
    assert seen.page.locator(".fb-panel:visible").count() == 1
    assert seen.faults == []


def test_it_needs_no_storage(visit):
    seen = visit("index.html")
    seen.page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });"
    )
    seen.page.goto(f"{seen.home}search.html?q=kv+cache")
    assert seen.page.locator("#fb-results .fb-hit-title").first.inner_text() == "KV cache"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_open_it_fits_and_shuts_nobody_out(visit, scheme, width):
    seen = visit(CONCEPT, width=width, scheme=scheme)
    seen.page.keyboard.press("/")
    asked(seen.page, "embedding search with vectors", "dialog input")
    dialog = seen.page.locator("dialog").bounding_box()
    assert dialog["x"] >= 0
    assert dialog["x"] + dialog["width"] <= width
    assert seen.overflow() == 0
    assert seen.barriers() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_under_the_sidebar_shuts_nobody_out(visit, scheme):
    seen = visit(CONCEPT, scheme=scheme)
    asked(seen.page, "attention")
    seen.page.keyboard.press("ArrowDown")
    assert seen.barriers() == []


def test_narrow_a_button_opens_it(visit):
    page = visit(CONCEPT, width=320).page
    page.get_by_role("button", name="Search", exact=True).click()
    asked(page, "rag", "dialog input")
    assert "RAG" in " ".join(titles(page)) or "etrieval" in titles(page)[0]


def test_the_page_of_results_can_be_linked_and_works_from_disk(visit, site):
    seen = visit("search.html?q=low%20rank%20adapters", base=f"{site.as_uri()}/")
    first = seen.page.locator("#fb-results li a").first
    first.wait_for()
    assert seen.page.title().startswith("“low rank adapters”")
    assert seen.page.locator("article input[name=q]").input_value() == "low rank adapters"
    first.click()
    seen.page.wait_for_url("file://**/docs/adaptation/*.html")
    assert seen.faults == []


def test_without_scripts_the_page_of_results_offers_every_concept_and_name(visit):
    page = visit("search.html?q=softargmax", scripts=False).page
    row = page.locator("noscript li, article li", has_text="softargmax").first
    assert row.inner_text() == "softargmax: Softmax"
    row.locator("a").click()
    page.wait_for_url("**/docs/foundations/softmax.html")


def test_the_index_names_every_title_and_alias(visit):
    page = visit("docs/about/a-to-z.html").page
    rows = set(page.locator(".fb-index li").all_inner_texts())
    assert {"Softmax", "softargmax: Softmax", "DPOTrainer: Direct preference optimization"} <= rows
    page.locator(".fb-letters a", has_text="Q").click()
    assert page.url.endswith("#letter-Q")


def test_the_public_entry_gives_pages_with_addresses_that_open(visit):
    page = visit("docs/training/dpo.html").page
    found = page.evaluate("fieldbook.search('bm25', {limit: 3})")
    assert len(found) == 3
    assert set(found[0]) == {"slug", "title", "url", "section", "score"}
    assert found[0]["slug"] == "sparse-retrieval"
    assert [result["score"] for result in found] == sorted((result["score"] for result in found), reverse=True)
    assert page.request.get(found[0]["url"]).ok
