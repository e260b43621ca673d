"""Execution as part of the build: what is stale is run, what ran is handed to MyST-NB, what failed is said.

Before pages are read, every job whose result is not current (`fieldbook.results`) runs in the warm executor, a program
of its own. A page is read again when what it shows has changed, and only then. Outputs reach MyST-NB through the
jupyter-cache that it reads anyway: take this module away, and MyST-NB runs the same cells itself, slower.

``fieldbook_executor`` says who runs cells: ``warm``, ``stock`` (MyST-NB's kernels), or ``auto``: warm where processes
can be forked. ``nb_execution_timeout`` is how many seconds a page's code may take, under ``stock`` each of its cells.
Doctests always run here. Under ``stock`` the cache is named after all code, so it cannot go stale.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import create_nb_reader
from myst_nb.core.render import strip_ansi
from sphinx.errors import ExtensionError
from sphinx.util import logging

from fieldbook import executor, results
from fieldbook.build import code_digest
from fieldbook.cells import reason, rule_of
from fieldbook.domain import concepts
from fieldbook.faults import Fault, Rule, warn

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

logger = logging.getLogger("fieldbook")

FOLDER = Path("_build")
CODE = "code_examples"
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
SLOWEST = 5


def is_warm(app: Sphinx) -> bool:
    """Tell whether our executor runs the cells."""
    return app.config.fieldbook_executor == "warm" or (app.config.fieldbook_executor == "auto" and executor.can_fork())


def on_config_inited(app: Sphinx, config: Any) -> None:
    """Name the cache: ours is kept current page by page, the stock one is named after all code."""
    name = "warm" if is_warm(app) else code_digest(Path(app.srcdir))
    config.nb_execution_cache_path = str(Path(app.srcdir) / FOLDER / "cells" / name)
    if not is_warm(app) and config.fieldbook_executor == "auto":
        logger.info("This system does not fork: the cells run in Jupyter kernels, which takes longer.")


def on_env_get_outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Run what is stale; return the pages whose outputs have changed since they were read."""
    root = Path(app.srcdir)
    store = results.Store(root / FOLDER / "results")
    jobs = collect_jobs(env, root, with_cells=is_warm(app))
    digests = results.Digests(root)
    stale = [job for job in jobs.values() if not results.is_current(job, store.read(job["name"]), digests)]
    if store.damaged:
        print(f"Damaged results are thrown away and made again: {', '.join(sorted(store.damaged))}")
    run(root, store, stale, app.config.nb_execution_timeout)
    app.fieldbook_jobs = jobs  # type: ignore[attr-defined]
    app.fieldbook_results = {name: store.read(name) for name in jobs}  # type: ignore[attr-defined]
    report_slowest(app, {job["name"] for job in stale})
    read = concepts(env).data["shown"]
    return sorted(
        docname
        for docname in env.found_docs - removed
        if docname in jobs and read.get(docname) != results.shown(app.fieldbook_results[docname])  # type: ignore[attr-defined]
    )


def collect_jobs(env: BuildEnvironment, root: Path, *, with_cells: bool) -> dict[str, dict[str, Any]]:
    """Return every job of the project by name; sources are parsed again only where they changed."""
    known: dict[str, results.Runnable] = concepts(env).data["runnable"]
    shared = results.environment_digest(root)
    jobs = {}
    for docname in sorted(env.found_docs):
        try:
            text = Path(env.doc2path(docname)).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # `structure` says so
        code = known.get(docname)
        if code is None or code.digest != results.text_digest(text):
            code = known[docname] = results.runnable(text)
        job = results.page_job(docname, code if with_cells else replace(code, cells=()), shared)
        if job is not None:
            jobs[docname] = job
    for path in sorted((root / CODE).rglob("*.py")):
        job = results.module_job(path.relative_to(root).as_posix(), shared)
        jobs[job["name"]] = job
    return jobs


def run(root: Path, store: results.Store, jobs: list[dict[str, Any]], seconds: int) -> None:
    """Run jobs in the executor, each for at most so long, and wait until it has written their results."""
    if not jobs:
        return
    request = {
        "store": str(store.folder),
        "workers": os.cpu_count() or 1,
        "jobs": [{**job, "root": str(root), **executor.LIMITS, "seconds": seconds} for job in jobs],
    }
    process = executor.take(root)
    try:
        process.communicate(json.dumps(request))
    except KeyboardInterrupt:
        process.wait()  # it has had the same signal, and ends its jobs first
        raise
    if process.returncode:
        raise ExtensionError(f"the executor ended with code {process.returncode}; run the build again")


