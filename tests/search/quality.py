"""How well the search finds, beside others, in one run over the built site: `make search-quality`.

Both labelled sets (`labels.py`) are asked of

- ours, in Node and in Chromium, over a server and from disk; the run fails where they disagree;
- the searches of `controls.py`.

The controls index the concept pages and nothing else, and see of them all that a reader sees. What was found, how many
bytes a first query loads, and how long queries take goes to `rankings.json`, from which `docs/about/search.md` computes
what it says. A digest says which engine and which words were measured; a test refuses a report of others.
"""

from __future__ import annotations

import json
import os
from typing import Any

from tests.search import chromium, labels
from tests.search.controls import SITE, in_node, minisearch, pagefind, sphinx
from tests.search.cost import size, spread
from tests.search.labels import CUTOFF, RANKINGS, ROOT, SETS

SLOWED = 4
EVERY = 10
"""One of so many queries is typed in Chromium, letter by letter; in Node all are."""
LOADED = ("search/minisearch.js", "search/stemmer.js", "search/data.js", "search-engine.js")
"""What a page loads, of ``_static``, when its reader first goes to the search box."""


def disagreements(queries: list[str], one: list[list[str]], other: list[list[str]]) -> list[str]:
    """Return the queries for which two runs have different rankings.

    Examples
    --------
    >>> disagreements(["a", "b"], [["x"], ["y", "x"]], [["x"], ["x", "y"]])
    ['b: y, x against x, y']
    """
    return [
        f"{query}: {', '.join(left) or 'nothing'} against {', '.join(right) or 'nothing'}"
        for query, left, right in zip(queries, one, other, strict=True)
        if left != right
    ]


def ours(queries: list[str]) -> tuple[list[list[str]], dict[str, Any]]:
    """Return what our search finds, and its cost; refuse to report anything where Chromium finds something else."""
    node = in_node("ours.cjs", site=str(SITE), queries=queries, limit=CUTOFF, times=True)
    page = f"{labels.pages()['softmax']}.html"
    with chromium.served(SITE) as address:
        places = {"over a server": address + page, "from disk": (SITE / page).as_uri()}
        for where, place in places.items():
            if lost := disagreements(queries, node["rankings"], chromium.rankings(place, queries, CUTOFF)):
                raise SystemExit("\n".join([f"Node and Chromium {where} disagree on {len(lost)} queries:", *lost]))
        timed = {
            slowed: chromium.times(address + page, queries[::EVERY], chromium.SHOWN, slowed) for slowed in (1, SLOWED)
        }
    latency = {
        "query, Node": spread(node["queries"]),
        "keystroke, Node": spread(node["keystrokes"]),
        **{f"keystroke, Chromium at 1/{slowed}": spread(found["times"]) for slowed, found in timed.items()},
    }
    ready = {"Node": node["created"], **{f"Chromium at 1/{slowed}": found["ready"] for slowed, found in timed.items()}}
    cost = {
        "bytes": size(*((SITE / "_static" / name).read_bytes() for name in LOADED)),
        "latency": latency,
        "ready": {where: round(taken) for where, taken in ready.items()},
    }
    return node["rankings"], cost


def written(report: dict[str, Any]) -> str:
    """Return a report as JSON, one query a line.

    Examples
    --------
    >>> print(written({"digest": "0", "rankings": {"second": [{"q": "lora"}, {"q": "dora"}]}}), end="")
    {"digest": "0",
     "rankings": {
      "second": [
       {"q": "lora"},
       {"q": "dora"}]}}
    """
    sets = [
        f"  {json.dumps(name)}: [\n   " + ",\n   ".join(json.dumps(row, ensure_ascii=False) for row in rows) + "]"
        for name, rows in report["rankings"].items()
    ]
    rest = json.dumps({key: report[key] for key in report if key != "rankings"}, indent=1, sort_keys=True)
    rest = rest.removeprefix("{\n ").removesuffix("\n}")
    return "{" + rest + ',\n "rankings": {\n' + ",\n".join(sets) + "}}\n"


def main() -> None:
    """Measure everything and write the report."""
    if not (SITE / "_static" / "search" / "data.js").exists():
        raise SystemExit("The site is not built: run 'make html' first.")
    sets = {name: labels.queries(name) for name in SETS}
    queries = [query.text for name in SETS for query in sets[name]]
    found, cost = {}, {}
    for name, engine in ENGINES.items():
        print(f"{name} …", flush=True)
        found[name], cost[name] = engine(queries)
    place = {text: number for number, text in enumerate(queries)}
    rankings = {
        name: [
            {"q": query.text, **{engine: " ".join(found[engine][place[query.text]]) for engine in ENGINES}}
            for query in sets[name]
        ]
        for name in SETS
    }
    report = {"cost": cost, "digest": labels.digest(), "processors": os.cpu_count(), "rankings": rankings}
    if RANKINGS.exists():
        report["scale"] = json.loads(RANKINGS.read_text(encoding="utf-8")).get("scale", {})  # see `search_scale`
    RANKINGS.write_text(written(report), encoding="utf-8")
    print(f"Written to {RANKINGS.relative_to(ROOT)}.")


ENGINES = {"ours": ours, "sphinx": sphinx, "pagefind": pagefind, "minisearch": minisearch}


if __name__ == "__main__":
    main()