def report_slowest(app: Sphinx, ran: set[str]) -> None:
    """Say which pages took longest, where any ran."""
    seconds = sorted(
        ((result["seconds"], name) for name, result in app.fieldbook_results.items() if result and name in ran),  # type: ignore[attr-defined]
        reverse=True,
    )
    if seconds:
        slowest = ", ".join(f"{name} {taken:.1f} s" for taken, name in seconds[:SLOWEST])
        print(f"Ran {len(seconds)} pages and modules; the slowest: {slowest}")


def on_env_before_read_docs(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Put the outputs of the pages that will be read where MyST-NB looks for them."""
    if not is_warm(app):
        return
    folder = app.config.nb_execution_cache_path
    shutil.rmtree(folder, ignore_errors=True)  # it only carries: anew in each build, it cannot be spoilt or grow
    cache = get_cache(folder)
    for docname in docnames:
        result = app.fieldbook_results.get(docname)  # type: ignore[attr-defined]
        if result and app.fieldbook_jobs[docname]["cells"]:  # type: ignore[attr-defined]
            hand_over(app, docname, result, cache)


def hand_over(app: Sphinx, docname: str, result: dict[str, Any], cache: Any) -> None:
    """Store a page's outputs in the cache, in the notebook that MyST-NB makes of its source."""
    env = app.env
    path = env.doc2path(docname)
    text = Path(path).read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)  # type: ignore[attr-defined]
    if reader is None:
        return
    notebook = reader.read(text)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if len(cells) != len(app.fieldbook_jobs[docname]["cells"]):  # type: ignore[attr-defined]
        return  # a cell that MyST reads otherwise than we do: MyST-NB runs the page itself
    for count, cell in enumerate(cells, start=1):
        cell.execution_count = count
        outputs = result["outputs"][count - 1] if count <= len(result["outputs"]) else []
        cell.outputs = [nbformat.from_dict(output) for output in outputs]
    notebook.metadata["language_info"] = dict(LANGUAGE)
    bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": result["seconds"]})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def on_env_check_consistency(app: Sphinx, env: BuildEnvironment) -> None:
    """Say what failed: in every build, until it is mended."""
    faults = []
    for name, job in sorted(app.fieldbook_jobs.items()):  # type: ignore[attr-defined]
        result = app.fieldbook_results[name]  # type: ignore[attr-defined]
        if result is None:
            continue
        code = concepts(env).data["runnable"].get(name) if job["module"] is None else None
        faults += result_faults(job, result, code)
    warn(faults, app.srcdir)


def result_faults(job: dict[str, Any], result: dict[str, Any], code: results.Runnable | None) -> list[Fault]:
    """Return what a result says went wrong, at the lines that the source has now."""
    where = job["module"] or job["name"]
    faults = []
    stopped = result["stopped"]
    if stopped is not None and stopped["cell"] is not None and code is not None:
        message = f"cell fails: {_told(stopped['reason'], result['outputs'])}"
        faults.append(Fault(where, code.cells[stopped["cell"]].line, rule_of(stopped["reason"]), message))
    elif stopped is not None:
        message = f"the doctests do not end: {stopped['reason']}"
        faults.append(Fault(where, 0 if code else 1, Rule.DOCTEST, message))
    for fence, line, what in result["failures"]:
        at = line if code is None else code.fences[fence].line + line - 1
        faults.append(Fault(where, at, Rule.DOCTEST, f"doctest {what}; correct the code, or the result it shows"))
    return faults


def _told(why: str, outputs: list[list[dict[str, Any]]]) -> str:
    """Return why a cell stopped; an assertion without words is told by its line, which the traceback has."""
    errors = [output for output in (outputs or [[]])[-1] if output["output_type"] == "error"]
    if errors and why.startswith("AssertionError: ;"):
        why = why.replace("AssertionError: ", reason(strip_ansi("\n".join(errors[0]["traceback"]))), 1)
    return why


def on_doctree_read(app: Sphinx, doctree: Any) -> None:
    """Remember which outputs this page was read with."""
    result = app.fieldbook_results.get(app.env.docname)  # type: ignore[attr-defined]
    if app.env.docname in app.fieldbook_jobs:  # type: ignore[attr-defined]
        concepts(app.env).data["shown"][app.env.docname] = results.shown(result)


def setup_execution(app: Sphinx) -> None:
    """Register the setting and the handlers."""
    app.add_config_value("fieldbook_executor", "auto", "", types=frozenset({str}))
    app.connect("config-inited", on_config_inited, priority=1)
    app.connect("env-get-outdated", on_env_get_outdated)
    app.connect("env-before-read-docs", on_env_before_read_docs)
    app.connect("doctree-read", on_doctree_read)
    app.connect("env-check-consistency", on_env_check_consistency)
